/**
 * What a task is called and how it is, in one line. Pure; used by lists, progress, errors and `why`.
 */
import type { Task } from "../../client/wire/mod.ts";

/** `web.2`; a global service's task is named by its node: `web@node-1`. */
export function taskName(task: Pick<Task, "serviceName" | "slot" | "nodeName">): string {
  return task.slot > 0
    ? `${task.serviceName}.${task.slot}`
    : `${task.serviceName}@${task.nodeName}`;
}

/** What happened last: why it has no node, or the agent's message when it says more than the state. */
export function taskMessage(task: Pick<Task, "unplaced" | "message" | "state">): string {
  if (task.state === "pending" && task.unplaced !== "") return task.unplaced;
  return task.message === task.state ? "" : task.message;
}

/** `web.2 on node-1: exited with 1`. */
export function describeTask(task: Task): string {
  const place = task.nodeName === "" || task.slot === 0 ? "" : ` on ${task.nodeName}`;
  const message = taskMessage(task);
  const restarts = task.restarts > 0 ? ` (restarts: ${task.restarts})` : "";
  return `${taskName(task)}${place}: ${message === "" ? task.state : message}${restarts}`;
}
