/**
 * Rules of tasks. Plans are refused when the state they were made for has gone; reports are never
 * refused, only ignored, so that one late report cannot spoil the batch it came in.
 */
import type { Task, TaskId } from "../../model/mod.ts";
import { isTerminal } from "../../model/mod.ts";
import type { Action } from "../action.ts";
import { type Outcome, refuse } from "./refusal.ts";
import { sameData } from "./same.ts";
import {
  createdTask,
  desiredTask,
  isDesiredForward,
  isNews,
  placedTask,
  reportedTask,
  unplacedTask,
} from "../task_change.ts";
import type { Transaction } from "../transaction.ts";

type Of<Kind> = Extract<Action, { kind: Kind }>;

/** Adds a task, placed or pending, for just the revision and restart count that it was planned for. */
export function createTask(tx: Transaction, { task: wanted }: Of<"task.create">): Outcome {
  const service = tx.view.service(wanted.serviceId);
  if (!service) {
    return stale(`create a task of service "${wanted.serviceId}"`, "the service is gone");
  }
  const doing = `create a task of service "${service.spec.name}"`;
  if (tx.view.rows.tasks.isUsed(wanted.id)) {
    return refuse("ID_TAKEN", `Cannot ${doing}: a task with its id exists`);
  }
  if (service.revision !== wanted.revision) {
    return stale(doing, `it is at revision ${service.revision}, not ${wanted.revision}`);
  }
  if (service.restartCount !== wanted.restartCount) {
    return stale(doing, `it was restarted meanwhile`);
  }
  if (wanted.nodeId !== null && !tx.view.node(wanted.nodeId)) {
    return stale(doing, `node "${wanted.nodeId}" is gone`);
  }
  tx.put("tasks", createdTask(service, wanted, tx.stamp));
  return null;
}

/** Gives a pending task its node. */
export function placeTask(tx: Transaction, { id, nodeId }: Of<"task.place">): Outcome {
  const task = tx.view.task(id);
  if (!task) return notFound("place", id);
  const doing = `place task "${id}"`;
  if (task.nodeId !== null) return stale(doing, "it has a node");
  if (task.desired !== "running" || isTerminal(task.status.state)) {
    return stale(doing, "it is to end");
  }
  if (!tx.view.node(nodeId)) return stale(doing, `node "${nodeId}" is gone`);
  tx.put("tasks", placedTask(task, nodeId, tx.stamp));
  return null;
}

/** Records why a task still has no node. */
export function setUnplaced(tx: Transaction, { id, unplaced }: Of<"task.unplaced">): Outcome {
  const task = tx.view.task(id);
  if (!task) return notFound("explain", id);
  if (task.nodeId !== null) return stale(`explain task "${id}"`, "it has a node");
  if (!sameData(task.unplaced, unplaced)) tx.put("tasks", unplacedTask(task, unplaced, tx.stamp));
  return null;
}

/** Moves the desired state forward. Asking for less than is already desired changes nothing. */
export function desireTask(tx: Transaction, { id, desired }: Of<"task.desire">): Outcome {
  const task = tx.view.task(id);
  if (!task) return notFound("end", id);
  if (isDesiredForward(task.desired, desired)) {
    tx.put("tasks", desiredTask(task, desired, tx.stamp));
  } else if (desired === "running" && task.desired !== "running") {
    return stale(`run task "${id}"`, "it is to end");
  }
  return null;
}

/** Records a status when it is news. */
export function reportTask(tx: Transaction, { id, status }: Of<"task.report">): Outcome {
  const task = tx.view.task(id);
  if (task && isNews(task.status, status)) tx.put("tasks", reportedTask(task, status, tx.stamp));
  return null;
}

/** Forgets a task that has ended, or never had a node: no container may be left behind. */
export function removeTask(tx: Transaction, { id }: Of<"task.remove">): Outcome {
  const task = tx.view.task(id);
  if (!task) return notFound("remove", id);
  if (!isRemovable(task)) return stale(`remove task "${id}"`, `it is ${task.status.state}`);
  tx.remove("tasks", id);
  return null;
}

function isRemovable(task: Task): boolean {
  return task.nodeId === null || isTerminal(task.status.state);
}

function stale(doing: string, state: string): Outcome {
  return refuse("STALE_PLAN", `Cannot ${doing}: ${state}`);
}

function notFound(verb: string, id: TaskId): Outcome {
  return refuse("TASK_NOT_FOUND", `Cannot ${verb} task "${id}": there is no such task`);
}
