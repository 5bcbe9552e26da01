/**
 * Where decoding stands: the path in the document for messages and the path in the decoded value
 * for validation, which is translated back to a place here.
 *
 * One scope per document, one cursor per node. Owns nothing but the maps of its document.
 */
import type { FieldFault } from "../../lib/mod.ts";
import { keyPath } from "../../model/mod.ts";
import type { FaultList, Place } from "../place.ts";

/** A path of the document and where it was written. */
interface Mark {
  readonly place: Place;
  readonly path: string;
}

/** What is known of one document while it is decoded. */
export class Scope {
  readonly #marks = new Map<string, Mark>();
  readonly #written = new Set<string>();
  readonly #failed: string[] = [];

  constructor(readonly faults: FaultList, readonly start: Mark) {}

  mark(spec: string, mark: Mark): void {
    this.#marks.set(spec, mark);
    this.#written.add(spec);
  }

  /** Marks what was left out with where it could have been. */
  markMissing(spec: string, mark: Mark): void {
    if (!this.#marks.has(spec)) this.#marks.set(spec, mark);
  }

  /** Whether the document says anything of `spec`. */
  isWritten(spec: string): boolean {
    return this.#written.has(spec);
  }

  fail(spec: string): void {
    this.#failed.push(spec);
  }

  /** The nearest written part of `spec`: itself, what holds it, or the document. */
  find(spec: string): Mark {
    for (let path = spec; path !== ""; path = parentPath(path)) {
      const mark = this.#marks.get(path);
      if (mark !== undefined) return mark;
    }
    return this.start;
  }

  /** Places of every written part, for faults that are found later. */
  places(): ReadonlyMap<string, Place> {
    return new Map([...this.#marks].map(([spec, { place }]) => [spec, place]));
  }

  /** Adds what validation found, except where decoding already failed. */
  addValidation(faults: readonly FieldFault[]): void {
    for (const { path, message } of faults) {
      if (this.#failed.some((failed) => isWithin(path, failed))) continue;
      this.faults.add({ ...this.find(path), message });
    }
  }
}

/** The place of one node. */
export class Cursor {
  constructor(
    readonly scope: Scope,
    /** Path in the document: `spec.ports[0].hostPort`. */
    readonly path: string,
    /** Path in the decoded value: `task.ports[0].hostPort`. */
    readonly spec: string,
  ) {}

  /** The value of `key`, which is `spec` in the decoded value; "" when it is no part of its own. */
  field(key: string, spec: string, place: Place): Cursor {
    const path = this.path === "" ? key : keyPath(this.path, key);
    return this.#at(path, joined(this.spec, spec), place);
  }

  /** Notes that `key`, which is `spec` in the decoded value, was left out of the map at `place`. */
  missing(key: string, spec: string, place: Place): void {
    const path = this.path === "" ? key : keyPath(this.path, key);
    this.scope.markMissing(joined(this.spec, spec), { place, path });
  }

  /** Entry `key` of a map of texts. */
  entry(key: string, place: Place): Cursor {
    return this.#at(keyPath(this.path, key), keyPath(this.spec, key), place);
  }

  /** Item of a list. */
  item(at: number, place: Place): Cursor {
    return this.#at(`${this.path}[${at}]`, `${this.spec}[${at}]`, place);
  }

  /** Adds a fault of this node that leaves its value usable. */
  fault(place: Place, message: string): void {
    this.scope.faults.add({ place, path: this.path, message });
  }

  /** Adds a fault that makes this node's value worthless: validation then says nothing of it. */
  fail(place: Place, message: string): void {
    this.scope.fail(this.spec);
    this.fault(place, message);
  }

  #at(path: string, spec: string, place: Place): Cursor {
    this.scope.mark(spec, { place, path });
    return new Cursor(this.scope, path, spec);
  }
}

function joined(base: string, part: string): string {
  if (base === "" || part === "") return base + part;
  return `${base}.${part}`;
}

function parentPath(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf("["), 0));
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || outer === "" || path.startsWith(`${outer}.`) ||
    path.startsWith(`${outer}[`);
}
