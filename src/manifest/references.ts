/**
 * What services refer to must be there after the change: secrets and configs by name, and nothing
 * that a service keeps using may be deleted.
 *
 * Used by `plan.ts`. Volumes need not exist: they are made when a task first mounts them.
 */
import type { FieldFault } from "../lib/mod.ts";
import type { ServiceSpec } from "../model/mod.ts";
import type { Change, CurrentState } from "./change.ts";
import { formatPlace } from "./place.ts";
import { describeResource, type PlacedResource, type ResourceKind } from "./resource.ts";

/** One use of a resource by a service. */
interface Reference {
  readonly kind: Exclude<ResourceKind, "service">;
  readonly name: string;
  /** Path in the spec of the service. */
  readonly spec: string;
}

function referencesOf({ task }: ServiceSpec): readonly Reference[] {
  const { secrets, configs, mounts } = task;
  return [
    ...secrets.map(({ name }, at) => ({
      kind: "secret" as const,
      name,
      spec: `task.secrets[${at}]`,
    })),
    ...configs.map(({ name }, at) => ({
      kind: "config" as const,
      name,
      spec: `task.configs[${at}]`,
    })),
    ...mounts.map(({ volume }, at) => ({
      kind: "volume" as const,
      name: volume,
      spec: `task.mounts[${at}]`,
    })),
  ];
}

/** Faults of services among `resources` that name a secret or config that will not be there. */
export function missingReferences(
  resources: readonly PlacedResource[],
  current: CurrentState,
  deletions: readonly Change[],
): readonly FieldFault[] {
  const written = new Set(resources.map(({ resource }) => describeResource(resource)));
  const deleted = new Set(deletions.map(describeResource));
  const isThere = (reference: Reference) => {
    if (reference.kind === "volume") return true;
    const described = describeResource(reference);
    if (written.has(described)) return true;
    const { kind, name } = reference;
    const found = kind === "secret" ? current.findSecret(name) : current.findConfig(name);
    return found !== undefined && !deleted.has(described);
  };
  return resources.flatMap((placed) => {
    const { resource, places, source } = placed;
    if (resource.kind !== "service") return [];
    return referencesOf(resource.spec).filter((reference) => !isThere(reference)).map((missing) => {
      const place = places?.get(missing.spec);
      const message = `${describeResource(resource)} needs the ${describeResource(missing)}, ` +
        `which is neither here nor in the cluster: add it, or create it first`;
      return { path: place === undefined ? source : formatPlace(place), message };
    });
  });
}

/** Faults of deletions of what a service that stays, and is not among `resources`, still uses. */
export function deletionFaults(
  resources: readonly PlacedResource[],
  current: CurrentState,
  deletions: readonly Change[],
): readonly FieldFault[] {
  const deleted = new Set(deletions.map(describeResource));
  if (deleted.size === 0) return [];
  const written = new Map(resources.map(({ resource }) => [describeResource(resource), resource]));
  const faults: FieldFault[] = [];
  for (const { name } of current.list("service")) {
    const described = describeResource({ kind: "service", name });
    if (deleted.has(described)) continue;
    const desired = written.get(described);
    const spec = desired?.kind === "service" ? desired.spec : current.findService(name);
    if (spec === undefined) continue;
    for (const reference of referencesOf(spec)) {
      // A written service that needs a deleted secret or config is already reported as missing it.
      const isReported = desired !== undefined && reference.kind !== "volume";
      if (isReported || !deleted.has(describeResource(reference))) continue;
      const message = `cannot delete ${describeResource(reference)}: ${described} uses it`;
      faults.push({ path: "", message });
    }
  }
  return faults;
}
