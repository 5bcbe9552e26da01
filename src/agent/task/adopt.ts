/**
 * Finds a task's container again after a restart of the agent, or of the machine. Pure.
 *
 * What runs is never restarted: the engine's word stands over the agent's memory. The memory adds
 * what the engine does not know: the health, the restarts and how the task ended.
 */
import type { ContainerState } from "../runtime/runtime.ts";
import { RUNTIME_LABELS } from "../runtime/runtime.ts";
import type { Assignment } from "./assignment.ts";
import { type LocalTask, newLocalTask, type Outcome } from "./local_task.ts";

/** What a restart of the agent found. */
export interface Found {
  /** Containers of the task, of any attempt. */
  readonly containers: readonly ContainerState[];
  /** What the agent remembers, if anything. */
  readonly memory: LocalTask | null;
  /** The machine was restarted since the memory was written. */
  readonly isRebooted: boolean;
  readonly nowMs: number;
}

/** The local state to go on from. */
export function adopt(assignment: Assignment, found: Found): LocalTask {
  const hasCheck = assignment.spec.health !== null;
  const base = found.memory
    ? notAhead(found.memory, found.nowMs)
    : newLocalTask(assignment.known.restarts, hasCheck);
  const newest = newestContainer(found.containers);
  const attempt = Math.max(base.attempt, newest ? attemptOf(newest) : 0);
  const own = newest && attemptOf(newest) === attempt ? newest : null;
  const fresh = { ...newLocalTask(attempt, hasCheck), ...carriedOver(base, attempt) };
  if (!own) return { ...fresh, outcome: fresh.outcome ?? endedBefore(assignment, found) };
  const adopted: LocalTask = { ...fresh, container: own };
  const wasRunning = found.memory?.container?.status === "running";
  if (found.isRebooted && wasRunning && own.status === "exited" && !adopted.outcome) {
    return { ...adopted, failure: nodeRestarted(found.nowMs) };
  }
  return adopted;
}

/**
 * The memory with no time after now: the clock may have been set back since, and a restart must not
 * wait for the step.
 */
function notAhead(memory: LocalTask, nowMs: number): LocalTask {
  const { failure, retry, restartTimesMs } = memory;
  const aheadMs = Math.max(0, (retry?.after.atMs ?? 0) - nowMs);
  return {
    ...memory,
    restartTimesMs: restartTimesMs.map((atMs) => Math.min(atMs, nowMs)),
    failure: failure && { ...failure, atMs: Math.min(failure.atMs, nowMs) },
    retry: retry && {
      atMs: retry.atMs - aheadMs,
      after: { ...retry.after, atMs: retry.after.atMs - aheadMs },
    },
  };
}

/** What stays true of the memory; only the restarts when the engine is at a later attempt. */
function carriedOver(memory: LocalTask, attempt: number): Partial<LocalTask> {
  const { restartTimesMs, streak, limits, health, unhealthy, failure, retry, outcome } = memory;
  if (memory.attempt !== attempt) return { restartTimesMs, streak };
  return { restartTimesMs, streak, limits, health, unhealthy, failure, retry, outcome };
}

/** The managers know that it ended, and nothing here says otherwise: it must not run again. */
function endedBefore(assignment: Assignment, found: Found): Outcome | null {
  if (!assignment.known.isTerminal) return null;
  const message = "ended before the agent was started";
  const none = { reason: "", exitCode: null, lastLines: [] };
  return { ...none, state: "failed", message, atMs: found.nowMs };
}

function nodeRestarted(atMs: number) {
  const message = "the node was restarted";
  return { reason: "NODE_RESTARTED", message, exitCode: null, lastLines: [], atMs };
}

function newestContainer(containers: readonly ContainerState[]): ContainerState | undefined {
  return [...containers].sort((a, b) => attemptOf(b) - attemptOf(a))[0];
}

/** The attempt that a container was made for. */
export function attemptOf(container: ContainerState): number {
  const attempt = Number(container.labels[RUNTIME_LABELS.attempt]);
  return Number.isSafeInteger(attempt) && attempt >= 0 ? attempt : 0;
}

/** What of a task may be removed: containers of attempts before the present one. */
export function isLeftover(container: ContainerState, local: LocalTask): boolean {
  return container.id !== local.container?.id && attemptOf(container) < local.attempt;
}
