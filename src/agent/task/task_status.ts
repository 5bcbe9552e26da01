/**
 * What is told to the managers of a task: its status, from what the agent knows. Pure.
 *
 * The message is for people: what happened and why. `sequence` is left to the reporter.
 */
import { formatDurationMs, wallMs } from "../../lib/mod.ts";
import { STATUS_LIMITS, type TaskState, type TaskStatus } from "../../model/mod.ts";
import type { Assignment } from "./assignment.ts";
import type { Failure, LocalTask } from "./local_task.ts";

/** The status of a task at `nowMs`, without its sequence. */
export function statusOf(
  assignment: Assignment,
  local: LocalTask,
  nowMs: number,
): Omit<TaskStatus, "sequence"> {
  const last = local.outcome ?? local.failure ?? local.retry?.after;
  const { container } = local;
  return {
    state: stateOf(assignment, local),
    message: messageOf(assignment, local).slice(0, STATUS_LIMITS.messageChars),
    reason: last?.reason ?? "",
    exitCode: last?.exitCode ?? null,
    restarts: local.attempt,
    health: local.health,
    containerId: container && container.status !== "created" ? container.id : "",
    ports: container?.status === "running" ? container.ports : [],
    lastLines: last?.lastLines ?? [],
    startedMs: container?.startedMs ?? null,
    atMs: wallMs(last?.atMs ?? nowMs),
  };
}

/** The observed state. */
export function stateOf(assignment: Assignment, local: LocalTask): TaskState {
  if (local.outcome) return local.outcome.state;
  const isRunning = local.container?.status === "running";
  if (assignment.desired !== "running" && local.container) return "stopping";
  if (local.failure || local.retry || local.container?.status === "exited") return "restarting";
  if (!isRunning) return "preparing";
  return local.health === "starting" ? "starting" : "running";
}

function messageOf(assignment: Assignment, local: LocalTask): string {
  if (local.outcome) return local.outcome.message;
  if (local.notice) return local.notice;
  if (local.retry) return retryMessage(assignment, local.attempt, local.retry);
  if (local.failure) return local.failure.message;
  switch (stateOf(assignment, local)) {
    case "preparing":
      return "preparing";
    case "starting":
      return "running, not known healthy yet";
    case "stopping":
      return "asked to stop";
    case "running":
      return local.unhealthy ? `unhealthy: ${local.unhealthy}` : "";
    default:
      return "";
  }
}

function retryMessage(
  assignment: Assignment,
  attempt: number,
  retry: { readonly atMs: number; readonly after: Failure },
): string {
  const delay = formatDurationMs(Math.max(0, retry.atMs - retry.after.atMs));
  const { maxAttempts, windowMs } = assignment.spec.restart;
  const count = maxAttempts > 0 && windowMs === 0
    ? `${attempt + 1} of ${maxAttempts}`
    : String(attempt + 1);
  return `${retry.after.message}; restart ${count} after ${delay}`;
}
