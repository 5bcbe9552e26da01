/**
 * What a running log is known to hold, without its entries: where it ends, the terms, the marks.
 *
 * Owned by the member's disk, which writes it into the header of each new segment.
 */
import type { HardState } from "../../raft/mod.ts";
import { assert } from "../../lib/mod.ts";
import { type Batch, lastIndexAfter, type SnapshotMark } from "./batch.ts";
import type { RecoveredLog } from "./recover.ts";

/** Entries from `from` on are of `term`, up to the next run. */
interface TermRun {
  readonly from: number;
  readonly term: number;
}

/** The outline of a log. */
export class LogShape {
  hard: HardState;
  mark: SnapshotMark;
  lastIndex: number;
  #runs: TermRun[];

  constructor(
    { hard, mark, base, entries }: Pick<RecoveredLog, "hard" | "mark" | "base" | "entries">,
  ) {
    this.hard = hard;
    this.mark = mark;
    this.lastIndex = base.index;
    this.#runs = [{ from: base.index, term: base.term }];
    for (const { index, term } of entries) this.#append(index, term);
  }

  /** The last entry, which the next segment begins after. */
  get last(): { readonly index: number; readonly term: number } {
    const run = this.#runs[this.#runs.length - 1];
    assert(run, "a log has a base");
    return { index: this.lastIndex, term: run.term };
  }

  /** The term of the entry at `index`; undefined when it is not in the log. */
  termAt(index: number): number | undefined {
    if (index > this.lastIndex) return undefined;
    return this.#runs.findLast(({ from }) => from <= index)?.term;
  }

  /** Takes in a batch that was written to segment `sequence`; returns the largest index it reached. */
  apply(batch: Batch, sequence: number): number {
    const { snapshot, truncateFrom, entries } = batch;
    lastIndexAfter(this.lastIndex, batch);
    if (batch.hard) this.hard = batch.hard;
    if (batch.mark) this.#setMark(batch.mark);
    if (snapshot) {
      this.mark = { meta: snapshot, firstSegment: sequence };
      this.lastIndex = snapshot.index;
      this.#runs = [{ from: snapshot.index, term: snapshot.term }];
    }
    if (truncateFrom !== null && truncateFrom <= this.lastIndex) {
      this.#runs = this.#runs.filter(({ from }) => from < truncateFrom);
      assert(this.#runs.length > 0, "a truncation stays above the base of the log");
      this.lastIndex = truncateFrom - 1;
    }
    for (const { index, term } of entries) this.#append(index, term);
    return this.lastIndex;
  }

  #append(index: number, term: number): void {
    if (this.last.term !== term) this.#runs.push({ from: index, term });
    this.lastIndex = index;
  }

  /** Runs that end before the snapshot are not asked for any more. */
  #setMark(mark: SnapshotMark): void {
    this.mark = mark;
    const { index } = mark.meta;
    this.#runs = this.#runs.filter((_, at) => (this.#runs[at + 1]?.from ?? Infinity) > index);
  }
}
