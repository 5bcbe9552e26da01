/**
 * Rules of services: revisions, history, rollouts and removal.
 *
 * A spec that needs new tasks makes the next revision; one that does not is put in place, on the
 * live tasks too, so that their agents see it. A service only ever names secrets and configs that
 * exist.
 */
import {
  asId,
  currencyOf,
  MAX_REVISIONS,
  type Revision,
  type Rollout,
  type Service,
  type ServiceId,
  type ServiceSpec,
  specChange,
} from "../../model/mod.ts";
import type { Action } from "../action.ts";
import { type Outcome, refuse, refuseOtherVersion } from "./refusal.ts";
import { sameData } from "./same.ts";
import { desiredTask, isLive, stamped } from "../task_change.ts";
import type { Transaction } from "../transaction.ts";

type Of<Kind> = Extract<Action, { kind: Kind }>;

/** Adds a service at revision 1. */
export function createService(tx: Transaction, { service }: Of<"service.create">): Outcome {
  const { id, spec } = service;
  const doing = `create service "${spec.name}"`;
  if (tx.view.rows.services.isUsed(id)) {
    return refuse("ID_TAKEN", `Cannot ${doing}: a service with its id exists`);
  }
  if (tx.view.serviceByName(spec.name)) {
    return refuse("SERVICE_NAME_TAKEN", `Cannot ${doing}: the name is taken`);
  }
  // Names come before ids when things are looked up: whoever uses the id would reach this one.
  if (tx.view.service(asId<ServiceId>(spec.name))) {
    return refuse("SERVICE_NAME_TAKEN", `Cannot ${doing}: a service has that id`);
  }
  const missing = refuseMissingFiles(tx, doing, spec);
  if (missing) return missing;
  const { atMs, version } = tx.stamp;
  tx.put("services", {
    id,
    spec,
    revision: 1,
    restartCount: 0,
    history: [],
    rollout: null,
    createdMs: atMs,
    updatedMs: atMs,
    version,
  });
  return null;
}

/** Gives a service another spec; one that is equal changes nothing. */
export function updateService(tx: Transaction, action: Of<"service.update">): Outcome {
  const service = tx.view.service(action.id);
  if (!service) return notFound("update", action.id);
  const { spec } = action;
  const doing = `update service "${service.spec.name}"`;
  const conflict = refuseOtherVersion(doing, service, action.ifVersion);
  if (conflict) return conflict;
  if (spec.name !== service.spec.name) {
    return refuse("INVALID_SPEC", `Cannot ${doing}: a service cannot be renamed`);
  }
  const missing = refuseMissingFiles(tx, doing, spec);
  if (missing) return missing;
  switch (specChange(service.spec, spec)) {
    case "none":
      return null;
    case "in_place":
      return updateInPlace(tx, service, spec);
    case "replace":
      return updateRevision(tx, service, action);
  }
}

function updateInPlace(tx: Transaction, service: Service, spec: ServiceSpec): Outcome {
  const task = sameData(service.spec.task, spec.task) ? service.spec.task : spec.task;
  put(tx, { ...service, spec: { ...spec, task } });
  if (task === service.spec.task) return null;
  const isCurrent = currencyOf(service);
  for (const known of [...tx.view.tasksOfService(service.id)]) {
    if (!isLive(known) || !isCurrent(known)) continue;
    tx.put("tasks", stamped({ ...known, spec: task }, tx.stamp));
  }
  return null;
}

function updateRevision(tx: Transaction, service: Service, action: Of<"service.update">): Outcome {
  const toRevision = service.revision + 1;
  const old: Revision = {
    revision: service.revision,
    spec: service.spec,
    atMs: revisionStartMs(service),
  };
  put(tx, {
    ...service,
    spec: action.spec,
    revision: toRevision,
    history: [old, ...service.history].slice(0, MAX_REVISIONS),
    rollout: startedRollout(tx, service, toRevision, action.rollback ? "rolling_back" : "updating"),
  });
  return null;
}

/** When the present revision was asked for. */
function revisionStartMs(service: Service) {
  return service.rollout?.toRevision === service.revision
    ? service.rollout.startedMs
    : service.createdMs;
}

/** Asks for new tasks of the same revision. */
export function restartService(tx: Transaction, { id }: Of<"service.restart">): Outcome {
  const service = tx.view.service(id);
  if (!service) return notFound("restart", id);
  const restartCount = service.restartCount + 1;
  const rollout = startedRollout(tx, service, service.revision, "updating");
  put(tx, { ...service, restartCount, rollout });
  return null;
}

/** A rollout that begins now; with no live task there is nothing to replace and it is complete. */
function startedRollout(
  tx: Transaction,
  service: Service,
  toRevision: number,
  state: "updating" | "rolling_back",
): Rollout {
  const { atMs } = tx.stamp;
  const hasLive = some(tx.view.tasksOfService(service.id), isLive);
  return {
    state: hasLive ? state : state === "updating" ? "completed" : "rolled_back",
    fromRevision: service.revision,
    toRevision,
    message: "",
    startedMs: atMs,
    stepMs: atMs,
    endedMs: hasLive ? null : atMs,
    failures: 0,
  };
}

/** Records the progress of the rollout to `revision`; a later revision makes it stale. */
export function setRollout(tx: Transaction, action: Of<"service.rollout">): Outcome {
  const service = tx.view.service(action.id);
  if (!service || service.revision !== action.revision) {
    const state = service ? `it is at revision ${service.revision}` : "it was removed";
    const name = service?.spec.name ?? action.id;
    return refuse("STALE_PLAN", `Cannot continue the rollout of service "${name}": ${state}`);
  }
  put(tx, { ...service, rollout: action.rollout });
  return null;
}

/** Removes a service and asks for the removal of its tasks. */
export function removeService(tx: Transaction, action: Of<"service.remove">): Outcome {
  const service = tx.view.service(action.id);
  if (!service) return notFound("remove", action.id);
  const doing = `remove service "${service.spec.name}"`;
  const conflict = refuseOtherVersion(doing, service, action.ifVersion);
  if (conflict) return conflict;
  tx.remove("services", service.id);
  for (const task of [...tx.view.tasksOfService(service.id)]) {
    if (task.desired !== "remove") tx.put("tasks", desiredTask(task, "remove", tx.stamp));
  }
  return null;
}

function put(tx: Transaction, service: Service): void {
  const { atMs, version } = tx.stamp;
  tx.put("services", { ...service, updatedMs: atMs, version });
}

/** Checked here too, since a secret may have gone between the check at the API and the commit. */
function refuseMissingFiles(tx: Transaction, doing: string, spec: ServiceSpec): Outcome {
  for (const { name } of spec.task.secrets) {
    if (tx.view.secretByName(name)) continue;
    return refuse("SECRET_NOT_FOUND", `Cannot ${doing}: secret "${name}" does not exist`);
  }
  for (const { name } of spec.task.configs) {
    if (tx.view.configByName(name)) continue;
    return refuse("CONFIG_NOT_FOUND", `Cannot ${doing}: config "${name}" does not exist`);
  }
  return null;
}

function notFound(verb: string, id: ServiceId): Outcome {
  return refuse("SERVICE_NOT_FOUND", `Cannot ${verb} service "${id}": there is no such service`);
}

function some<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (holds(item)) return true;
  return false;
}
