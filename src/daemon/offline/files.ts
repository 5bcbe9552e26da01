/** The few operations on directories that offline work needs. */
import { dirname } from "node:path";

/** Whether there is anything at `path`. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Names in the directory `path`, sorted; null when there is none. */
export async function maybeList(path: string): Promise<readonly string[] | null> {
  try {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(path)) names.push(name);
    return names.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Removes `path` and everything in it, if it is there. */
export async function removeAll(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Gives `from` the name `to` in the same directory, durably. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await Deno.rename(from, to);
  await syncDir(dirname(to));
}

/** Makes creations, renames and removals in a directory durable. */
export async function syncDir(path: string): Promise<void> {
  using dir = await Deno.open(path);
  await dir.sync();
}
