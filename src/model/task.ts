/**
 * A task: one service's container in one slot, on one node. Tasks are created, placed and told to
 * end by managers; the agent reports what it observes.
 */
import type { WallMs } from "../lib/mod.ts";
import type { NodeId, ServiceId, TaskId, Version } from "./ids.ts";
import type { TaskSpec } from "./service.ts";
import type { DesiredState, TaskState } from "./task_state.ts";

/** A port as it is really bound on the node. */
export interface BoundPort {
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
}

/** What the agent last reported. */
export interface TaskStatus {
  readonly state: TaskState;
  /** In plain words, for people: what happened and why. */
  readonly message: string;
  /** A stable upper-snake word such as `IMAGE_NOT_FOUND`, or "". */
  readonly reason: string;
  readonly exitCode: number | null;
  /** Attempts on this node after the first. */
  readonly restarts: number;
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** The engine's id of the container, or "". */
  readonly containerId: string;
  readonly ports: readonly BoundPort[];
  /** The container's last output lines when it failed: at most 10 of at most 300 characters. */
  readonly lastLines: readonly string[];
  readonly startedMs: WallMs | null;
  /** When the agent observed it. */
  readonly atMs: WallMs;
  /** Grows with every report of the task; a report that is not greater is ignored. */
  readonly sequence: number;
}

/** Why one node, or a group of like nodes, was refused. */
export interface Refusal {
  readonly nodeId: NodeId;
  readonly nodeName: string;
  /** The filter that refused: `ready`, `resources`, `constraints`, `ports`, … */
  readonly filter: string;
  /** In plain words: `needs 4 cores, 1.5 free`. */
  readonly message: string;
  /** The smallest change that would place it: `lower --reserve-cpus to 1.5`. */
  readonly change: string;
}

/** Why a task has no node. */
export interface Unplaced {
  /** `no node is suitable: …`, one line. */
  readonly message: string;
  /** At most 20; the message counts the rest. */
  readonly refusals: readonly Refusal[];
}

/** A task in the store. */
export interface Task {
  readonly id: TaskId;
  readonly serviceId: ServiceId;
  readonly serviceName: string;
  /** Replica position from 1; 0 for global services, whose slot is the node. */
  readonly slot: number;
  readonly nodeId: NodeId | null;
  /** The service's revision that this task was made for. */
  readonly revision: number;
  readonly restartCount: number;
  /** The spec of that revision; shared with the service, never edited except in place. */
  readonly spec: TaskSpec;
  readonly desired: DesiredState;
  readonly status: TaskStatus;
  readonly unplaced: Unplaced | null;
  readonly createdMs: WallMs;
  readonly updatedMs: WallMs;
  readonly version: Version;
}

/** Bounds of what a status may carry, cut by the agent. */
export const STATUS_LIMITS = { lastLines: 10, lineChars: 300, messageChars: 1_000 } as const;
