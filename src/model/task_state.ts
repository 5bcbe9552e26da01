/**
 * The states of a task and their order. Observed state only moves forward within one attempt; a
 * restart on the node begins the next attempt.
 */

/** Written by managers only. */
export type DesiredState = "running" | "shutdown" | "remove";

/** Written by the agent only, except `pending`, `assigned` and `orphaned` (the leader's). */
export type TaskState =
  /** Has no node yet. */
  | "pending"
  /** Has a node; its agent has not answered. */
  | "assigned"
  /** The agent pulls the image and prepares volumes and files. */
  | "preparing"
  /** The container runs but is not known healthy yet. */
  | "starting"
  | "running"
  /** The container ended; the next attempt waits for its delay. */
  | "restarting"
  /** The stop signal was sent. */
  | "stopping"
  /** Ended because it was told to. */
  | "stopped"
  /** Ended by itself with 0 and will not run again. */
  | "completed"
  /** Ended and will not run again under its restart policy. */
  | "failed"
  /** Its node was lost. */
  | "orphaned";

/** Every state in the order that a task passes them. */
export const TASK_STATES: readonly TaskState[] = [
  "pending",
  "assigned",
  "preparing",
  "starting",
  "running",
  "restarting",
  "stopping",
  "stopped",
  "completed",
  "failed",
  "orphaned",
];

/** Whether a task in `state` has ended for good. */
export function isTerminal(state: TaskState): boolean {
  return state === "stopped" || state === "completed" || state === "failed" || state === "orphaned";
}

/** Position of `state` in {@link TASK_STATES}. */
export function stateRank(state: TaskState): number {
  return TASK_STATES.indexOf(state);
}
