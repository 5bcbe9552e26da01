/**
 * Requests that were applied lately, so that one repeated after a lost answer is applied once.
 *
 * Part of the replicated state. Holds the newest {@link MAX_REQUESTS}; a repetition later than that
 * counts as a new request. Refused requests changed nothing and are not remembered.
 */
import type { LogIndex } from "../model/mod.ts";

/** Requests remembered; the oldest is forgotten first. */
export const MAX_REQUESTS = 16_384;

/** Request ids with the index each was applied at. */
export class RecentRequests {
  readonly #indices = new Map<string, LogIndex>();

  /** Where `requestId` was applied. */
  find(requestId: string): LogIndex | undefined {
    return requestId === "" ? undefined : this.#indices.get(requestId);
  }

  /** Remembers `requestId`; "" is no request. */
  remember(requestId: string, index: LogIndex): void {
    if (requestId === "") return;
    this.#indices.set(requestId, index);
    if (this.#indices.size <= MAX_REQUESTS) return;
    for (const oldest of this.#indices.keys()) {
      this.#indices.delete(oldest);
      return;
    }
  }

  /** Every request, oldest first. */
  entries(): Iterable<readonly [string, LogIndex]> {
    return this.#indices;
  }
}
