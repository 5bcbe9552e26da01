/**
 * What the answers of a probe mean for a task's health. Pure.
 *
 * While a task starts it is asked often, so that it counts as running the moment it works; yet
 * failures count no faster than the check's own rhythm, so asking often never makes it unhealthy.
 */
import type { HealthCheck } from "../../model/mod.ts";

/** Health as known so far. */
export interface ProbeState {
  readonly health: "starting" | "healthy" | "unhealthy";
  /** Counted failures in a row. */
  readonly failures: number;
  /** Milliseconds after the start at which a failure was last counted. */
  readonly countedAtMs: number;
}

/** Before the first answer. */
export const UNPROBED: ProbeState = { health: "starting", failures: 0, countedAtMs: 0 };

/** Longest pause between two probes of a task that is starting. */
export const STARTING_INTERVAL_MS = 500;

/** The state after an answer that came `atMs` milliseconds after the container's start. */
export function judge(
  check: HealthCheck,
  state: ProbeState,
  answer: { readonly isGood: boolean; readonly atMs: number },
): ProbeState {
  if (answer.isGood) return { health: "healthy", failures: 0, countedAtMs: answer.atMs };
  if (state.health === "unhealthy") return state;
  if (state.health === "starting") {
    const sinceMs = Math.max(state.countedAtMs, check.startPeriodMs);
    if (answer.atMs < sinceMs + check.intervalMs) return state;
  }
  const failures = state.failures + 1;
  const health = failures >= check.retries ? "unhealthy" : state.health;
  return { health, failures, countedAtMs: answer.atMs };
}

/** Milliseconds until the next probe. */
export function nextProbeMs(check: HealthCheck, state: ProbeState): number {
  return state.health === "starting"
    ? Math.min(check.intervalMs, STARTING_INTERVAL_MS)
    : check.intervalMs;
}
