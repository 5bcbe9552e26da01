/**
 * Images by the names that documentation uses, made on the spot from examples/hello, so that its commands
 * run without a registry. An image that the engine has already is used and kept.
 */
import { docker } from "../docker.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const HELLO = "warren-hello:1";

/** A page's images; disposal takes away what was made. */
export class DocImages implements AsyncDisposable {
  readonly #made: string[] = [];

  /** Makes the hello image, and web servers on port 80 under `names`. */
  static async make(names: readonly string[]): Promise<DocImages> {
    const images = new DocImages();
    await images.#makeHello();
    for (const name of names) {
      if (await isThere(name)) continue;
      const container = await docker("create", HELLO);
      await docker("commit", "--change", "ENV PORT=80", container, name);
      await docker("rm", container);
      images.#made.push(name);
    }
    return images;
  }

  async #makeHello(): Promise<void> {
    if (!await isThere(HELLO)) this.#made.unshift(HELLO);
    const script = `${ROOT}examples/hello/build-image.sh`;
    const { success, stderr } = await new Deno.Command(script, { args: [HELLO] }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#made.toReversed()) await docker("image", "rm", name);
  }
}

async function isThere(name: string): Promise<boolean> {
  return await docker("image", "ls", "-q", name) !== "";
}
