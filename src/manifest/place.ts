/**
 * Where something was written, and what is wrong there.
 *
 * Made by the reader and the codecs, printed by the CLI. Lines and columns count from 1, columns in
 * UTF-16 units. The list of faults is bounded: a hostile file cannot make a report without end.
 */
import type { FieldFault } from "../lib/mod.ts";

/** A position in a manifest file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One fault of a manifest. */
export interface ManifestFault {
  readonly place: Place;
  /** Path in the document, `spec.ports[0].hostPort`; "" for the document or file itself. */
  readonly path: string;
  /** What is wanted, what was found, what to do. */
  readonly message: string;
}

/** Faults reported at most; what is more is counted in a last one. */
export const MAX_FAULTS = 200;

/** `web.yaml:12:5`. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** `web.yaml:12:5: spec.replicas: must be …`. */
export function formatFault(fault: ManifestFault): string {
  const { path, message } = manifestFieldFault(fault);
  return `${path}: ${message}`;
}

/** The fault as errors carry it: its place as the path, its path before the message. */
export function manifestFieldFault(fault: ManifestFault): FieldFault {
  const message = fault.path === "" ? fault.message : `${fault.path}: ${fault.message}`;
  return { path: formatPlace(fault.place), message };
}

/** Collects faults up to {@link MAX_FAULTS}; the rest is only counted. */
export class FaultList {
  readonly #faults: ManifestFault[] = [];
  #dropped = 0;

  /** Adds one fault. */
  add(fault: ManifestFault): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(fault);
    else this.#dropped++;
  }

  /** How many were added. */
  get count(): number {
    return this.#faults.length + this.#dropped;
  }

  /** All faults, by file in the order of `files`, then by line and column. */
  sorted(files: readonly string[]): readonly ManifestFault[] {
    const rank = new Map(files.map((file, at) => [file, at]));
    const order = (fault: ManifestFault) => rank.get(fault.place.file) ?? files.length;
    const faults = this.#faults.toSorted((a, b) =>
      order(a) - order(b) || a.place.line - b.place.line || a.place.column - b.place.column
    );
    const last = faults.at(-1);
    if (last === undefined || this.#dropped === 0) return faults;
    const message = `${this.#dropped} more faults are not shown: mend these first`;
    return [...faults, { place: last.place, path: "", message }];
  }
}
