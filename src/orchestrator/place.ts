/**
 * Gives nodes to new and waiting tasks, or records why they have none.
 *
 * Used by the reconcilers at the end of their pass over a service, and for tasks of other services
 * when a node has more room than before.
 */
import type { Slot } from "../deploy/mod.ts";
import type { Node, Service, Task, Unplaced } from "../model/mod.ts";
import { type Placement, Placer, requestOf } from "../scheduler/mod.ts";
import { isPending } from "../store/mod.ts";
import type { ServicePass } from "./service_pass.ts";

/** Waiting tasks of one service that carry the reason node by node; the others have the line. */
const MAX_DETAILED = 5;

/** Places the waiting tasks of `slots`, then new ones for `missing`, wherever there is room. */
export function placeAnywhere(
  pass: ServicePass,
  service: Service,
  { slots, missing }: { readonly slots: readonly Slot[]; readonly missing: readonly Slot[] },
): void {
  const waiting = slots.flatMap(({ keeper }) => keeper && isPending(keeper) ? [keeper] : []);
  if (waiting.length + missing.length === 0) return;
  const placer = new Placer(pass.view, requestOf(pass.view, service));
  const reasons = new Reasons();
  for (const task of waiting) {
    settle(pass, task, reasons.shorten(placer.place(task.slot)));
  }
  for (const { number } of missing) {
    pass.create(service, number, reasons.shorten(placer.place(number)));
  }
}

/** Tries to place `waiting` tasks of one service on `nodes` only; reasons are left as they are. */
export function placeOnNodes(
  pass: ServicePass,
  service: Service,
  { waiting, nodes }: { readonly waiting: readonly Task[]; readonly nodes: readonly Node[] },
): void {
  const placer = new Placer(pass.view, requestOf(pass.view, service), nodes);
  const isAnySlotLike = service.spec.placement.maxPerNode === 0;
  for (const task of waiting) {
    const nodeId = placer.findNode(task.slot);
    if (nodeId === null && isAnySlotLike) return;
    if (nodeId === null) continue;
    pass.emit({ kind: "task.place", id: task.id, nodeId });
  }
}

/** A waiting task gets its node, or a reason that differs from the one it has. */
export function settle(pass: ServicePass, task: Task, placement: Placement): void {
  const { nodeId, unplaced } = placement;
  if (nodeId !== null) pass.emit({ kind: "task.place", id: task.id, nodeId });
  else if (task.unplaced?.message !== unplaced.message) {
    pass.emit({ kind: "task.unplaced", id: task.id, unplaced });
  }
}

/** Leaves the long form of the reasons to the first few tasks of a service. */
class Reasons {
  #detailed = 0;

  shorten(placement: Placement): Placement {
    if (placement.nodeId !== null || this.#detailed++ < MAX_DETAILED) return placement;
    const unplaced: Unplaced = { message: placement.unplaced.message, refusals: [] };
    return { nodeId: null, unplaced };
  }
}
