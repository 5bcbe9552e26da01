/**
 * Turns the monotonic clock into ticks of the core.
 *
 * After a stall (garbage collection, SIGSTOP, a paused machine) what has arrived is taken in before any
 * deadline is judged, and no more than `maxTicks` are made up for: time in which nobody could be
 * heard is no evidence against anybody. Invariant: at most one timer.
 */
import type { CancelTimer, Clock } from "../../lib/mod.ts";
import { TICK_MS } from "../../raft/mod.ts";

/** Ticks late from which on the inbox is let in first. */
const STALL_TICKS = 5;

/** What a ticker needs. */
export interface TickerParts {
  readonly clock: Clock;
  /** The most ticks at a stretch: one election timeout. */
  readonly maxTicks: number;
  /** Time goes on by `ticks`, at least one. */
  readonly onTicks: (ticks: number) => void;
}

/** Ticks from its making until `stop`. */
export class Ticker {
  readonly #parts: TickerParts;
  #cancel: CancelTimer;
  #lastMs: number;
  #isAfterStall = false;

  constructor(parts: TickerParts) {
    this.#parts = parts;
    this.#lastMs = parts.clock.monoNow();
    this.#cancel = parts.clock.after(TICK_MS, () => this.#fire());
  }

  /** No tick comes any more. Idempotent. */
  stop(): void {
    this.#cancel();
  }

  #fire(): void {
    const { clock, maxTicks, onTicks } = this.#parts;
    const due = Math.floor((clock.monoNow() - this.#lastMs) / TICK_MS);
    if (due > STALL_TICKS && !this.#isAfterStall) {
      // One round of the event loop: sockets and messages of other threads come in before.
      this.#isAfterStall = true;
      this.#cancel = clock.after(0, () => this.#fire());
      return;
    }
    this.#isAfterStall = false;
    this.#cancel = clock.after(TICK_MS, () => this.#fire());
    if (due < 1) return;
    this.#lastMs += due * TICK_MS;
    onTicks(Math.min(due, maxTicks));
  }
}
