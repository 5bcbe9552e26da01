/**
 * ManifestService: several resources planned, then applied as one change or not at all.
 *
 * Planning is the manifest folder's; here the cluster is read for it, secrets are opened and sealed,
 * and the plan is proposed with the precondition that nothing it looked at has changed. When it has,
 * everything is planned anew, a bounded number of times.
 */
import { type FieldFault, WarrenError } from "../lib/mod.ts";
import {
  type Change,
  type ManifestPlan,
  type PlacedResource,
  planManifests,
} from "../manifest/mod.ts";
import type { Sealed } from "../model/mod.ts";
import {
  type ApplyManifestRequest,
  ManifestServiceService,
  type PlannedPlacement,
  type ResourceChange,
} from "../rpc/gen/warren/v1/manifest.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ObjectVersion } from "../store/mod.ts";
import type { ApiContext } from "./context.ts";
import { currentState, OpenedSecrets } from "./manifests/current_state.ts";
import { planActions, type SealedSecrets, versionsOf } from "./manifests/plan_actions.ts";
import { resourcesFromProto } from "./manifests/resources_from_proto.ts";
import { propose } from "./propose.ts";

/** Times that a plan is made anew because the cluster changed meanwhile. */
const MAX_ATTEMPTS = 5;

/** Stands for sealed data where only placement is asked for. */
const NOT_SEALED: Sealed = { keyId: "", nonce: "", box: "" };

/** The service to add to a server. */
export function manifestService(context: ApiContext): ServedService {
  return serve(ManifestServiceService, {
    planManifest: async (request) => {
      const planned = await plan(context, request);
      const { changes, secrets } = planned;
      try {
        const placements = preview(context, planned);
        const index = context.view.index;
        return { changes: changes.map(changeToProto), placements: [...placements], index };
      } finally {
        secrets.wipe();
      }
    },
    applyManifest: async (request, call) => {
      for (let attempt = 1;; attempt++) {
        const planned = await plan(context, request);
        const { changes, secrets } = planned;
        try {
          const sealed = await seal(context, secretsToSeal(context, planned));
          const actions = planActions(context, planned, sealed);
          if (actions.length > 0) await propose(context, actions, call);
          return { changes: changes.map(changeToProto) };
        } catch (error) {
          const isRace = error instanceof WarrenError && error.reason === "VERSION_CONFLICT";
          if (!isRace || attempt >= MAX_ATTEMPTS) throw error;
        } finally {
          secrets.wipe();
        }
      }
    },
  });
}

interface Planned {
  readonly changes: readonly Change[];
  /** Of everything that the changes are about, at the time of the plan. */
  readonly versions: readonly ObjectVersion[];
  /** Opened for comparing; the caller wipes it. */
  readonly secrets: OpenedSecrets;
}

/** @throws WarrenError INVALID_MANIFEST with every fault of every resource. */
async function plan(context: ApiContext, request: ApplyManifestRequest): Promise<Planned> {
  const faults: FieldFault[] = [];
  const resources = resourcesFromProto(request.resources, faults);
  const planned = await planCurrent(context, resources, request);
  const { secrets } = planned;
  faults.push(...planned.faults);
  if (faults.length === 0) return planned;
  secrets.wipe();
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  throw new WarrenError("INVALID_MANIFEST", `Cannot apply the manifest: it has ${count}`, {
    faults,
  });
}

/** Plans within the turn in which the opened secrets are those of the store. */
async function planCurrent(
  context: ApiContext,
  resources: readonly PlacedResource[],
  { stack, prune }: ApplyManifestRequest,
): Promise<Planned & ManifestPlan> {
  const { view } = context;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const secrets = await OpenedSecrets.open(context, resources);
    if (secrets.isCurrent(view, resources)) {
      const result = planManifests(resources, currentState(view, secrets), { stack, prune });
      return { ...result, secrets, versions: versionsOf(context, result.changes) };
    }
    secrets.wipe();
  }
  throw new WarrenError("VERSION_CONFLICT", "Cannot plan: the secrets change all the time");
}

type SecretData = readonly { readonly name: string; readonly data: Uint8Array }[];

/** The secrets of the plan whose data is new. */
function secretsToSeal({ view }: ApiContext, { changes, secrets }: Planned): SecretData {
  return changes.flatMap(({ action, resource }) => {
    if (resource?.kind !== "secret" || action === "unchanged") return [];
    const found = view.secretByName(resource.name);
    return found && secrets.hasSameData(found, resource.data) ? [] : [resource];
  });
}

async function seal({ sealer }: ApiContext, data: SecretData): Promise<SealedSecrets> {
  const sealed = new Map<string, Sealed>();
  for (const { name, data: bytes } of data) {
    sealed.set(name, await sealer.seal({ purpose: "secret", name }, Uint8Array.from(bytes)));
  }
  return sealed;
}

function preview(context: ApiContext, planned: Planned): readonly PlannedPlacement[] {
  const { changes } = planned;
  const hasService = changes.some(({ kind, action }) =>
    kind === "service" && action !== "unchanged"
  );
  if (!hasService) return [];
  const secrets = secretsToSeal(context, planned);
  const sealed = new Map(secrets.map(({ name }) => [name, NOT_SEALED]));
  const actions = planActions(context, planned, sealed);
  return context.previewPlacements(actions).map(({ serviceName, slot, nodeName, message }) => {
    return { service: serviceName, slot, node: nodeName, message };
  });
}

function changeToProto({ kind, name, action, diff }: Change): ResourceChange {
  const shown = diff.map(({ path, before, after }) => {
    return { path, before: before ?? undefined, after: after ?? undefined };
  });
  return { kind, name, action, diff: shown };
}
