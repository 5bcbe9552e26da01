/**
 * Keeps the wanted slots of a service filled: replaces what was lost, empties drained nodes, takes
 * the next step of a rollout and makes what is missing.
 *
 * Shared by the replicated and global reconcilers, which say which slots are wanted. Placement is
 * theirs too: what is returned has to be created.
 */
import { type WallMs, wallMs } from "../lib/mod.ts";
import {
  isOccupied,
  isServing,
  type Order,
  orderOf,
  planRolling,
  type Rollback,
  type Slot,
} from "../deploy/mod.ts";
import { isTerminal, type Service, type Task } from "../model/mod.ts";
import type { ServicePass } from "./service_pass.ts";

/** Ends what has to go from `slots`; returns the slots that need a new task now. */
export function planFill(
  pass: ServicePass,
  service: Service,
  slots: readonly Slot[],
): readonly Slot[] {
  const order = orderOf(service.spec);
  const waiting = new Set<Slot>();
  for (const slot of slots) {
    if (!endLost(pass, slot)) waiting.add(slot);
    pass.shutDown(slot.spares);
    pass.shutDown(slot.evicted.filter((task) => maySurrender(slot, task, order)));
  }
  const decision = planRolling({ service, slots, nowMs: pass.nowMs });
  pass.shutDown(decision.retire);
  pass.wakeAt(decision.wakeAtMs);
  if (decision.rollback) return planRollback(pass, service, decision.rollback);
  if (decision.rollout) {
    const { rollout } = decision;
    pass.emit({ kind: "service.rollout", id: service.id, revision: service.revision, rollout });
  }
  const replaced = new Set(decision.replace);
  return slots.filter((slot) =>
    !slot.keeper && (slot.outdated.length === 0 || replaced.has(slot)) &&
    !waiting.has(slot) && (order === "start-first" || isVacant(pass, slot))
  );
}

/** Tells all tasks of a slot that is not wanted to end. */
export function endSlot(pass: ServicePass, slot: Slot): void {
  const { keeper, spares, outdated, evicted, lost } = slot;
  pass.shutDown([...(keeper ? [keeper] : []), ...spares, ...outdated, ...evicted, ...lost]);
}

/**
 * Ends what is left of lost tasks, so that a node that returns stops them. False while the
 * replacement has to wait: a task that stops for no known reason is not started in a tight loop.
 * Where the slot has another task there is nothing to wait for.
 */
export function endLost(pass: ServicePass, slot: Slot): boolean {
  let isFree = true;
  for (const task of slot.lost) {
    const atMs = replaceableMs(task);
    if (atMs <= pass.nowMs || isOccupied(slot)) {
      pass.shutDown([task]);
    } else {
      pass.wakeAt(atMs);
      isFree = false;
    }
  }
  return isFree;
}

function replaceableMs(task: Task): WallMs {
  if (task.status.state === "orphaned") return wallMs(0);
  return wallMs(task.updatedMs + task.spec.restart.delayMs);
}

/**
 * Whether a task may leave its drained node: at once when it does not serve or has to stop before
 * its successor starts, or when another serves the slot; else when the successor serves. Draining
 * is an order: where no successor can be placed, the task goes all the same.
 */
function maySurrender({ keeper, outdated, evicted }: Slot, task: Task, order: Order): boolean {
  if (order === "stop-first" || !isServing(task)) return true;
  if (outdated.some(isServing) || evicted.find(isServing) !== task) return true;
  if (!keeper) return false;
  return isServing(keeper) || isTerminal(keeper.status.state) || keeper.unplaced !== null;
}

/** Whether nothing of the slot may still run, as this pass sees it. */
function isVacant(pass: ServicePass, slot: Slot): boolean {
  return [...slot.outdated, ...slot.evicted, ...slot.stopping, ...slot.spares].every(({ id }) => {
    const task = pass.view.task(id);
    return !task || task.nodeId === null || isTerminal(task.status.state);
  });
}

/** The earlier spec becomes the next revision; what it needs is decided once it is there. */
function planRollback(pass: ServicePass, service: Service, rollback: Rollback): readonly Slot[] {
  const { spec, rollout } = rollback;
  pass.emitLast([
    { kind: "service.update", id: service.id, spec, ifVersion: service.version, rollback: true },
    { kind: "service.rollout", id: service.id, revision: rollout.toRevision, rollout },
  ]);
  return [];
}
