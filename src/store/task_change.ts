/**
 * How a task changes: the pure steps that apply and the overlay both take, so that what a pass
 * foresees is what the store then does.
 *
 * Preconditions are not checked here; apply refuses, the overlay asserts.
 */
import type { WallMs } from "../lib/mod.ts";
import {
  type DesiredState,
  isTerminal,
  type NodeId,
  type Service,
  stateRank,
  type Task,
  type TaskStatus,
  type Unplaced,
  type Version,
} from "../model/mod.ts";
import type { NewTask } from "./action.ts";

/** When and at which index a change happens. */
export interface Stamp {
  readonly atMs: WallMs;
  readonly version: Version;
}

const DESIRED_ORDER: readonly DesiredState[] = ["running", "shutdown", "remove"];

/** Whether `after` is further on the way out than `before`. */
export function isDesiredForward(before: DesiredState, after: DesiredState): boolean {
  return DESIRED_ORDER.indexOf(after) > DESIRED_ORDER.indexOf(before);
}

/** A task is live while it runs, or is to run, and nobody asked for its end. */
export function isLive(task: Task): boolean {
  return task.desired === "running" && !isTerminal(task.status.state);
}

/** Whether a task is to run and waits for a node. */
export function isPending(task: Task): boolean {
  return task.status.state === "pending" && task.desired === "running";
}

/** The task that `wanted` asks for, with the spec that `service` has now. */
export function createdTask(service: Service, wanted: NewTask, stamp: Stamp): Task {
  return {
    id: wanted.id,
    serviceId: service.id,
    serviceName: service.spec.name,
    slot: wanted.slot,
    nodeId: wanted.nodeId,
    revision: wanted.revision,
    restartCount: wanted.restartCount,
    spec: service.spec.task,
    desired: "running",
    status: {
      state: wanted.nodeId === null ? "pending" : "assigned",
      message: "",
      reason: "",
      exitCode: null,
      restarts: 0,
      health: service.spec.task.health === null ? "none" : "starting",
      containerId: "",
      ports: [],
      lastLines: [],
      startedMs: null,
      atMs: stamp.atMs,
      sequence: 0,
    },
    unplaced: wanted.unplaced,
    createdMs: stamp.atMs,
    updatedMs: stamp.atMs,
    version: stamp.version,
  };
}

/** `task` with its node. */
export function placedTask(task: Task, nodeId: NodeId, stamp: Stamp): Task {
  const status: TaskStatus = { ...task.status, state: "assigned", atMs: stamp.atMs };
  return stamped({ ...task, nodeId, unplaced: null, status }, stamp);
}

/** `task` with the reason why it still has no node. */
export function unplacedTask(task: Task, unplaced: Unplaced, stamp: Stamp): Task {
  return stamped({ ...task, unplaced }, stamp);
}

/** `task` with another desired state. */
export function desiredTask(task: Task, desired: DesiredState, stamp: Stamp): Task {
  return stamped({ ...task, desired }, stamp);
}

/** `task` with a newer status. */
export function reportedTask(task: Task, status: TaskStatus, stamp: Stamp): Task {
  return stamped({ ...task, status }, stamp);
}

/** `task` of a node that is no more: ended, and to be removed. */
export function orphanedTask(task: Task, message: string, stamp: Stamp): Task {
  const status: TaskStatus = {
    ...task.status,
    state: "orphaned",
    message,
    reason: "NODE_LOST",
    atMs: stamp.atMs,
    sequence: task.status.sequence + 1,
  };
  return stamped({ ...task, desired: "remove", status }, stamp);
}

/**
 * Whether `next` is news: a greater sequence, the task not ended, and no step back within one
 * attempt. Whatever is not news is ignored, since reports may arrive late or twice. `pending` and
 * `assigned` are no agent's to say.
 */
export function isNews(known: TaskStatus, next: TaskStatus): boolean {
  if (next.sequence <= known.sequence || isTerminal(known.state)) return false;
  if (stateRank(next.state) < stateRank("preparing")) return false;
  if (next.restarts !== known.restarts) return next.restarts > known.restarts;
  return stateRank(next.state) >= stateRank(known.state);
}

/** `task` marked as changed at `stamp`. */
export function stamped(task: Task, stamp: Stamp): Task {
  return { ...task, updatedMs: stamp.atMs, version: stamp.version };
}
