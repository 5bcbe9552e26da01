/**
 * How a loop waits for work: until somebody wakes it, a time has passed, or it is to end.
 *
 * Used by long-lived loops with a signal that outlives every wait. A wake-up between two waits is
 * kept, so none is lost. Invariant: a wait leaves no listener and no timer behind, since adding a
 * listener costs as much as there are listeners already.
 */
import type { Clock } from "./clock.ts";

/** How long a wait may take. */
export interface WaitOptions {
  readonly clock: Clock;
  /** Milliseconds; Infinity waits for a wake-up or the abort alone. */
  readonly delayMs: number;
  readonly signal: AbortSignal;
}

/** Wakes one loop. */
export class Waker {
  #isWoken = false;
  #rouse: () => void = () => {};

  /** Ends the wait under way, or else the next one at once. */
  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  /** Returns when woken, after the delay, or when the signal aborts; never throws. One at a time. */
  async wait({ clock, delayMs, signal }: WaitOptions): Promise<void> {
    if (!this.#isWoken && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const rouse = () => resolve();
      this.#rouse = rouse;
      signal.addEventListener("abort", rouse);
      const cancel = delayMs === Infinity ? () => {} : clock.after(Math.max(0, delayMs), rouse);
      await promise;
      cancel();
      signal.removeEventListener("abort", rouse);
      this.#rouse = () => {};
    }
    this.#isWoken = false;
  }
}
