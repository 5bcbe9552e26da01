/**
 * Proposals of this member that are in the log and not settled yet, by their index.
 *
 * The driver adds what the core took and asks at each committed entry. Same term at the index: it is
 * committed; another term: its place was taken, so it may be proposed again (rule H4). Invariant:
 * never more than the core keeps uncommitted.
 */

/** How a waiting proposal ends. */
export type Settled = "committed" | "replaced" | "unknown";

interface Waiter {
  readonly term: number;
  readonly settle: (how: Settled) => void;
}

/** Who waits for which place in the log. */
export class WaitingProposals {
  #byIndex = new Map<number, Waiter>();

  get size(): number {
    return this.#byIndex.size;
  }

  /** Waits for `index`; whoever waited for it before was replaced. */
  add(index: number, waiter: Waiter): void {
    this.#byIndex.get(index)?.settle("replaced");
    this.#byIndex.set(index, waiter);
  }

  /** The entry at `index` is committed and of `term`. */
  committed(index: number, term: number): void {
    const waiter = this.#byIndex.get(index);
    if (!waiter) return;
    this.#byIndex.delete(index);
    waiter.settle(waiter.term === term ? "committed" : "replaced");
  }

  /** Nobody can say any more, or not soon: everyone is told so. */
  abandon(): void {
    const waiters = [...this.#byIndex.values()];
    this.#byIndex = new Map();
    for (const { settle } of waiters) settle("unknown");
  }
}
