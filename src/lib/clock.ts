/**
 * Time as a parameter. Long-lived parts take a `Clock`; only the composition root makes the real one.
 *
 * Durations use `monoNow`, records use `wallNow`. The pure folders take plain numbers instead.
 */
import { type MonoMs, monoMs, type WallMs, wallMs } from "./brand.ts";

/** Cancels a timer; calling it twice, or after it fired, does nothing. */
export type CancelTimer = () => void;

/** The two times and the one way to wait. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. May step in either direction. */
  wallNow(): WallMs;
  /** Monotonic time in milliseconds since an arbitrary start. Never steps. */
  monoNow(): MonoMs;
  /** Calls `fire` once after `delayMs` milliseconds. */
  after(delayMs: number, fire: () => void): CancelTimer;
}

/** The machine's own clock. Timers do not keep the process alive longer than its work. */
export const realClock: Clock = {
  wallNow: () => wallMs(Date.now()),
  monoNow: () => monoMs(performance.now()),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Waits `delayMs` milliseconds; rejects with the signal's reason when aborted. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
