/**
 * Flips one bit of a manager's log or snapshot, in a part that was written.
 *
 * Knows only where log files and snapshots lie, and that their names sort from old to new.
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

/** The files of one kind below a data directory, oldest first. */
export async function filesOf(dir: string, kind: "log" | "snapshot"): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(`${dir}/data/log`)) {
    if (name.endsWith(`.${kind}`)) found.push(`${dir}/data/log/${name}`);
  }
  return found.sort();
}

/** Flips a bit; undefined when there is no such file. */
export async function flipBit(
  dir: string,
  kind: Kind,
  prng: Prng,
): Promise<FlippedFile | undefined> {
  const files = await filesOf(dir, kind === "snapshot" ? "snapshot" : "log");
  const path = kind === "oldest log" ? files[0] : files.at(-1);
  if (path === undefined) return undefined;
  const bytes = await Deno.readFile(path);
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  if (used === 0) return undefined;
  const offset = prng.below(used);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << prng.below(8));
  await Deno.writeFile(path, bytes);
  return { path, offset };
}
