/** Services, their history and rollouts as the API shows them. */
import { type Rollout, type Service, serviceCounts } from "../../model/mod.ts";
import { serviceSpecToProto } from "../../rpc/convert/mod.ts";
import type {
  Rollout as RolloutMessage,
  Service as ServiceMessage,
} from "../../rpc/gen/warren/v1/service.ts";
import type { StateView } from "../../store/mod.ts";

/** A service with its counts, without its history. Cost is that of its tasks. */
export function serviceToProto(view: StateView, service: Service): ServiceMessage {
  const { desired, running } = serviceCounts(service, view.tasksOfService(service.id));
  return {
    id: service.id,
    spec: serviceSpecToProto(service.spec),
    revision: service.revision,
    history: [],
    rollout: service.rollout ? rolloutToProto(service.rollout) : undefined,
    createdMs: service.createdMs,
    updatedMs: service.updatedMs,
    version: service.version,
    desired,
    running,
  };
}

/** A service with its counts and its earlier revisions, newest first. */
export function serviceWithHistory(view: StateView, service: Service): ServiceMessage {
  const history = service.history.map(({ revision, spec, atMs }) => ({
    revision,
    spec: serviceSpecToProto(spec),
    atMs,
  }));
  return { ...serviceToProto(view, service), history };
}

function rolloutToProto(rollout: Rollout): RolloutMessage {
  const { state, fromRevision, toRevision, message, startedMs, endedMs, failures } = rollout;
  return { state, fromRevision, toRevision, message, startedMs, endedMs: endedMs ?? 0, failures };
}
