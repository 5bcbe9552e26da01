/**
 * The small text file `start`: how often this directory was opened, and whether the member is in
 * doubt. Replaced whole, so a crash leaves the old or the new.
 *
 * Why not records of the log: the doubt must be durable before the damaged end is cut, or a crash in
 * between would forget it, and then nothing may be appended to the log yet.
 */
import { crc32 } from "node:zlib";
import { type Fs, readFile, type ReadFs, replaceFile } from "./fs.ts";
import { corruptAt } from "./segment.ts";

/** What the file says. */
export interface StartRecord {
  readonly incarnation: number;
  readonly isInDoubt: boolean;
  /** A log was made: from then on its absence is a loss. */
  readonly hasLog: boolean;
}

const NAME = "start";
const PATTERN =
  /^warren raft start 1\nincarnation ([1-9]\d{0,15})\nin doubt (yes|no)\nlog (yes|no)\n$/;

/** Reads the record; null when there is none. @throws WarrenError DATA_CORRUPT */
export function readStart(fs: ReadFs, dir: string): StartRecord | null {
  if (!fs.list(dir).includes(NAME)) return null;
  const path = `${dir}/${NAME}`;
  const text = new TextDecoder().decode(readFile(fs, path));
  const sumAt = text.lastIndexOf("crc32 ");
  const body = text.slice(0, Math.max(0, sumAt));
  if (text !== body + checksumLine(body)) throw corruptAt(path, 0, "the file is damaged");
  const match = PATTERN.exec(body);
  if (!match) throw corruptAt(path, 0, "it was written by a newer version");
  const [, incarnation, doubt, log] = match;
  return { incarnation: Number(incarnation), isInDoubt: doubt === "yes", hasLog: log === "yes" };
}

/** Makes `record` durable in the place of the old one. */
export function writeStart(fs: Fs, dir: string, record: StartRecord): void {
  const { incarnation, isInDoubt, hasLog } = record;
  const body = `warren raft start 1\nincarnation ${incarnation}\n` +
    `in doubt ${isInDoubt ? "yes" : "no"}\nlog ${hasLog ? "yes" : "no"}\n`;
  replaceFile(fs, { dir, name: NAME }, new TextEncoder().encode(body + checksumLine(body)));
}

function checksumLine(body: string): string {
  return `crc32 ${crc32(body).toString(16).padStart(8, "0")}\n`;
}
