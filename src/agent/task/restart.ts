/**
 * Whether and when a task's container is started again on this node. Pure.
 *
 * The policy is the user's; the delay doubles with each restart in a row, up to a hundred times the
 * first one and at most five minutes, and begins small again after a run that lasted.
 */
import type { RestartPolicy } from "../../model/mod.ts";
import { type Failure, type LocalTask, ranLong } from "./local_task.ts";

/** What follows an attempt that is over. */
export type RestartDecision =
  | { readonly kind: "restart"; readonly atMs: number }
  | { readonly kind: "end"; readonly state: "completed" | "failed"; readonly why: string };

const MAX_FACTOR = 100;
const MAX_DELAY_MS = 5 * 60_000;
/** A task that ends at once must not keep the engine busy, whatever its policy. */
const LEAST_DELAY_MS = 100;

/** Decides what follows `failure`, the end of `local`'s attempt. */
export function decideRestart(
  policy: RestartPolicy,
  local: LocalTask,
  failure: Failure,
): RestartDecision {
  const isSuccess = failure.exitCode === 0 && failure.reason === "";
  if (policy.condition === "none" || (policy.condition === "on-failure" && isSuccess)) {
    return { kind: "end", state: isSuccess ? "completed" : "failed", why: "" };
  }
  const used = countRestarts(policy, local, failure.atMs);
  if (policy.maxAttempts > 0 && used >= policy.maxAttempts) {
    const state = isSuccess ? "completed" : "failed";
    return { kind: "end", state, why: `no restart left after ${used}` };
  }
  return { kind: "restart", atMs: failure.atMs + restartDelayMs(policy, local) };
}

function countRestarts(policy: RestartPolicy, local: LocalTask, nowMs: number): number {
  if (policy.windowMs === 0) return local.attempt;
  return local.restartTimesMs.filter((atMs) => atMs > nowMs - policy.windowMs).length;
}

/** Milliseconds before the next attempt. A delay of 0 is kept for the first restart in a row only. */
export function restartDelayMs(policy: RestartPolicy, local: LocalTask): number {
  const streak = ranLong(local) ? 0 : Math.min(local.streak, 20);
  const firstMs = policy.delayMs === 0 && streak > 0 ? LEAST_DELAY_MS : policy.delayMs;
  const longestMs = Math.max(firstMs, Math.min(firstMs * MAX_FACTOR, MAX_DELAY_MS));
  return Math.min(firstMs * 2 ** streak, longestMs);
}
