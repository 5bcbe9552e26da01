/**
 * The shape of a kind of fault, and what an attempt of it has to say.
 *
 * Each file of `faults/` exports one. A fault does something to a stage and reports what it saw; the
 * stage checks histories and lost writes for all of them alike.
 */
import type { GroupOptions } from "./group.ts";
import type { LoadOptions } from "./load.ts";
import type { Stage } from "./stage.ts";

/** What must hold beside the rules for all: times to the next accepted write are in milliseconds. */
export interface Bounds {
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
  /** Requests that may fail in spite of their client's patience; any number unless given. */
  readonly failed?: number;
  /** Resident memory of any manager at any time, in MiB. */
  readonly peakMib?: number;
}

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** What is done, for the table. */
  readonly title: string;
  /** How often unless told otherwise. */
  readonly count: number;
  readonly bounds: Bounds;
  readonly group?: GroupOptions;
  readonly load?: LoadOptions;
  /** What it cannot do without: root in namespaces of its own, or the library that bends clocks. */
  readonly needs?: "namespaces" | "faketime";
  /** Does it `count` times. @throws Error when it cannot go on */
  run(stage: Stage, count: number): Promise<void>;
}
