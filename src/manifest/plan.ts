/**
 * What applying resources would change: one change per resource, in the order to carry them out.
 *
 * Called by the API for `plan` and `apply`, inside the turn that then proposes. Pure: it sees the
 * cluster through {@link CurrentState} and makes no actions. Secret data never leaves it.
 */
import { assertNever, type FieldFault } from "../lib/mod.ts";
import {
  defaultServiceSpec,
  diffSpecs,
  diffTexts,
  type FieldDiff,
  type Labels,
  specChange,
  STACK_LABEL,
  validateName,
} from "../model/mod.ts";
import type { Change, ChangeAction, CurrentFile, CurrentState } from "./change.ts";
import { formatPlace } from "./place.ts";
import { deletionFaults, missingReferences } from "./references.ts";
import {
  type ConfigResource,
  describeResource,
  labelsOf,
  type PlacedResource,
  type Resource,
  type ResourceKind,
  type SecretResource,
  validateResource,
  type VolumeResource,
  withLabels,
} from "./resource.ts";

/** How resources are applied. */
export interface PlanOptions {
  /** Marks every resource as part of this stack; "" for none. */
  readonly stack: string;
  /** Deletes what is marked as part of the stack and is not among the resources. */
  readonly prune: boolean;
}

/** All changes in the order to carry them out, or the faults that forbid all of them. */
export interface ManifestPlan {
  readonly changes: readonly Change[];
  /** Paths are places, `web.yaml:3:1`; "" for what no file says. */
  readonly faults: readonly FieldFault[];
}

/** Whatever is referred to comes before what refers to it; deletions go the other way round. */
const APPLY_ORDER: readonly ResourceKind[] = ["volume", "config", "secret", "service"];

/** Compares `resources` with the cluster. With faults, nothing of it may be carried out. */
export function planManifests(
  resources: readonly PlacedResource[],
  current: CurrentState,
  options: PlanOptions,
): ManifestPlan {
  const faults = [...optionFaults(options), ...resourceFaults(resources)];
  const changes: Change[] = [];
  for (const kind of APPLY_ORDER) {
    for (const placed of resources) {
      if (placed.resource.kind !== kind) continue;
      const found = currentLabels(placed.resource, current);
      const stack = stackFault(placed, found, options);
      if (stack !== undefined) faults.push(stack);
      const marked = markStack(placed.resource, found, options);
      const change = planChange(marked, current);
      if (change.fault !== undefined) faults.push(faultAt(placed, change.fault));
      changes.push(change.change);
    }
  }
  const deletions = options.prune && options.stack !== ""
    ? planPrune(resources, current, options.stack)
    : [];
  faults.push(...missingReferences(resources, current, deletions));
  faults.push(...deletionFaults(resources, current, deletions));
  return { changes: [...changes, ...deletions], faults };
}

/** Deletes those of `resources` that exist, services first. */
export function planDeletion(
  resources: readonly PlacedResource[],
  current: CurrentState,
): ManifestPlan {
  const changes = APPLY_ORDER.toReversed().flatMap((kind) =>
    resources
      .filter(({ resource }) => resource.kind === kind && currentLabels(resource, current))
      .map(({ resource }) => deletion(kind, resource.name))
  );
  return { changes, faults: deletionFaults([], current, changes) };
}

function optionFaults({ stack, prune }: PlanOptions): readonly FieldFault[] {
  if (stack !== "") {
    return validateName("", stack).map(({ message }) => ({ path: "stack", message }));
  }
  return prune ? [{ path: "prune", message: "needs a stack: name it with --stack" }] : [];
}

/** Faults of each resource by itself, and names used twice. */
function resourceFaults(resources: readonly PlacedResource[]): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  const seen = new Map<string, string>();
  for (const placed of resources) {
    for (const { path, message } of validateResource(placed.resource)) {
      faults.push(faultAt(placed, `${path}: ${message}`, path));
    }
    const name = describeResource(placed.resource);
    const earlier = seen.get(name);
    if (earlier === undefined) seen.set(name, placed.source);
    else faults.push(faultAt(placed, `was already written at ${earlier}: name it once`));
  }
  return faults;
}

function faultAt(placed: PlacedResource, message: string, spec = ""): FieldFault {
  const place = placed.places?.get(spec);
  return {
    path: place === undefined ? placed.source : formatPlace(place),
    message: `${describeResource(placed.resource)}: ${message}`,
  };
}

/** Labels of the resource of that kind and name in the cluster; undefined when there is none. */
function currentLabels(resource: Resource, current: CurrentState): Labels | undefined {
  const { kind, name } = resource;
  switch (kind) {
    case "service":
      return current.findService(name)?.labels;
    case "secret":
      return current.findSecret(name)?.labels;
    case "config":
      return current.findConfig(name)?.labels;
    case "volume":
      return current.findVolume(name)?.labels;
    default:
      return assertNever(kind, "resource kind");
  }
}

/** One stack must not take what another one has: its next prune would not know of it. */
function stackFault(
  placed: PlacedResource,
  found: Labels | undefined,
  { stack }: PlanOptions,
): FieldFault | undefined {
  const owner = found?.[STACK_LABEL];
  if (stack === "" || owner === undefined || owner === stack) return undefined;
  return faultAt(placed, `belongs to the stack "${owner}": apply it there, or remove it first`);
}

/** The resource with the label of its stack; without a stack it stays in the one it is in. */
function markStack(resource: Resource, found: Labels | undefined, options: PlanOptions): Resource {
  const stack = options.stack !== "" ? options.stack : found?.[STACK_LABEL];
  if (stack === undefined) return resource;
  return withLabels(resource, { ...labelsOf(resource), [STACK_LABEL]: stack });
}

/** A change, and why it cannot be made. */
interface Planned {
  readonly change: Change;
  readonly fault?: string;
}

function planChange(resource: Resource, current: CurrentState): Planned {
  switch (resource.kind) {
    case "service": {
      const found = current.findService(resource.name);
      if (found === undefined) {
        const diff = diffSpecs(defaultServiceSpec(resource.name), resource.spec);
        return { change: change(resource, "create", diff) };
      }
      const action = { none: "unchanged", in_place: "update", replace: "replace" } as const;
      const kind = action[specChange(found, resource.spec)];
      return { change: change(resource, kind, diffSpecs(found, resource.spec)) };
    }
    case "secret":
      return { change: planFile(resource, current.findSecret(resource.name)) };
    case "config":
      return { change: planFile(resource, current.findConfig(resource.name)) };
    case "volume":
      return planVolume(resource, current);
    default:
      return assertNever(resource, "resource kind");
  }
}

function planFile(
  resource: SecretResource | ConfigResource,
  found: CurrentFile | undefined,
): Change {
  const isHidden = resource.kind === "secret";
  const after = isHidden ? "(hidden)" : `(${resource.data.length} bytes)`;
  if (found === undefined) {
    const data = { path: "data", before: null, after };
    return change(resource, "create", [...diffTexts("labels", {}, resource.labels), data]);
  }
  const diff = [...diffTexts("labels", found.labels, resource.labels)];
  if (!found.hasSameData(resource.data)) {
    const before = isHidden ? "(hidden)" : `(${found.sizeBytes} bytes)`;
    diff.push({ path: "data", before, after: `${after.slice(0, -1)}, changed)` });
  }
  return change(resource, diff.length === 0 ? "unchanged" : "update", diff);
}

function planVolume(resource: VolumeResource, current: CurrentState): Planned {
  const found = current.findVolume(resource.name);
  const driver = { path: "driver", before: found?.driver ?? null, after: resource.driver };
  const isSameDriver = found?.driver === resource.driver;
  const options = diffTexts("options", found?.options ?? {}, resource.options);
  const labels = diffTexts("labels", found?.labels ?? {}, resource.labels);
  const diff = [...(isSameDriver ? [] : [driver]), ...options, ...labels];
  if (found === undefined) return { change: change(resource, "create", diff) };
  const planned = change(resource, diff.length === 0 ? "unchanged" : "update", diff);
  if (isSameDriver && options.length === 0) return { change: planned };
  const fault = "driver and options of a volume cannot change in place: " +
    `run "warren volume rm ${resource.name}", which deletes its data, or choose another name`;
  return { change: planned, fault };
}

function change(resource: Resource, action: ChangeAction, diff: readonly FieldDiff[]): Change {
  return { kind: resource.kind, name: resource.name, action, diff, resource };
}

function deletion(kind: ResourceKind, name: string): Change {
  return { kind, name, action: "delete", diff: [], resource: null };
}

/** Deletions of what carries the label of the stack and is not among the resources. */
function planPrune(
  resources: readonly PlacedResource[],
  current: CurrentState,
  stack: string,
): readonly Change[] {
  const kept = new Set(resources.map(({ resource }) => describeResource(resource)));
  return APPLY_ORDER.toReversed().flatMap((kind) =>
    [...current.list(kind)]
      .filter(({ labels }) => labels[STACK_LABEL] === stack)
      .filter(({ name }) => !kept.has(describeResource({ kind, name })))
      .map(({ name }) => deletion(kind, name))
  );
}
