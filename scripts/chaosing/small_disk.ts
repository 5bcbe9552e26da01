/**
 * A file system of its own for one manager, small enough to fill: an image file behind a loop device.
 *
 * Needs root and a mount namespace of its own. Unmounted and removed with its owner.
 */
import { onInterrupt } from "./interrupts.ts";

const CHUNK_BYTES = 1_048_576;

/** Mounts an ext4 of `sizeMib` on the empty directory `dir`. */
export async function mountSmallDisk(dir: string, sizeMib: number): Promise<AsyncDisposable> {
  const image = `${dir}.img`;
  await Deno.writeFile(image, new Uint8Array());
  await Deno.truncate(image, sizeMib * 1_048_576);
  await run("mkfs.ext4", ["-q", "-m", "0", image]);
  await run("mount", ["-o", "loop", image, dir]);
  const unmount = () => void new Deno.Command("umount", { args: ["-l", dir] }).outputSync();
  const forget = onInterrupt(unmount);
  return {
    async [Symbol.asyncDispose]() {
      forget();
      unmount();
      await Deno.remove(image);
    },
  };
}

/** Fills the file system of `dir` to its last byte; the answer makes room again. */
export async function fillDisk(dir: string): Promise<() => Promise<void>> {
  const path = `${dir}/ballast`;
  using file = await Deno.open(path, { write: true, create: true });
  for (let bytes = CHUNK_BYTES; bytes >= 1;) {
    try {
      const written = await file.write(new Uint8Array(bytes));
      if (written < bytes) bytes = Math.floor(bytes / 2);
    } catch (error) {
      if (!/os error 28/.test(String(error))) throw error;
      bytes = Math.floor(bytes / 2);
    }
  }
  return () => Deno.remove(path);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (success) return;
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
