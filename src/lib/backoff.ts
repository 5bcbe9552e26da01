/**
 * Exponential backoff as arithmetic: the caller decides how to wait.
 *
 * Used for reconnects, engine retries and container restarts. Pure: jitter comes in as a number.
 */

/** Bounds of a backoff; all in milliseconds. */
export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Share of the delay that is random, 0 to 1. */
  readonly jitter: number;
}

/** A sensible default for talking to a peer that may be restarting. */
export const RECONNECT_BACKOFF: Backoff = { initialMs: 50, maxMs: 5_000, factor: 2, jitter: 0.5 };

/** Milliseconds to wait before attempt `attempt` (0 = first retry); `random` is in [0, 1). */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: number): number {
  const exponent = Math.min(attempt, 60);
  const full = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** exponent);
  return Math.round(full * (1 - backoff.jitter * random));
}
