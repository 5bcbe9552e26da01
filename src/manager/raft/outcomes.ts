/**
 * Answers of the state machine by log index, for whoever waits for one or learns later that it was his.
 *
 * A follower hears from the leader where its change was committed, perhaps after having applied it.
 * The newest {@link MAX_OUTCOMES} are kept; who comes later than that is told that nobody knows.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Applied } from "../../store/mod.ts";

/** Answers kept. */
export const MAX_OUTCOMES = 8_192;

interface Outcome {
  readonly term: number;
  readonly applied: Applied;
}

interface Waiter {
  readonly term: number;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: WarrenError) => void;
}

/** Answers and who waits for them. */
export class Outcomes {
  readonly #known = new Map<number, Outcome>();
  readonly #waiters = new Map<number, Waiter[]>();
  #index = 0;

  /** The entry at `index` was applied. */
  note(index: number, term: number, applied: Applied): void {
    this.#index = index;
    this.#known.set(index, { term, applied });
    if (this.#known.size > MAX_OUTCOMES) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#settle(index);
  }

  /** The state is that of `index`, without what led to it. */
  jump(index: number): void {
    this.#index = index;
    for (const at of [...this.#waiters.keys()]) if (at <= index) this.#settle(at);
  }

  /** The answer of the entry at `index`, which was of `term`. @throws WarrenError UNKNOWN_OUTCOME */
  of(index: number, term: number): Promise<Applied> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(index) ?? [];
      waiters.push({ term, resolve, reject });
      this.#waiters.set(index, waiters);
      if (index <= this.#index) this.#settle(index);
    });
  }

  /** Nothing is applied any more. */
  rejectAll(error: WarrenError): void {
    for (const waiters of this.#waiters.values()) for (const { reject } of waiters) reject(error);
    this.#waiters.clear();
  }

  #settle(index: number): void {
    const waiters = this.#waiters.get(index);
    if (!waiters) return;
    this.#waiters.delete(index);
    const outcome = this.#known.get(index);
    for (const { term, resolve, reject } of waiters) {
      if (outcome?.term === term) resolve(outcome.applied);
      else reject(new WarrenError("UNKNOWN_OUTCOME", "The answer to the change was lost"));
    }
  }
}
