/**
 * Reads files that the command line or a manifest names. Used by the verbs that take `-f`, `--env-file`
 * and `--from-file`.
 *
 * Invariant: never more than the bound is held, also of devices and pipes, which do not know their size.
 */
import { formatBytes, WarrenError } from "../lib/mod.ts";
import { quoted } from "./parse/usage.ts";

/** A file's bytes, or why there are none, as the end of a sentence. */
export type ReadOutcome =
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly message: string };

/** Reads all of `path` unless it has more than `maxBytes`. */
export async function tryReadFile(path: string, maxBytes: number): Promise<ReadOutcome> {
  try {
    using file = await Deno.open(path);
    const bytes = await readUpTo(file, maxBytes + 1);
    if (bytes.length <= maxBytes) return { kind: "read", bytes };
    return { kind: "failed", message: `it is larger than ${formatBytes(maxBytes)}` };
  } catch (error) {
    return { kind: "failed", message: whyUnreadable(error) };
  }
}

/** Reads the file that `flag` names. @throws WarrenError USAGE when it cannot be read. */
export async function readFlagFile(
  flag: string,
  path: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const found = await tryReadFile(path, maxBytes);
  if (found.kind === "read") return found.bytes;
  throw unreadable(`--${flag} ${quoted(path)}`, found.message);
}

/** The error for a file that cannot be read. */
export function unreadable(what: string, why: string): WarrenError {
  const hint = "check the path, and that you may read it";
  return new WarrenError("USAGE", `Cannot read ${what}: ${why}`, { hint });
}

/** Why a file could not be opened or read, as the end of a sentence. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "you may not read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}

async function readUpTo(file: Deno.FsFile, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < maxBytes) {
    const part = new Uint8Array(Math.min(64 * 1024, maxBytes - size));
    const count = await file.read(part);
    if (count === null) break;
    parts.push(part.subarray(0, count));
    size += count;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
