/**
 * What a log adds up to: batches go in, in order; term, vote, mark and entries come out.
 *
 * Used by recovery, from the first segment that is needed. Invariant: `entries` follow `base` without
 * a gap.
 */
import type { Entry, HardState } from "../../raft/mod.ts";
import { type Batch, lastOf, type SnapshotMark } from "./batch.ts";
import type { SegmentHeader } from "./segment.ts";

/** The state of a log as read so far. */
export class Replay {
  hard: HardState;
  mark: SnapshotMark;
  entries: Entry[] = [];
  #baseIndex: number;
  /** Null after a truncation into segments that are gone; the next entry becomes the base. */
  #baseTerm: number | null;

  /** Begins with what the header of the first segment says. */
  constructor({ hard, mark, base }: SegmentHeader) {
    this.hard = hard;
    this.mark = mark;
    this.#baseIndex = base.index;
    this.#baseTerm = base.term;
  }

  /** The last entry of the log; its term is null when no segment that is left says it. */
  get last(): { readonly index: number; readonly term: number | null } {
    return lastOf(this.entries) ?? { index: this.#baseIndex, term: this.#baseTerm };
  }

  /** The entry before the first of `entries`, or null when nothing says its term. */
  get base(): { readonly index: number; readonly term: number } | null {
    return this.#baseTerm === null ? null : { index: this.#baseIndex, term: this.#baseTerm };
  }

  /** Takes in `batch`, found in segment `sequence`; returns what does not fit, or null. */
  apply(batch: Batch, sequence: number): string | null {
    if (batch.snapshot) {
      this.#restart(batch.snapshot.index, batch.snapshot.term);
      this.mark = { meta: batch.snapshot, firstSegment: sequence };
    }
    if (batch.mark) this.mark = batch.mark;
    if (batch.hard) this.hard = batch.hard;
    if (batch.truncateFrom !== null) this.#truncate(batch.truncateFrom);
    for (const entry of batch.entries) {
      const { index } = this.last;
      if (entry.index !== index + 1) return `entry ${entry.index} comes after entry ${index}`;
      if (this.#baseTerm === null) this.#restart(entry.index, entry.term);
      else this.entries.push(entry);
    }
    return null;
  }

  /** The term of the entry at `index`, or null when it is not in what was read. */
  termAt(index: number): number | null {
    if (index === this.#baseIndex) return this.#baseTerm;
    return this.entries[index - this.#baseIndex - 1]?.term ?? null;
  }

  #restart(index: number, term: number): void {
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.entries = [];
  }

  #truncate(from: number): void {
    if (from <= this.#baseIndex) {
      this.#baseIndex = from - 1;
      this.#baseTerm = null;
      this.entries = [];
    } else {
      this.entries.length = Math.min(this.entries.length, from - 1 - this.#baseIndex);
    }
  }
}
