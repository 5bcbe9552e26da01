/**
 * What a manifest asks for: a service, secret, config or volume, as plain data with defaults filled.
 *
 * Made by `parse.ts` or by the API from the wire; compared by `plan.ts`; written by `export.ts`.
 */
import { assertNever, type FieldFault } from "../lib/mod.ts";
import {
  type Labels,
  type ServiceSpec,
  validateConfig,
  validateSecret,
  validateServiceSpec,
  validateVolume,
} from "../model/mod.ts";
import type { Place } from "./place.ts";

/** A service. `name` is that of the spec. */
export interface ServiceResource {
  readonly kind: "service";
  readonly name: string;
  readonly spec: ServiceSpec;
}

/** A secret in the clear: held no longer than it takes to compare and seal it, never printed. */
export interface SecretResource {
  readonly kind: "secret";
  readonly name: string;
  readonly labels: Labels;
  readonly data: Uint8Array;
}

/** A config. */
export interface ConfigResource {
  readonly kind: "config";
  readonly name: string;
  readonly labels: Labels;
  readonly data: Uint8Array;
}

/** A volume. */
export interface VolumeResource {
  readonly kind: "volume";
  readonly name: string;
  readonly labels: Labels;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Anything that a manifest can ask for. */
export type Resource = ServiceResource | SecretResource | ConfigResource | VolumeResource;
/** The kinds, as the store and messages name them. */
export type ResourceKind = Resource["kind"];

/** A resource and where it was written. */
export interface PlacedResource {
  readonly resource: Resource;
  /** For messages: `web.yaml:3:1`, or "" when it was not written in a file. */
  readonly source: string;
  /** Places of its parts by path in the spec (`task.secrets[0]`), as far as they are known. */
  readonly places?: ReadonlyMap<string, Place>;
}

/** `service "web"`. */
export function describeResource(resource: Pick<Resource, "kind" | "name">): string {
  return `${resource.kind} ${JSON.stringify(resource.name)}`;
}

/** The labels of a resource. */
export function labelsOf(resource: Resource): Labels {
  return resource.kind === "service" ? resource.spec.labels : resource.labels;
}

/** The resource with other labels. */
export function withLabels(resource: Resource, labels: Labels): Resource {
  return resource.kind === "service"
    ? { ...resource, spec: { ...resource.spec, labels } }
    : { ...resource, labels };
}

/** Every fault of a resource by itself, with paths in its spec. */
export function validateResource(resource: Resource): readonly FieldFault[] {
  switch (resource.kind) {
    case "service":
      return validateServiceSpec(resource.spec);
    case "secret":
      return validateSecret({ ...resource, sizeBytes: resource.data.length });
    case "config":
      return validateConfig({ ...resource, sizeBytes: resource.data.length });
    case "volume":
      return validateVolume(resource);
    default:
      return assertNever(resource, "resource kind");
  }
}
