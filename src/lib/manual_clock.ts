/**
 * A clock that moves only when told to: for unit tests and the simulator.
 *
 * Timers fire in order of their time, then of their creation, so a run is repeatable.
 */
import { type MonoMs, monoMs, type WallMs, wallMs } from "./brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A hand-driven {@link Clock}; wall and monotonic time advance together. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #startWallMs: number;
  readonly #timers = new Set<Timer>();

  /** Starts at `startWallMs` wall milliseconds and monotonic zero. */
  constructor(startWallMs = 1_700_000_000_000) {
    this.#startWallMs = startWallMs;
  }

  wallNow(): WallMs {
    return wallMs(this.#startWallMs + this.#nowMs);
  }

  monoNow(): MonoMs {
    return monoMs(this.#nowMs);
  }

  after(delayMs: number, fire: () => void): CancelTimer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait to fire. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time by `byMs`, firing what is due; microtasks run between two timers. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      const earlier = !best || timer.atMs < best.atMs ||
        (timer.atMs === best.atMs && timer.order < best.order);
      if (earlier) best = timer;
    }
    return best;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
