/**
 * How far the present revision has come in one slot, for the strategies.
 *
 * Everything is read from the tasks themselves, so a new leader sees the same.
 */
import { type WallMs, wallMs } from "../lib/mod.ts";
import type { Service, Task } from "../model/mod.ts";
import { isServing, type Slot } from "./slot.ts";
import type { StrategyInput } from "./strategy.ts";

/**
 * `old`: not begun. `empty`: its next task is yet to be made. `trying`: the new task has to prove
 * itself. `settled`: it did. `failed`: it did not, at least not yet.
 */
export type Phase = "old" | "empty" | "trying" | "settled" | "failed";

/** One slot of a rollout. */
export interface ObservedSlot {
  readonly slot: Slot;
  readonly phase: Phase;
  /** The new task failed, even if it runs again by now. */
  readonly hasFailed: boolean;
  /** When the new task settles if it keeps running, or ended; null while it does not run. */
  readonly settlesMs: WallMs | null;
}

/** Looks at every slot. */
export function observe({ service, slots, nowMs }: StrategyInput): readonly ObservedSlot[] {
  return slots.map((slot) => {
    const { keeper } = slot;
    if (!keeper) {
      const phase = slot.outdated.length > 0 ? "old" : "empty";
      return { slot, phase, hasFailed: false, settlesMs: null };
    }
    const hasFailed = isOfRollout(service, keeper) &&
      (failedOnce(keeper) || endedInsteadOfServing(slot, keeper));
    const settlesMs = settlingTime(service, keeper);
    return { slot, phase: phaseOf(keeper, { hasFailed, settlesMs, nowMs }), hasFailed, settlesMs };
  });
}

/** Whether the task was made for the present revision, not kept from an equal earlier one. */
function isOfRollout(service: Service, task: Task): boolean {
  return task.revision === service.revision;
}

/** A restart on the node counts: the first attempt did not hold. */
function failedOnce({ status }: Task): boolean {
  return status.state === "failed" || status.state === "restarting" || status.restarts > 0;
}

/** Exiting with 0 is no failure, unless the task was to take over from one that serves. */
function endedInsteadOfServing(slot: Slot, keeper: Task): boolean {
  return keeper.status.state === "completed" && slot.outdated.some(isServing);
}

interface Attempt {
  readonly hasFailed: boolean;
  readonly settlesMs: WallMs | null;
  readonly nowMs: WallMs;
}

function phaseOf(keeper: Task, { hasFailed, settlesMs, nowMs }: Attempt): Phase {
  const { state } = keeper.status;
  if (state === "completed") return hasFailed ? "failed" : "settled";
  if (state === "failed") return "failed";
  if (settlesMs !== null && nowMs >= settlesMs) return "settled";
  return hasFailed ? "failed" : "trying";
}

/**
 * The agent's time of the change to running, kept within the store's own times, so that a node
 * whose clock is wrong can neither hold a rollout up nor wave it through.
 */
function settlingTime(service: Service, task: Task): WallMs | null {
  const seenMs = Math.max(task.createdMs, Math.min(task.status.atMs, task.updatedMs));
  if (isServing(task)) return wallMs(seenMs + service.spec.update.monitorMs);
  const { state } = task.status;
  return state === "failed" || state === "completed" ? wallMs(seenMs) : null;
}
