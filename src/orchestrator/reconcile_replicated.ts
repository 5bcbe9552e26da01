/**
 * Replicated services: as many slots as there are replicas, each filled by one task.
 *
 * Slots are numbered from 1; a new one takes the lowest free number. When there are too many, those
 * go first that do the least.
 */
import { emptySlot, isOccupied, type Slot, slotsOf, worth } from "../deploy/mod.ts";
import type { Service } from "../model/mod.ts";
import { endSlot, planFill } from "./fill.ts";
import { placeAnywhere } from "./place.ts";
import { reap } from "./reap.ts";
import type { ServicePass } from "./service_pass.ts";

/** Brings the tasks of `service` to `replicas` slots. */
export function reconcileReplicated(pass: ServicePass, service: Service, replicas: number): void {
  const known = slotsOf(pass.view, service);
  const slots = wantedSlots(known, replicas);
  const wanted = new Set(slots.map(({ key }) => key));
  for (const slot of known.values()) if (!wanted.has(slot.key)) endSlot(pass, slot);
  const missing = planFill(pass, service, slots);
  placeAnywhere(pass, service, { slots, missing });
  reap(pass, service, (key) => wanted.has(key));
}

/** The slots to keep and to fill, by number. */
function wantedSlots(known: ReadonlyMap<string, Slot>, replicas: number): readonly Slot[] {
  const held = [...known.values()].filter((slot) =>
    slot.number > 0 && (isOccupied(slot) || slot.lost.length > 0)
  );
  const kept = held.length > replicas ? held.sort(bestFirst).slice(0, replicas) : held;
  const taken = new Set(kept.map(({ key }) => key));
  const slots = [...kept];
  for (let number = 1; slots.length < replicas; number++) {
    const key = String(number);
    if (!taken.has(key)) slots.push(known.get(key) ?? emptySlot(key, null));
  }
  return slots.sort((a, b) => a.number - b.number);
}

function bestFirst(a: Slot, b: Slot): number {
  return slotWorth(b) - slotWorth(a) || a.number - b.number;
}

/** What would be lost with the slot; what has to move or change anyway is worth a little less. */
function slotWorth({ keeper, outdated, evicted }: Slot): number {
  return Math.max(
    -1,
    keeper ? worth(keeper) : -1,
    ...outdated.map((task) => worth(task) - 0.25),
    ...evicted.map((task) => worth(task) - 0.5),
  );
}
