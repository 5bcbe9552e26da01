/**
 * A file system of its own for one manager, small enough to fill: an image file behind a loop device.
 *
 * Needs root and a mount namespace of its own. Unmounted and removed with its owner.
 */
import { TaskGroup } from "../../src/lib/mod.ts";
import { onInterrupt } from "./interrupts.ts";

const CHUNK_BYTES = 1_048_576;
/** What others free is taken again so soon. */
const REFILL_MS = 100;

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

/** Fills the file system of `dir` to its last byte and keeps it full until disposed. */
export function keepFull(dir: string): AsyncDisposable {
  const path = `${dir}/ballast`;
  const failures: string[] = [];
  const tasks = new TaskGroup((_, error) => void failures.push(String(error)));
  tasks.run("ballast", async (signal) => {
    using file = await Deno.open(path, { write: true, create: true });
    while (!signal.aborted) {
      await fill(file);
      await new Promise((resolve) => setTimeout(resolve, REFILL_MS));
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      await tasks.stop();
      await Deno.remove(path);
      if (failures.length > 0) throw new Error(`the disk was not kept full: ${failures.join()}`);
    },
  };
}

/** Writes zeros until not one byte more fits. */
async function fill(file: Deno.FsFile): Promise<void> {
  for (let bytes = CHUNK_BYTES; bytes >= 1;) {
    try {
      const written = await file.write(new Uint8Array(bytes));
      if (written < bytes) bytes = Math.floor(bytes / 2);
    } catch (error) {
      if (!/os error 28/.test(String(error))) throw error; // no space left
      bytes = Math.floor(bytes / 2);
    }
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (success) return;
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
