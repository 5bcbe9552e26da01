/**
 * ServiceService: what users ask for.
 *
 * Thin: it resolves, checks, proposes and answers with what the store then has. Whether anything runs
 * is the planner's and the agents' work.
 */
import { type FieldFault, WarrenError } from "../lib/mod.ts";
import {
  asId,
  fillHealthPort,
  type Service,
  type ServiceId,
  type ServiceSpec,
  specChange,
  validateServiceSpec,
} from "../model/mod.ts";
import {
  type Service as ServiceMessage,
  ServiceServiceService,
} from "../rpc/gen/warren/v1/service.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { Action } from "../store/mod.ts";
import { invalidSpec, specFromRequest } from "./check_spec.ts";
import type { ApiContext } from "./context.ts";
import { serviceToProto, serviceWithHistory } from "./convert/service.ts";
import { preEncoded } from "./encoded_rows.ts";
import { missingVolumes } from "./new_volume.ts";
import { isRepeated, propose, proposeFromState, type ProposingCall } from "./propose.ts";
import { resolveService } from "./resolve.ts";
import { ServiceList } from "./service_list.ts";
import { watchService } from "./service_watch.ts";

/** Services that one call may scale. */
const MAX_SCALED = 1_000;

/** The service to add to a server. */
export function serviceService(context: ApiContext): ServedService {
  const { view } = context;
  const list = new ServiceList(view, context.feed);
  const definition = {
    ...ServiceServiceService,
    listServices: preEncoded(ServiceServiceService.listServices),
  };
  return serve(definition, {
    createService: async ({ spec }, call) => {
      return { service: await createService(context, specFromRequest(view, "create", spec), call) };
    },
    getService: ({ ref }) => {
      return { service: serviceWithHistory(view, resolveService(view, ref)) };
    },
    listServices: () => list.encoded(),
    updateService: async (request, call) => {
      const { id, spec: before } = resolveService(view, request.ref);
      const message = request.spec && { ...request.spec, name: request.spec.name || before.name };
      const spec = specFromRequest(view, "update", message);
      await proposeFromState(context, () => {
        const service = resolveService(view, id);
        if (!isRepeated(context, call)) refuseOtherVersion(service, request.ifVersion);
        const ifVersion = request.ifVersion === 0 ? {} : { ifVersion: service.version };
        return [...missingVolumes(context, spec), {
          kind: "service.update",
          id,
          spec,
          ...ifVersion,
        }];
      }, call);
      const change = specChange(before, spec);
      return { service: stored(context, id), change };
    },
    scaleServices: async ({ replicas }, call) => {
      const wanted = Object.entries(replicas);
      checkScaleSize(wanted.length);
      let ids: readonly ServiceId[] = [];
      await proposeFromState(context, () => {
        const actions = wanted.map(([ref, count]) => scale(resolveService(view, ref), count));
        ids = actions.map(({ id }) => id);
        return actions;
      }, call);
      return { services: [...new Set(ids)].map((id) => stored(context, id)) };
    },
    rollbackService: async ({ ref, toRevision }, call) => {
      const { id } = resolveService(view, ref);
      await proposeFromState(context, () => {
        const service = resolveService(view, id);
        const { spec } = findRevision(service, toRevision);
        return [
          ...missingVolumes(context, spec),
          { kind: "service.update", id, spec, ifVersion: service.version, rollback: true },
        ];
      }, call);
      return { service: stored(context, id) };
    },
    restartService: async ({ ref }, call) => {
      const { id } = resolveService(view, ref);
      await propose(context, [{ kind: "service.restart", id }], call);
      return { service: stored(context, id) };
    },
    removeService: async ({ ref }, call) => {
      if (isRepeated(context, call)) return { id: ref };
      const { id } = resolveService(view, ref);
      await propose(context, [{ kind: "service.remove", id }], call);
      return { id };
    },
    watchService: (request, call) => watchService(context, request, call),
  });
}

async function createService(
  context: ApiContext,
  spec: ServiceSpec,
  call: ProposingCall,
): Promise<ServiceMessage> {
  const id = asId<ServiceId>(context.ids.next());
  await proposeFromState(context, () => [
    ...missingVolumes(context, spec),
    { kind: "service.create", service: { id, spec } },
  ], call);
  // By name: a repeated request was carried out under the id of its first attempt.
  return serviceToProto(context.view, resolveService(context.view, spec.name));
}

function stored({ view }: ApiContext, id: ServiceId): ServiceMessage {
  return serviceToProto(view, resolveService(view, id));
}

function checkScaleSize(count: number): void {
  if (count === 0) throw new WarrenError("BAD_REQUEST", "Cannot scale: no service was named");
  if (count > MAX_SCALED) {
    throw new WarrenError(
      "BAD_REQUEST",
      `Cannot scale ${count} services at once: the most is ${MAX_SCALED}`,
    );
  }
}

type Update = Extract<Action, { kind: "service.update" }>;

/** @throws WarrenError INVALID_SPEC when the mode has no number of tasks, or the number is wrong. */
function scale(service: Service, count: number): Update {
  const { mode } = service.spec;
  if (mode.kind === "global") {
    const message = "a global service has one task on every node: use --constraint to choose nodes";
    throw invalidSpec("scale", service.spec.name, [{ path: "mode", message }]);
  }
  const scaled = mode.kind === "job"
    ? { ...mode, completions: count }
    : { kind: mode.kind, replicas: count };
  const spec = { ...service.spec, mode: scaled };
  const faults: readonly FieldFault[] = validateServiceSpec(fillHealthPort(spec));
  if (faults.length > 0) throw invalidSpec("scale", spec.name, faults);
  return { kind: "service.update", id: service.id, spec, ifVersion: service.version };
}

function findRevision(service: Service, wanted: number): { readonly spec: ServiceSpec } {
  const { name } = service.spec;
  const [previous] = service.history;
  const found = wanted === 0
    ? previous
    : service.history.find(({ revision }) => revision === wanted);
  if (found) return found;
  if (wanted === 0) {
    throw new WarrenError(
      "NO_REVISION",
      `Cannot roll back service "${name}": it has no earlier revision`,
    );
  }
  const isNow = wanted === service.revision;
  const state = isNow ? "it is at that revision now" : "that revision is not kept";
  const message = `Cannot roll back service "${name}" to revision ${wanted}: ${state}`;
  throw new WarrenError(isNow ? "NO_REVISION" : "REVISION_NOT_FOUND", message);
}

/** Said here rather than by apply, so that deciding anew does not try again in vain. */
function refuseOtherVersion({ spec, version }: Service, wanted: number): void {
  if (wanted === 0 || wanted === version) return;
  const message =
    `Cannot update service "${spec.name}": it is at version ${version}, not ${wanted}`;
  throw new WarrenError("VERSION_CONFLICT", message);
}
