/**
 * The form of output on disk: one record per line, `<milliseconds> <o|e> <bytes>`.
 *
 * Supervisors write it, the runtime reads it. Pure. Invariant: a record holds no line feed but its
 * last byte, so whatever a process prints, records can be told apart.
 */
import { type WallMs, wallMs } from "../../../lib/mod.ts";
import type { LogLine } from "../runtime.ts";

/** Longest piece of a line in one record, in bytes; longer lines are cut into pieces. */
export const MAX_LINE_BYTES = 16 * 1024;

const LINE_FEED = 10;
const SPACE = 32;

/** Cuts a stream into lines; keeps the unfinished end of it. */
export class LineSplitter {
  #rest = new Uint8Array(0);

  /** The lines that `chunk` finishes, without line feeds. */
  push(chunk: Uint8Array): Uint8Array[] {
    const data = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk]);
    const lines: Uint8Array[] = [];
    let start = 0;
    while (start < data.length) {
      const end = data.indexOf(LINE_FEED, start);
      const length = (end < 0 ? data.length : end) - start;
      if (length > MAX_LINE_BYTES) {
        lines.push(data.subarray(start, start + MAX_LINE_BYTES));
        start += MAX_LINE_BYTES;
      } else if (end < 0) {
        break;
      } else {
        lines.push(data.subarray(start, end));
        start = end + 1;
      }
    }
    this.#rest = data.slice(start);
    return lines;
  }

  /** The last line if it had no line feed. */
  end(): Uint8Array[] {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest.length === 0 ? [] : [rest];
  }
}

/** The records of lines that were read at `timeMs`. */
export function encodeRecords(
  stream: LogLine["stream"],
  timeMs: WallMs,
  lines: readonly Uint8Array[],
): Uint8Array {
  const head = new TextEncoder().encode(
    `${Math.round(timeMs)} ${stream === "stdout" ? "o" : "e"} `,
  );
  return concat(lines.flatMap((line) => [head, line, Uint8Array.of(LINE_FEED)]));
}

/** The records in `data` and how many of its bytes they take; an unfinished one is left over. */
export function decodeRecords(data: Uint8Array): { lines: LogLine[]; usedBytes: number } {
  const lines: LogLine[] = [];
  let start = 0;
  for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
    const line = decodeRecord(data.subarray(start, end));
    if (line !== undefined) lines.push(line);
    start = end + 1;
  }
  return { lines, usedBytes: start };
}

/** Undefined for what a full disk left of a record. */
function decodeRecord(record: Uint8Array): LogLine | undefined {
  const space = record.indexOf(SPACE);
  if (space < 1 || record[space + 2] !== SPACE) return undefined;
  const timeMs = Number(new TextDecoder().decode(record.subarray(0, space)));
  const kind = record[space + 1];
  if (!Number.isFinite(timeMs)) return undefined;
  const stream = kind === "o".charCodeAt(0) ? "stdout" : "stderr";
  return { stream, timeMs: wallMs(timeMs), line: record.slice(space + 3) };
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
