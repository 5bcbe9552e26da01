/**
 * A clock whose wall time never goes back, for whoever compares times that it wrote itself.
 *
 * When the machine's clock is set back, decisions like "restart at 12:00:05" would wait for the
 * whole step. This one goes on at the monotonic pace instead, and follows again once it is reached.
 */
import { type MonoMs, type WallMs, wallMs } from "./brand.ts";
import type { CancelTimer, Clock } from "./clock.ts";

/** A {@link Clock} over another one. */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #anchorWallMs: number;
  #anchorMonoMs: number;

  /** Begins at the time of `clock`. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#anchorWallMs = clock.wallNow();
    this.#anchorMonoMs = clock.monoNow();
  }

  wallNow(): WallMs {
    const steadyMs = this.#anchorWallMs +
      Math.floor(this.#clock.monoNow() - this.#anchorMonoMs);
    const machineMs = this.#clock.wallNow();
    if (machineMs <= steadyMs) return wallMs(steadyMs);
    this.#anchor(machineMs);
    return machineMs;
  }

  monoNow(): MonoMs {
    return this.#clock.monoNow();
  }

  after(delayMs: number, fire: () => void): CancelTimer {
    return this.#clock.after(delayMs, fire);
  }

  /** Goes on from `atMs` unless it is past that: a time that was recorded elsewhere or before. */
  raiseTo(atMs: WallMs): void {
    if (atMs > this.wallNow()) this.#anchor(atMs);
  }

  #anchor(wallMs: number): void {
    this.#anchorWallMs = wallMs;
    this.#anchorMonoMs = this.#clock.monoNow();
  }
}
