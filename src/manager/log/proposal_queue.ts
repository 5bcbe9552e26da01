/**
 * Proposals on their way to the log: bounded in number and bytes, taken in batches.
 *
 * `push` never waits; a full queue refuses and the caller is told to come again.
 */
import { type MonoMs, WarrenError } from "../../lib/mod.ts";
import type { Applied } from "../../store/mod.ts";

/** Bounds of the queue and of one batch. */
export const QUEUE_LIMITS = {
  proposals: 4_096,
  bytes: 64 * 1024 * 1024,
  proposalBytes: 4 * 1024 * 1024,
  batchProposals: 1_024,
  batchBytes: 8 * 1024 * 1024,
} as const;

/** One proposal and who waits for it. */
export interface Pending {
  /** The encoded entry. */
  readonly bytes: Uint8Array;
  readonly sinceMs: MonoMs;
  resolve(applied: Applied): void;
  reject(error: unknown): void;
}

/** First in, first out. */
export class ProposalQueue {
  #items: Pending[] = [];
  #bytes = 0;

  get size(): number {
    return this.#items.length;
  }

  /**
   * Adds a proposal.
   *
   * @throws WarrenError PROPOSAL_TOO_LARGE, TOO_MANY (the queue is full).
   */
  push(item: Pending): void {
    const { length } = item.bytes;
    if (length > QUEUE_LIMITS.proposalBytes) {
      const limit = QUEUE_LIMITS.proposalBytes;
      const what = `Cannot propose the change: it has ${length} bytes, more than ${limit}`;
      throw new WarrenError("PROPOSAL_TOO_LARGE", what);
    }
    const isFull = this.#items.length >= QUEUE_LIMITS.proposals ||
      this.#bytes + length > QUEUE_LIMITS.bytes;
    if (isFull) {
      const what = `Cannot propose the change: ${this.#items.length} others are waiting`;
      throw new WarrenError("TOO_MANY", what);
    }
    this.#items.push(item);
    this.#bytes += length;
  }

  /** Takes the oldest proposals, as many as one batch may hold. */
  takeBatch(): readonly Pending[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      if (count > 0 && bytes + item.bytes.length > QUEUE_LIMITS.batchBytes) break;
      if (count === QUEUE_LIMITS.batchProposals) break;
      bytes += item.bytes.length;
      count++;
    }
    const batch = this.#items.slice(0, count);
    this.#items = this.#items.slice(count);
    this.#bytes -= bytes;
    return batch;
  }

  /** Empties the queue; every proposal in it is refused with `error`. */
  rejectAll(error: unknown): void {
    for (const item of this.#items) item.reject(error);
    this.#items = [];
    this.#bytes = 0;
  }
}
