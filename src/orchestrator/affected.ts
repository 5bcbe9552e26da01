/**
 * Which services a pass has to reconcile, given what changed. Order is that of the notes, or of
 * creation on a full pass, so that the same state gives the same plan.
 */
import type { NodeId, ServiceId } from "../model/mod.ts";
import type { StateView } from "../store/mod.ts";
import type { Dirty } from "./dirty.ts";

/** Reasons of waiting tasks are renewed after a change of a node while this many checks suffice. */
const MAX_RENEWED_CHECKS = 20_000;

/** The services to reconcile. Costs their number, plus one look at every service if a node changed. */
export function affectedServices(view: StateView, dirty: Dirty): ReadonlySet<ServiceId> {
  if (dirty.full) return everyService(view);
  const services = new Set(dirty.services);
  for (const id of dirty.nodes) addServicesOfNode(view, id, services);
  if (dirty.nodes.size > 0) {
    addGlobalServices(view, services);
    addWaitingServices(view, services);
  } else if (dirty.freed && dirty.freed.size > 0) {
    addWaitingGlobals(view, services);
  }
  return services;
}

/** Services that exist, and those that are gone but still have tasks. */
function everyService(view: StateView): ReadonlySet<ServiceId> {
  const services = new Set<ServiceId>();
  for (const { id } of view.services()) services.add(id);
  for (const { serviceId } of view.tasks()) services.add(serviceId);
  return services;
}

function addServicesOfNode(view: StateView, id: NodeId, services: Set<ServiceId>): void {
  for (const { serviceId } of view.tasksOfNode(id)) services.add(serviceId);
}

/** Their reasons may have changed; on a large cluster that is left to the next full pass. */
function addWaitingServices(view: StateView, services: Set<ServiceId>): void {
  const waiting = new Set<ServiceId>();
  for (const { serviceId } of view.pendingTasks()) waiting.add(serviceId);
  if (waiting.size * count(view.nodes()) > MAX_RENEWED_CHECKS) return;
  for (const id of waiting) services.add(id);
}

/** Tasks of global services are tied to nodes, so they are never tried one by one. */
function addWaitingGlobals(view: StateView, services: Set<ServiceId>): void {
  for (const { serviceId } of view.pendingTasks()) {
    if (view.service(serviceId)?.spec.mode.kind === "global") services.add(serviceId);
  }
}

function count(items: Iterable<unknown>): number {
  let total = 0;
  for (const _ of items) total++;
  return total;
}

function addGlobalServices(view: StateView, services: Set<ServiceId>): void {
  for (const { id, spec } of view.services()) if (spec.mode.kind === "global") services.add(id);
}
