/**
 * The agent's decision: what to do next for a task, from its assignment and what is known of it. Pure.
 *
 * Called by the task runner after every change; the runner carries out one step at a time and feeds
 * its result back. The same inputs always give the same step, so a lost event or a restart of the
 * agent costs time and never a second container.
 */
import type { Assignment } from "./task/assignment.ts";
import type { LocalTask, Outcome } from "./task/local_task.ts";
import { decideRestart } from "./task/restart.ts";

/** One thing to do for a task. */
export type Step =
  /** Nothing until something changes, or until `wakeAtMs`. */
  | { readonly kind: "wait"; readonly wakeAtMs: number | null }
  /** Get the image, make volumes, write files. */
  | { readonly kind: "prepare" }
  | { readonly kind: "create" }
  | { readonly kind: "start" }
  /** Bring the container's limits to what the spec says now. */
  | { readonly kind: "limit" }
  /** Ask the container to end, then kill it. */
  | { readonly kind: "stop" }
  /** The container ended: read its last words and say why. */
  | { readonly kind: "collect" }
  /** The attempt is over: wait for the next one until `atMs`. */
  | { readonly kind: "schedule_retry"; readonly atMs: number }
  /** Remove the old container and begin the next attempt. */
  | { readonly kind: "retry" }
  /** It is over for good; nothing is done but recorded. */
  | { readonly kind: "end"; readonly outcome: Outcome }
  /** Remove its files: it will not run again. */
  | { readonly kind: "clean" }
  /** Remove its containers and files: the managers want no trace of it. */
  | { readonly kind: "discard" };

/** The next step for a task at wall time `nowMs`. */
export function nextStep(assignment: Assignment, local: LocalTask, nowMs: number): Step {
  if (local.pauseUntilMs > nowMs) return { kind: "wait", wakeAtMs: local.pauseUntilMs };
  if (assignment.desired !== "running") return stepToEnd(assignment, local, nowMs);
  if (local.outcome) return local.isClean ? waitForChange() : { kind: "clean" };
  if (local.failure) return stepAfterFailure(assignment, local);
  if (local.retry) {
    return local.retry.atMs <= nowMs
      ? { kind: "retry" }
      : { kind: "wait", wakeAtMs: local.retry.atMs };
  }
  return stepToRun(assignment, local);
}

function stepToRun(assignment: Assignment, local: LocalTask): Step {
  const { container } = local;
  if (!container) return local.isPrepared ? { kind: "create" } : { kind: "prepare" };
  if (container.status === "created") {
    return local.isPrepared ? { kind: "start" } : { kind: "prepare" };
  }
  if (container.status === "exited") return { kind: "collect" };
  if (local.health === "unhealthy") return { kind: "stop" };
  const { limits } = assignment.spec.resources;
  const isLimited = local.limits?.milliCpus === limits.milliCpus &&
    local.limits.memoryBytes === limits.memoryBytes;
  return isLimited ? waitForChange() : { kind: "limit" };
}

function stepAfterFailure(assignment: Assignment, local: LocalTask): Step {
  const { failure } = local;
  if (!failure) return waitForChange();
  const decision = decideRestart(assignment.spec.restart, local, failure);
  if (decision.kind === "restart") return { kind: "schedule_retry", atMs: decision.atMs };
  const message = decision.why ? `${failure.message}; ${decision.why}` : failure.message;
  return { kind: "end", outcome: { ...failure, message, state: decision.state } };
}

function stepToEnd(assignment: Assignment, local: LocalTask, nowMs: number): Step {
  if (local.container?.status === "running") return { kind: "stop" };
  if (assignment.desired === "remove" && !local.isDiscarded) return { kind: "discard" };
  if (!local.outcome) return { kind: "end", outcome: stopped(local, nowMs) };
  return local.isClean ? waitForChange() : { kind: "clean" };
}

/** It ended because it was told to, whatever its exit code. */
function stopped(local: LocalTask, nowMs: number): Outcome {
  const exitCode = local.container?.status === "exited" ? local.container.exitCode : null;
  const message = exitCode === null ? "stopped" : `stopped with exit code ${exitCode}`;
  return { state: "stopped", reason: "", message, exitCode, lastLines: [], atMs: nowMs };
}

function waitForChange(): Step {
  return { kind: "wait", wakeAtMs: null };
}
