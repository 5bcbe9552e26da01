/**
 * What a leader knows of one member's log, and how much it may have on its way to it.
 *
 * `probe`: one append at a time until the match point is known. `replicate`: optimistic pipelining
 * within a window. `snapshot`: no appends until the snapshot arrived or failed. Invariant:
 * `match < next`.
 */
import { assert } from "../lib/mod.ts";

/** Bounds of what is on its way to one member. */
export interface Window {
  readonly messages: number;
  readonly bytes: number;
}

type State =
  | { readonly kind: "probe"; readonly isPaused: boolean }
  | { readonly kind: "replicate" }
  | { readonly kind: "snapshot"; readonly index: number };

/** Progress of one member. */
export class Progress {
  #match = 0;
  #next: number;
  #state: State = { kind: "probe", isPaused: false };
  #inflight: { readonly lastIndex: number; readonly bytes: number }[] = [];
  #inflightBytes = 0;
  /** It answered a heartbeat while something was on its way, which may be lost. */
  #isDoubtful = false;
  /** Entries from here on are kept for it until it follows the log again (rule F9). */
  #neededFrom: number | null = null;
  /** The highest commit index that it was told with a message that reaches so far. */
  #toldCommit = 0;
  /** The latest heartbeat round that it answered: what reads are confirmed by. */
  ackedRound = 0;
  /** When it last answered, in ticks; null when it never did. */
  heardTick: number | null = null;
  /** The round that it counts as having answered for the lease: a newcomer is not silent (rule E9). */
  readonly #graceRound: number;

  /** `next` is the first index to send; `graceRound` counts as answered for the lease. */
  constructor(next: number, graceRound: number) {
    this.#next = next;
    this.#graceRound = graceRound;
  }

  get match(): number {
    return this.#match;
  }

  get next(): number {
    return this.#next;
  }

  get state(): State["kind"] {
    return this.#state.kind;
  }

  get inflightMessages(): number {
    return this.#inflight.length;
  }

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  /** Entries from here on must not be compacted, or it would need yet another snapshot. */
  get neededFrom(): number | null {
    return this.#neededFrom;
  }

  /** The latest round that shows, for the lease, that it is there. */
  get leaseRound(): number {
    return Math.max(this.ackedRound, this.#graceRound);
  }

  /** Whether it follows the log and does not know yet how far that is committed. */
  isCommitNews(committed: number): boolean {
    return this.#state.kind === "replicate" &&
      Math.min(committed, this.#next - 1) > this.#toldCommit;
  }

  /** It was told `commit`; what lies beyond `reaches` it does not take from that message. */
  told(commit: number, reaches: number): void {
    this.#toldCommit = Math.max(this.#toldCommit, Math.min(commit, reaches));
  }

  /** Whether an append may be sent now. */
  canSend(window: Window): boolean {
    switch (this.#state.kind) {
      case "probe":
        return !this.#state.isPaused;
      case "replicate":
        return this.#inflight.length < window.messages && this.#inflightBytes < window.bytes;
      case "snapshot":
        return false;
    }
  }

  /** An append of `count` entries and `bytes` bytes was sent. */
  sent(count: number, bytes: number): void {
    if (this.#state.kind === "replicate") {
      if (count === 0) return;
      this.#next += count;
      this.#inflight.push({ lastIndex: this.#next - 1, bytes });
      this.#inflightBytes += bytes;
    } else if (this.#state.kind === "probe") {
      this.#state = { kind: "probe", isPaused: true };
    }
  }

  /**
   * It holds everything up to `index`; the leader keeps entries from `firstIndex` on. True when that
   * is news. A snapshot is over as soon as entries can take its place.
   */
  acked(index: number, firstIndex: number): boolean {
    this.#free(index);
    const isNews = index > this.#match;
    if (isNews) this.#match = index;
    this.#next = Math.max(this.#next, this.#match + 1);
    const { kind } = this.#state;
    const isServed = this.#match + 1 >= firstIndex;
    if (kind === "probe" || (kind === "snapshot" && isNews && isServed)) {
      this.#become({ kind: "replicate" });
      this.#neededFrom = null;
    }
    return isNews;
  }

  /** It refused the append after `prevIndex`; try from the hint. False when the refusal is old. */
  refused(prevIndex: number, hintIndex: number): boolean {
    const isOld = {
      probe: prevIndex !== this.#next - 1,
      replicate: prevIndex <= this.#match,
      snapshot: true,
    };
    if (isOld[this.#state.kind]) return false;
    this.#next = Math.max(this.#match + 1, Math.min(prevIndex, hintIndex + 1));
    this.#become({ kind: "probe", isPaused: false });
    return true;
  }

  /** It answers: whatever was lost on the way may be sent again (rule B12). */
  resume(): void {
    if (this.#state.kind === "probe") this.#state = { kind: "probe", isPaused: false };
    this.#isDoubtful = true;
  }

  /** Whether to ask, with an append that carries nothing, if all up to `lastIndex` arrived. */
  takeDoubt(lastIndex: number): boolean {
    const isDoubtful = this.#isDoubtful && this.#match < lastIndex;
    this.#isDoubtful = false;
    return isDoubtful;
  }

  /** The transport lost what was on its way. While probing, the place to try next stays. */
  lost(): void {
    if (this.#state.kind === "probe") this.#neededFrom = null;
    if (this.#state.kind !== "replicate") return;
    this.#next = this.#match + 1;
    this.#become({ kind: "probe", isPaused: false });
  }

  /** A snapshot as of `index` is on its way. */
  sendingSnapshot(index: number): void {
    this.#become({ kind: "snapshot", index });
    this.#neededFrom = index + 1;
  }

  /** The snapshot arrived or failed; go on by probing (rule F7). */
  snapshotEnded(hasArrived: boolean): void {
    if (this.#state.kind !== "snapshot") return;
    const index = hasArrived ? this.#state.index : this.#match;
    if (!hasArrived) this.#neededFrom = null;
    this.#next = Math.max(this.#match, index) + 1;
    this.#become({ kind: "probe", isPaused: false });
  }

  /** The member restarted, perhaps with less than it had: forget what it acknowledged (study 4.5). */
  reset(next: number): void {
    this.#match = 0;
    this.#next = next;
    this.#toldCommit = 0;
    this.#neededFrom = null;
    this.#become({ kind: "probe", isPaused: false });
  }

  /** One line for tests, logs and inspection. */
  describe(): string {
    const paused = this.#state.kind === "probe" && this.#state.isPaused ? " paused" : "";
    const at = this.#state.kind === "snapshot" ? ` at=${this.#state.index}` : "";
    const flight = this.#inflight.length > 0 ? ` inflight=${this.#inflight.length}` : "";
    return `${this.#state.kind}${paused}${at} match=${this.#match} next=${this.#next}${flight}`;
  }

  #become(state: State): void {
    assert(this.#match < this.#next, "match is before next");
    this.#state = state;
    this.#inflight = [];
    this.#inflightBytes = 0;
    if (state.kind === "replicate") this.#next = this.#match + 1;
  }

  #free(index: number): void {
    while (this.#inflight[0] && this.#inflight[0].lastIndex <= index) {
      this.#inflightBytes -= this.#inflight.shift()?.bytes ?? 0;
    }
  }
}
