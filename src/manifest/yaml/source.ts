/**
 * The text of one manifest file: checks that come before any parsing, and line and column of every
 * offset.
 *
 * Used by `read_yaml.ts`. Costs one pass over the text.
 */
import { formatBytes } from "../../lib/mod.ts";
import type { FaultList, Place } from "../place.ts";

/** One file as the caller read it. */
export interface ManifestFile {
  /** How messages name it, and what relative paths in it are relative to; "-" for standard input. */
  readonly name: string;
  readonly text: string;
}

/** Largest file, in bytes of UTF-8. */
export const MAX_FILE_BYTES = 4 * 2 ** 20;

/** Unprintable characters reported per file. */
const MAX_BAD_CHARACTERS = 10;

/** C0 and C1 controls but tab and line ends, lone surrogates, and what Unicode keeps unassigned. */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex -- finding control characters is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/gu;

/** Offsets to places. */
export class SourceText {
  readonly #lineStarts: number[] = [0];

  constructor(readonly file: string, readonly text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** The place of a UTF-16 offset; O(log lines). */
  placeAt(offset: number): Place {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

/** The text of a file's bytes, or the fault that says where it is no UTF-8 or too large. */
export function decodeManifest(
  name: string,
  bytes: Uint8Array,
  faults: FaultList,
): ManifestFile | undefined {
  if (bytes.length > MAX_FILE_BYTES) {
    addSizeFault(name, bytes.length, faults);
    return undefined;
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const bad = text.indexOf("\ufffd");
  if (bad === -1 || isEqual(new TextEncoder().encode(text), bytes)) return { name, text };
  const place = new SourceText(name, text).placeAt(bad);
  faults.add({ place, path: "", message: "is no UTF-8 text: save the file as UTF-8" });
  return undefined;
}

/** Reports a text that is too large or has unprintable characters; true when it may be parsed. */
export function checkSource(source: SourceText, faults: FaultList): boolean {
  const { text } = source;
  // A UTF-16 unit is at most three bytes: most files need not be encoded to know that they fit.
  const bytes = text.length * 3 <= MAX_FILE_BYTES ? 0 : new TextEncoder().encode(text).length;
  if (bytes > MAX_FILE_BYTES) {
    addSizeFault(source.file, bytes, faults);
    return false;
  }
  let found = 0;
  for (const match of text.matchAll(UNPRINTABLE)) {
    if (++found > MAX_BAD_CHARACTERS) break;
    const code = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const message = `has the control character U+${code}: remove it, or write "\\u${code}"`;
    faults.add({ place: source.placeAt(match.index), path: "", message });
  }
  return found === 0;
}

function addSizeFault(file: string, bytes: number, faults: FaultList): void {
  const max = formatBytes(MAX_FILE_BYTES);
  const message = `is ${formatBytes(bytes)} long, at most ${max} are read: split it`;
  faults.add({ place: { file, line: 1, column: 1 }, path: "", message });
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
