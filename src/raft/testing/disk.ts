/**
 * One member's disk in the simulation: what was written is durable when the write completes, and a
 * crash loses the writes under way, from some point on.
 */
import type { Entry, HardState, Persist, SnapshotMeta } from "../message.ts";
import type { Restored } from "../core.ts";

interface Write {
  readonly seq: number;
  readonly persist: Persist | null;
  readonly doneTick: number;
}

/** Durable state and the queue of writes before it. */
export class SimDisk {
  #hard: HardState = { term: 0, vote: null };
  #snapshot: SnapshotMeta;
  #base = { index: 0, term: 0 };
  #entries: Entry[] = [];
  #queue: Write[] = [];

  constructor(snapshot: SnapshotMeta) {
    this.#snapshot = snapshot;
  }

  /** Queues a batch that completes at `doneTick`, after all before it. */
  write(seq: number, persist: Persist | null, doneTick: number): void {
    this.#queue.push({ seq, persist, doneTick });
  }

  /** Completes what is due; returns the batches in order. */
  complete(tick: number): number[] {
    const done: number[] = [];
    while (this.#queue[0] && this.#queue[0].doneTick <= tick) {
      const write = this.#queue.shift();
      if (!write) break;
      this.#carryOut(write.persist);
      done.push(write.seq);
    }
    return done;
  }

  /** Power is cut: of the writes under way the first `kept` reached the disk. */
  crash(kept: number): void {
    for (const { persist } of this.#queue.slice(0, kept)) this.#carryOut(persist);
    this.#queue = [];
  }

  /** Writes under way. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Everything up to `index` is in a local snapshot; entries before `keepFrom` are deleted. */
  compact(snapshot: SnapshotMeta, keepFrom: number): void {
    if (snapshot.index > this.#snapshot.index) this.#snapshot = snapshot;
    const index = Math.min(this.#snapshot.index, keepFrom - 1);
    const last = this.#entries.find((entry) => entry.index === index);
    if (!last) return;
    this.#base = { index, term: last.term };
    this.#entries = this.#entries.filter((entry) => entry.index > index);
  }

  /** What a restart finds. */
  restored(): Restored {
    return {
      hard: this.#hard,
      snapshot: this.#snapshot,
      base: this.#base,
      entries: [...this.#entries],
    };
  }

  #carryOut(persist: Persist | null): void {
    if (!persist) return;
    if (persist.hard) this.#hard = persist.hard;
    if (persist.snapshot) {
      this.#snapshot = persist.snapshot;
      this.#base = { index: persist.snapshot.index, term: persist.snapshot.term };
      this.#entries = [];
    }
    const { truncateFrom } = persist;
    if (truncateFrom !== null) this.#entries = this.#entries.filter((e) => e.index < truncateFrom);
    this.#entries.push(...persist.entries);
  }
}
