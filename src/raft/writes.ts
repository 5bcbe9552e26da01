/**
 * The batches that were handed out and are not durable yet, in order.
 *
 * Owned by the core. A truncation lowers what the batches before it can make durable: their bytes for
 * the truncated places are not those of the log any more, even when the same entry is appended again
 * (the ABA guard). Invariant: batches complete in the order in which they began.
 */
import { assert } from "../lib/mod.ts";

/** One batch on its way to the disk. */
export interface Write {
  readonly seq: number;
  /** When it began, in ticks of the core. */
  readonly tick: number;
  /** Whether it has anything to write. */
  readonly hasWork: boolean;
  /** The log up to here is durable when it completes; 0 for nothing. */
  readonly durableIndex: number;
  /** The term of the member's own vote in it, or null. */
  readonly selfVoteTerm: number | null;
}

/** Batches in flight, the oldest first. */
export class WriteQueue {
  #writes: Write[] = [];
  #seq = 0;

  /** A batch begins; returns its number. */
  begin(write: Omit<Write, "seq">): number {
    this.#seq += 1;
    this.#writes.push({ ...write, seq: this.#seq });
    return this.#seq;
  }

  /** The batch `seq`, which is the oldest, is durable. */
  finish(seq: number): Write {
    const write = this.#writes.shift();
    assert(write?.seq === seq, `batch ${write?.seq} is completed before ${seq}`);
    return write;
  }

  /** The log from `index` on was replaced: batches in flight make nothing of that durable. */
  truncated(index: number): void {
    this.#writes = this.#writes.map((write) => ({
      ...write,
      durableIndex: Math.min(write.durableIndex, index - 1),
    }));
  }

  /** When the oldest batch with something to write began; undefined when there is none. */
  get oldestTick(): number | undefined {
    return this.#writes.find(({ hasWork }) => hasWork)?.tick;
  }

  /** Batches in flight. */
  get length(): number {
    return this.#writes.length;
  }

  /** One line for tests, logs and inspection. */
  describe(): string {
    return this.#writes.map(({ seq, durableIndex }) => `#${seq}<=${durableIndex}`).join(" ");
  }
}
