/**
 * Global services: one task on every node that suits them.
 *
 * A node that is drained or no longer suits loses its task; one that is merely paused, silent or
 * down keeps what it has and gets nothing new until it takes tasks again.
 */
import { emptySlot, type Slot, slotsOf } from "../deploy/mod.ts";
import type { Node, Service } from "../model/mod.ts";
import { belongsOn, Placer, requestOf, takesTasks } from "../scheduler/mod.ts";
import { isPending } from "../store/mod.ts";
import { endLost, endSlot, planFill } from "./fill.ts";
import { settle } from "./place.ts";
import { reap } from "./reap.ts";
import type { ServicePass } from "./service_pass.ts";

/** Brings one task of `service` to each suitable node. */
export function reconcileGlobal(pass: ServicePass, service: Service): void {
  const known = slotsOf(pass.view, service);
  const nodes = suitableNodes(pass, service);
  for (const slot of known.values()) if (!nodes.has(slot.key)) endSlot(pass, slot);
  const open: Slot[] = [];
  for (const node of nodes.values()) {
    const slot = known.get(node.id);
    if (takesTasks(node)) open.push(slot ?? emptySlot(node.id, node.id));
    else if (slot) endLost(pass, slot);
  }
  place(pass, service, { slots: open, missing: planFill(pass, service, open) });
  reap(pass, service, (key) => nodes.has(key));
}

function suitableNodes(pass: ServicePass, service: Service): ReadonlyMap<string, Node> {
  const request = requestOf(pass.view, service);
  const nodes = new Map<string, Node>();
  for (const node of pass.view.nodes()) {
    if (node.availability === "drain" || !belongsOn(pass.view, request, node)) continue;
    nodes.set(node.id, node);
  }
  return nodes;
}

function place(
  pass: ServicePass,
  service: Service,
  { slots, missing }: { readonly slots: readonly Slot[]; readonly missing: readonly Slot[] },
): void {
  const placer = new Placer(pass.view, requestOf(pass.view, service), []);
  for (const { keeper, nodeId } of slots) {
    const node = nodeId === null ? undefined : pass.view.node(nodeId);
    if (node && keeper && isPending(keeper)) settle(pass, keeper, placer.placeOn(node, 0));
  }
  for (const { nodeId } of missing) {
    const node = nodeId === null ? undefined : pass.view.node(nodeId);
    if (node) pass.create(service, 0, placer.placeOn(node, 0));
  }
}
