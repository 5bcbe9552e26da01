/**
 * Jobs: every slot runs once to a zero exit, so many at a time.
 *
 * A slot whose task completed, or failed for good under its restart policy, is done. A new revision
 * or `service restart` runs all of them anew; what still runs the old way is ended.
 */
import { emptySlot, type Slot, slotsOf } from "../deploy/mod.ts";
import { isTerminal, type Service, type ServiceMode } from "../model/mod.ts";
import { endLost, endSlot } from "./fill.ts";
import { placeAnywhere } from "./place.ts";
import { reap } from "./reap.ts";
import type { ServicePass } from "./service_pass.ts";

type JobMode = Extract<ServiceMode, { kind: "job" }>;

/** Runs what is left of the job, within its parallelism. */
export function reconcileJob(pass: ServicePass, service: Service, mode: JobMode): void {
  const known = slotsOf(pass.view, service);
  const slots: Slot[] = [];
  for (let number = 1; number <= mode.completions; number++) {
    const key = String(number);
    slots.push(known.get(key) ?? emptySlot(key, null));
  }
  const wanted = new Set(slots.map(({ key }) => key));
  for (const slot of known.values()) if (!wanted.has(slot.key)) endSlot(pass, slot);
  let running = 0;
  const startable: Slot[] = [];
  for (const slot of slots) {
    pass.shutDown([...slot.spares, ...slot.outdated, ...slot.evicted]);
    const isFree = endLost(pass, slot);
    if (slot.keeper) running += isTerminal(slot.keeper.status.state) ? 0 : 1;
    else if (isFree && hasStopped(pass, slot)) startable.push(slot);
  }
  endRollout(pass, service);
  const missing = startable.slice(0, Math.max(0, mode.parallelism - running));
  placeAnywhere(pass, service, { slots, missing });
  reap(pass, service, (key) => wanted.has(key));
}

/** A job must not run twice at a time in one slot. */
function hasStopped(pass: ServicePass, slot: Slot): boolean {
  return [...slot.outdated, ...slot.evicted, ...slot.stopping].every(({ id }) => {
    const task = pass.view.task(id);
    return !task || task.nodeId === null || isTerminal(task.status.state);
  });
}

/** The old tasks of a job are ended at once, so its rollout is over as soon as it began. */
function endRollout(pass: ServicePass, service: Service): void {
  const { rollout } = service;
  if (!rollout || rollout.endedMs !== null) return;
  const state = rollout.state === "rolling_back" ? "rolled_back" : "completed";
  pass.emit({
    kind: "service.rollout",
    id: service.id,
    revision: service.revision,
    rollout: { ...rollout, state, endedMs: pass.nowMs },
  });
}
