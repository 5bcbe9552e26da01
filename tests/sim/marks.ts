/**
 * Marks of what a run has met: the rare branches that a search must not miss.
 *
 * Taken from outside, from what members do and say, so that the core carries no code for tests. A
 * seed set that leaves a mark unhit is too small or the simulator has gone blind.
 */

/** Every mark that the fixed seed set must hit. */
export const MARKS = [
  "election won",
  "election lost or timed out",
  "pre-vote lost or timed out",
  "leader deposed by a higher term",
  "leader gave up without a quorum",
  "leader gave up on a stalled disk",
  "leader removed itself",
  "old term answered",
  "conflict truncated",
  "membership rolled back",
  "refusal with a hint",
  "stale refusal",
  "append of nothing asked",
  "snapshot sent",
  "snapshot lost",
  "snapshot installed",
  "snapshot over a conflicting log",
  "snapshot not needed",
  "compaction held back",
  "compaction too late",
  "transfer completed",
  "transfer given up",
  "change committed",
  "change refused",
  "learner promoted",
  "voter demoted",
  "member removed",
  "removed member campaigned",
  "read at the leader",
  "read forwarded",
  "read failed",
  "read waited for the first own commit",
  "proposal refused: too many uncommitted",
  "proposal refused: the machine is behind",
  "proposal refused: transferring",
  "request applied once though sent twice",
  "entry replaced before its client was answered",
  "unsynced writes lost",
  "restart with an uncommitted membership",
  "in-doubt restart",
  "in-doubt member whole again",
  "several batches in flight",
  "single voter",
  "paused leader replaced",
] as const;

/** The name of a mark. */
export type Mark = typeof MARKS[number];

/** Counts of marks. */
export class Marks {
  readonly #counts = new Map<Mark, number>();

  /** It happened. */
  hit(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1);
  }

  /** How often it happened. */
  count(mark: Mark): number {
    return this.#counts.get(mark) ?? 0;
  }

  /** Adds those of another run. */
  add(other: Marks): void {
    for (const [mark, count] of other.#counts) {
      this.#counts.set(mark, this.count(mark) + count);
    }
  }

  /** Marks that were never hit. */
  get missing(): readonly Mark[] {
    return MARKS.filter((mark) => this.count(mark) === 0);
  }

  /** A line each. */
  describe(): string {
    return MARKS.map((mark) => `${String(this.count(mark)).padStart(8)}  ${mark}`).join("\n");
  }
}
