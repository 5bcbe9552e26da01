/**
 * Flips one bit of a manager's log or snapshot, in a part that was written.
 *
 * Knows only that log files and snapshots lie below the data directory and sort by name from old to
 * new.
 */
import type { Prng } from "../../src/lib/mod.ts";

/** Which file. */
export type Kind = "oldest log" | "newest log" | "snapshot";

/** All of them, in the order in which they are tried. */
export const KINDS: readonly Kind[] = ["oldest log", "newest log", "snapshot"];

/** Where a bit was flipped. */
export interface FlippedFile {
  readonly path: string;
  readonly offset: number;
}

const LOG_FILE = /\/(?:log|segment|wal)[^/]*$|\.(?:log|seg|segment)$/;
const SNAPSHOT_FILE = /\/(?:snap|snapshot|state)[^/]*$|\.snap(?:shot)?$/;

/** Flips a bit; undefined when there is no such file. */
export async function flipBit(
  dir: string,
  kind: Kind,
  prng: Prng,
): Promise<FlippedFile | undefined> {
  const files = (await filesBelow(`${dir}/data`)).sort();
  const logs = files.filter((path) => LOG_FILE.test(path));
  const snapshots = files.filter((path) => SNAPSHOT_FILE.test(path));
  const path =
    { "oldest log": logs[0], "newest log": logs.at(-1), "snapshot": snapshots.at(-1) }[kind];
  if (path === undefined) return undefined;
  const bytes = await Deno.readFile(path);
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  if (used === 0) return undefined;
  const offset = prng.below(used);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << prng.below(8));
  await Deno.writeFile(path, bytes);
  return { path, offset };
}

async function filesBelow(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
    const path = `${dir}/${name}`;
    if (isDirectory) found.push(...await filesBelow(path));
    else if (isFile) found.push(path);
  }
  return found;
}
