/**
 * Linearizable reads: settles when this member's state is as new as any answer given before the call.
 *
 * Calls that come while a round is under way share the next one, so that a thousand readers cost two
 * rounds (rule C1: a round counts only for calls made before it began).
 */
import { type Clock, sleep, WarrenError } from "../../lib/mod.ts";
import { orAborted } from "../abortable.ts";

/** Waits before a read is asked for again when nobody could confirm it, in milliseconds. */
const RETRY_MS = 20;
/** Patience of one caller with a cluster without a leader, in milliseconds: about an election. */
export const READ_LIMIT_MS = 3_000;

/** What reads need. */
export interface FreshReadParts {
  readonly clock: Clock;
  /** Asks consensus for an index; null when it could not be confirmed. */
  readonly ask: () => Promise<number | null>;
  /** Settles when the state machine has applied `index`. */
  readonly applied: (index: number) => Promise<void>;
}

/** Reads of one member. */
export class FreshReads {
  readonly #parts: FreshReadParts;
  #next: Promise<void> | null = null;
  #current: Promise<unknown> = Promise.resolve();

  constructor(parts: FreshReadParts) {
    this.#parts = parts;
  }

  /** @throws WarrenError NO_LEADER when nobody confirms it in time, or the signal's reason */
  async fresh(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#next ??= this.#begin();
    const { promise: late, reject } = Promise.withResolvers<never>();
    // The round that it shares may begin only when one before it was given up.
    const cancel = this.#parts.clock.after(READ_LIMIT_MS, () => reject(unconfirmed()));
    try {
      await orAborted(Promise.race([this.#next, late]), signal);
    } finally {
      cancel();
    }
  }

  /** A round that begins when the one under way has ended. */
  #begin(): Promise<void> {
    const round = this.#current.then(() => {
      this.#next = null;
      return this.#round();
    });
    // A failed round fails its own callers only.
    this.#current = round.catch(() => {});
    return round;
  }

  async #round(): Promise<void> {
    const { clock, ask, applied } = this.#parts;
    const untilMs = clock.monoNow() + READ_LIMIT_MS;
    for (;;) {
      const index = await ask();
      if (index !== null) return await applied(index);
      if (clock.monoNow() >= untilMs) throw unconfirmed();
      await sleep(clock, RETRY_MS);
    }
  }
}

function unconfirmed(): WarrenError {
  return new WarrenError("NO_LEADER", "The managers have no leader who confirms what is current");
}
