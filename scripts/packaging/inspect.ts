/**
 * Reads a finished portable file back: where its parts lie, and what is inside them.
 *
 * Used by the size gate and by the end-to-end tests, so that both judge the file that is handed out and not
 * what the build believed. It runs nothing that is inside.
 */
import { gunzipSync } from "node:zlib";

/** What lies inside a portable file. */
export interface PortableParts {
  readonly downloadBytes: number;
  /** The runtime executable. */
  readonly runtime: Uint8Array;
  /** Names and sizes of the program's files. */
  readonly program: ReadonlyMap<string, number>;
  /** Runtime and program together, as they lie in the cache directory. */
  readonly unpackedBytes: number;
  readonly programBytes: number;
}

/** Takes a portable file apart. @throws Error when it is not one, or damaged. */
export async function inspectPortable(path: string): Promise<PortableParts> {
  const file = await Deno.readFile(path);
  const head = new TextDecoder().decode(file.subarray(0, 16_384));
  const part = (name: string) => {
    const match = new RegExp(`unpack "\\$1" "\\$${name}" (\\d+) (\\d+)`).exec(head);
    if (match === null) throw new Error(`${path} is no portable file: its stub has no "${name}"`);
    const start = Number(match[1]) - 1;
    return tarEntries(gunzipSync(file.subarray(start, start + Number(match[2]))));
  };
  const runtime = part("r").get("deno");
  if (runtime === undefined) throw new Error(`${path} holds no runtime`);
  const program = new Map([...part("p")].map(([name, data]) => [name, data.length]));
  const programBytes = [...program.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    downloadBytes: file.length,
    runtime,
    program,
    programBytes,
    unpackedBytes: runtime.length + programBytes,
  };
}

/** Files of a tar archive by path. Only plain files, as the build writes them. */
export function tarEntries(archive: Uint8Array): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  const text = (at: number, length: number) =>
    new TextDecoder().decode(archive.subarray(at, at + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const bytes = parseInt(text(at + 124, 12), 8);
    entries.set(text(at, 100), archive.subarray(at + 512, at + 512 + bytes));
    at += 512 + Math.ceil(bytes / 512) * 512;
  }
  return entries;
}
