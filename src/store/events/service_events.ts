/**
 * Events of services and of their rollouts.
 */
import type { Rollout, Service } from "../../model/mod.ts";
import type { EventDraft } from "./event.ts";

/** What happened to a service and its rollout. */
export function serviceEvents(
  before: Service | null,
  after: Service | null,
): readonly EventDraft[] {
  const service = after ?? before;
  if (!service) return [];
  const { name } = service.spec;
  const attributes = { service: name, serviceId: service.id, revision: String(service.revision) };
  if (!before) {
    return [{ type: "service.created", message: `service "${name}" created`, attributes }];
  }
  if (!after) {
    return [{ type: "service.deleted", message: `service "${name}" deleted`, attributes }];
  }
  const drafts: EventDraft[] = [];
  const isRestarted = before.restartCount !== after.restartCount;
  if (isRestarted || before.spec !== after.spec) {
    const what = isRestarted ? "restarted" : updateText(before, after);
    drafts.push({ type: "service.updated", message: `service "${name}" ${what}`, attributes });
  }
  if (after.rollout && before.rollout !== after.rollout) {
    drafts.push(...rolloutEvents(after, before.rollout, after.rollout));
  }
  return drafts;
}

function updateText(before: Service, after: Service): string {
  return before.revision === after.revision
    ? "updated in place"
    : `updated to revision ${after.revision}`;
}

function rolloutEvents(
  service: Service,
  before: Rollout | null,
  after: Rollout,
): readonly EventDraft[] {
  const isNew = before === null || before.toRevision !== after.toRevision ||
    before.startedMs !== after.startedMs;
  const types: EventDraft["type"][] = [];
  if (isNew) types.push("deployment.started");
  if (isNew || before.state !== after.state) {
    const type = typeOfState(after, isNew ? null : before);
    if (type) types.push(type);
  } else if (before.stepMs !== after.stepMs) {
    types.push("deployment.step");
  }
  return types.map((type) => rolloutEvent(service, after, type));
}

function typeOfState(after: Rollout, before: Rollout | null): EventDraft["type"] | undefined {
  switch (after.state) {
    case "updating":
    case "rolling_back":
      return before?.state === "paused" ? "deployment.resumed" : undefined;
    case "paused":
      return "deployment.paused";
    case "completed":
      return "deployment.completed";
    case "failed":
      return "deployment.failed";
    case "rolled_back":
      return "deployment.rolled_back";
  }
}

function rolloutEvent(service: Service, rollout: Rollout, type: EventDraft["type"]): EventDraft {
  const { name } = service.spec;
  const { fromRevision, toRevision, state, failures, message } = rollout;
  const verb = type.slice(type.indexOf(".") + 1).replace("_", " ");
  const way = `revision ${fromRevision} to ${toRevision}`;
  const why = message === "" ? "" : `: ${message}`;
  return {
    type,
    message: `deployment of service "${name}" (${way}) ${verb}${why}`,
    attributes: {
      service: name,
      serviceId: service.id,
      fromRevision: String(fromRevision),
      toRevision: String(toRevision),
      state,
      failures: String(failures),
    },
  };
}
