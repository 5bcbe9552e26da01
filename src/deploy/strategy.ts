/**
 * What every rollout strategy takes and gives. Strategies are pure: they decide which slots get a
 * new task and which old tasks may go; the planner creates, places and ends tasks.
 */
import type { WallMs } from "../lib/mod.ts";
import type { Rollout, Service, ServiceSpec, Task, TaskSpec } from "../model/mod.ts";
import type { Slot } from "./slot.ts";

/** What a strategy looks at. */
export interface StrategyInput {
  readonly service: Service;
  /** The slots that the service is to have, and no others, in the order of replacement. */
  readonly slots: readonly Slot[];
  readonly nowMs: WallMs;
}

/** What is to happen in this pass. */
export interface RolloutDecision {
  /** Slots that get a task of the present revision now. */
  readonly replace: readonly Slot[];
  /** Tasks to shut down now. */
  readonly retire: readonly Task[];
  /** Progress to record; null when nothing changed. */
  readonly rollout: Rollout | null;
  /** Set when the service goes back to an earlier spec; nothing else is then to be created. */
  readonly rollback: Rollback | null;
  /** When to look again if nothing happens until then. */
  readonly wakeAtMs: WallMs | null;
}

/** A way back. */
export interface Rollback {
  readonly spec: ServiceSpec;
  /** The rollout of the revision that the spec will make. */
  readonly rollout: Rollout;
}

/** Which of the old and the new task of a slot comes first. */
export type Order = "start-first" | "stop-first";

/**
 * The order of replacement. A fixed host port cannot be held twice on a node, and two tasks that
 * write to one volume may harm it: `auto` then stops the old task first.
 */
export function orderOf(spec: ServiceSpec): Order {
  if (spec.update.order !== "auto") return spec.update.order;
  return holdsAlone(spec.task) ? "stop-first" : "start-first";
}

function holdsAlone(task: TaskSpec): boolean {
  return task.mounts.some((mount) => !mount.readOnly) ||
    task.ports.some((port) => port.publishMode === "host" && port.hostPort > 0);
}
