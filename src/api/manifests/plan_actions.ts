/**
 * The actions that carry a manifest plan out, as one atomic proposal.
 *
 * Pure but for ids and time. The first action is the precondition: that everything the plan looked
 * at is still as it was.
 */
import { assert, WarrenError } from "../../lib/mod.ts";
import type { Change, Resource } from "../../manifest/mod.ts";
import {
  asId,
  asIndex,
  type ConfigId,
  type Sealed,
  type SecretId,
  type ServiceId,
  type Version,
  type VolumeId,
} from "../../model/mod.ts";
import type { Action, ObjectVersion } from "../../store/mod.ts";
import type { ApiContext } from "../context.ts";
import { missingVolumes } from "../new_volume.ts";

/** What is needed to make actions. */
export type ActionParts = Pick<ApiContext, "view" | "ids" | "clock">;

/** The sealed data of each secret that gets new data, by its name. */
export type SealedSecrets = ReadonlyMap<string, Sealed>;

/** The version of everything that `changes` are about, as the view has it now. */
export function versionsOf(
  parts: Pick<ActionParts, "view">,
  changes: readonly Change[],
): readonly ObjectVersion[] {
  return changes.map((change) => versionOf(parts, change));
}

/**
 * The actions for `changes`; none when nothing changes.
 *
 * @throws WarrenError VERSION_CONFLICT when something is no longer at the `versions` it was planned at.
 */
export function planActions(
  parts: ActionParts,
  { changes, versions }: {
    readonly changes: readonly Change[];
    readonly versions: readonly ObjectVersion[];
  },
  sealed: SealedSecrets,
): readonly Action[] {
  const work = changes.filter(({ action }) => action !== "unchanged");
  if (work.length === 0) return [];
  refuseChanged(parts, changes, versions);
  const actions: Action[] = [{ kind: "check.unchanged", versions }];
  for (const change of work) {
    if (change.resource === null) actions.push(removal(parts, change));
    else actions.push(...actionsFor(parts, change.resource, { sealed, made: actions }));
  }
  return actions;
}

const TABLES = {
  service: "services",
  secret: "secrets",
  config: "configs",
  volume: "volumes",
} as const;

function refuseChanged(
  parts: ActionParts,
  changes: readonly Change[],
  versions: readonly ObjectVersion[],
): void {
  versionsOf(parts, changes).forEach(({ name, version }, at) => {
    if (version === versions[at]?.version) return;
    throw new WarrenError("VERSION_CONFLICT", `Cannot change "${name}" as planned: it has changed`);
  });
}

function find({ view }: Pick<ActionParts, "view">, { kind, name }: Pick<Change, "kind" | "name">) {
  switch (kind) {
    case "service":
      return view.serviceByName(name);
    case "secret":
      return view.secretByName(name);
    case "config":
      return view.configByName(name);
    case "volume":
      return view.volumeByName(name);
  }
}

function versionOf(parts: Pick<ActionParts, "view">, change: Change): ObjectVersion {
  const version = find(parts, change)?.version ?? asIndex<Version>(0);
  return { table: TABLES[change.kind], name: change.name, version };
}

function removal(parts: ActionParts, change: Change): Action {
  const found = find(parts, change);
  assert(
    found !== undefined,
    `${change.kind} ${change.name} was there when its deletion was planned`,
  );
  switch (change.kind) {
    case "service":
      return { kind: "service.remove", id: asId<ServiceId>(found.id) };
    case "secret":
      return { kind: "secret.remove", id: asId<SecretId>(found.id) };
    case "config":
      return { kind: "config.remove", id: asId<ConfigId>(found.id) };
    case "volume":
      return { kind: "volume.remove", id: asId<VolumeId>(found.id) };
  }
}

interface Made {
  readonly sealed: SealedSecrets;
  /** Actions that come before. */
  readonly made: readonly Action[];
}

function actionsFor(
  parts: ActionParts,
  resource: Resource,
  { sealed, made }: Made,
): readonly Action[] {
  switch (resource.kind) {
    case "service":
      return serviceActions(parts, resource, made);
    case "secret":
      return [secretAction(parts, resource, sealed.get(resource.name))];
    case "config":
      return [configAction(parts, resource)];
    case "volume":
      return [volumeAction(parts, resource)];
  }
}

type Of<Kind> = Extract<Resource, { kind: Kind }>;

function serviceActions(
  parts: ActionParts,
  { name, spec }: Of<"service">,
  made: readonly Action[],
): readonly Action[] {
  const created = new Set(
    made.flatMap((action) => action.kind === "volume.create" ? action.volume.name : []),
  );
  const volumes = missingVolumes(parts, spec).filter((action) => {
    return action.kind !== "volume.create" || !created.has(action.volume.name);
  });
  const found = parts.view.serviceByName(name);
  if (found) return [...volumes, { kind: "service.update", id: found.id, spec }];
  const service = { id: asId<ServiceId>(parts.ids.next()), spec };
  return [...volumes, { kind: "service.create", service }];
}

function secretAction(
  { view, ids, clock }: ActionParts,
  { name, labels, data }: Of<"secret">,
  sealed: Sealed | undefined,
): Action {
  const found = view.secretByName(name);
  if (found) {
    const { id } = found;
    // Data that is the same keeps its box, so that only the labels change.
    if (!sealed) {
      return {
        kind: "secret.update",
        id,
        sealed: found.sealed,
        sizeBytes: found.sizeBytes,
        labels,
      };
    }
    return { kind: "secret.update", id, sealed, sizeBytes: data.length, labels };
  }
  assert(sealed !== undefined, `the data of secret ${name} was sealed`);
  const nowMs = clock.wallNow();
  const times = { createdMs: nowMs, updatedMs: nowMs };
  const id = asId<SecretId>(ids.next());
  const secret = { id, name, labels, sealed, sizeBytes: data.length, revision: 1, ...times };
  return { kind: "secret.create", secret };
}

function configAction(
  { view, ids, clock }: ActionParts,
  { name, labels, data: bytes }: Of<"config">,
): Action {
  const data = Buffer.from(bytes).toString("base64");
  const sizeBytes = bytes.length;
  const found = view.configByName(name);
  if (found) return { kind: "config.update", id: found.id, data, sizeBytes, labels };
  const nowMs = clock.wallNow();
  const times = { createdMs: nowMs, updatedMs: nowMs };
  const id = asId<ConfigId>(ids.next());
  return {
    kind: "config.create",
    config: { id, name, labels, data, sizeBytes, revision: 1, ...times },
  };
}

function volumeAction(
  { view, ids, clock }: ActionParts,
  { name, labels, driver, options }: Of<"volume">,
): Action {
  const found = view.volumeByName(name);
  if (found) return { kind: "volume.update", id: found.id, labels };
  const nowMs = clock.wallNow();
  const times = { createdMs: nowMs, updatedMs: nowMs };
  const id = asId<VolumeId>(ids.next());
  return { kind: "volume.create", volume: { id, name, labels, driver, options, ...times } };
}
