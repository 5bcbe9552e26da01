/**
 * The cluster as the planner sees it, and one change of it: what `plan.ts` takes and gives.
 *
 * Implemented and carried out by the API.
 */
import type { FieldDiff, Labels, ServiceSpec } from "../model/mod.ts";
import type { Resource, ResourceKind, VolumeResource } from "./resource.ts";

/** A secret or config as the cluster has it. */
export interface CurrentFile {
  readonly labels: Labels;
  readonly sizeBytes: number;
  /** Whether `data` is what is stored. */
  hasSameData(data: Uint8Array): boolean;
}

/** What the planner sees of the cluster. */
export interface CurrentState {
  findService(name: string): ServiceSpec | undefined;
  findSecret(name: string): CurrentFile | undefined;
  findConfig(name: string): CurrentFile | undefined;
  findVolume(name: string): Omit<VolumeResource, "kind" | "name"> | undefined;
  /** Everything of a kind, for pruning. */
  list(kind: ResourceKind): Iterable<{ readonly name: string; readonly labels: Labels }>;
}

/** `replace` gives a service new tasks; `update` does not. */
export type ChangeAction = "create" | "update" | "replace" | "delete" | "unchanged";

/** What happens to one resource. */
export interface Change {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly action: ChangeAction;
  readonly diff: readonly FieldDiff[];
  /** What it is to become, stack label included; null when it is deleted. */
  readonly resource: Resource | null;
}
