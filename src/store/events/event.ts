/**
 * Events: what happened, for people and programs that watch. They say where to look; state says
 * what is. Attributes carry ids, names and states, never data.
 */
import type { WallMs } from "../../lib/mod.ts";
import type { LogIndex, NodeId } from "../../model/mod.ts";

/** Every kind of event. `gap` stands for events that a reader can no longer get. */
export type EventType =
  | "service.created"
  | "service.updated"
  | "service.deleted"
  | "task.created"
  | "task.placed"
  | "task.unplaceable"
  | "task.running"
  | "task.restarting"
  | "task.stopped"
  | "task.completed"
  | "task.failed"
  | "task.oom"
  | "task.orphaned"
  | "task.healthy"
  | "task.unhealthy"
  | "node.joined"
  | "node.updated"
  | "node.ready"
  | "node.draining"
  | "node.down"
  | "node.left"
  | "node.promoted"
  | "node.demoted"
  | "deployment.started"
  | "deployment.step"
  | "deployment.paused"
  | "deployment.resumed"
  | "deployment.completed"
  | "deployment.failed"
  | "deployment.rolled_back"
  | `${"secret" | "config" | "volume"}.${"created" | "updated" | "deleted"}`
  | "leader.changed"
  | "gap";

/** One event. */
export interface ClusterEvent {
  /** Log index of the change; several events of one change share it. */
  readonly index: LogIndex;
  readonly timeMs: WallMs;
  readonly type: EventType;
  /** One line for people. */
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event before it gets the index and time of its change set. */
export type EventDraft = Omit<ClusterEvent, "index" | "timeMs">;

/** Finds the name of a node; the id stands in when it is gone. */
export type NodeName = (id: NodeId) => string;
