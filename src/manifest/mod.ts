/**
 * Manifests: YAML files to resources, resources to YAML, and what applying them would change.
 *
 * Pure: reading files, calling a manager and proposing changes are the callers' work.
 */
export * from "./change.ts";
export { exportManifests } from "./export.ts";
export {
  type FileContent,
  type FileRead,
  MANIFEST_KINDS,
  type ParsedManifests,
  parseManifests,
} from "./parse.ts";
export {
  FaultList,
  formatFault,
  formatPlace,
  type ManifestFault,
  manifestFieldFault,
  type Place,
} from "./place.ts";
export { type ManifestPlan, planDeletion, planManifests, type PlanOptions } from "./plan.ts";
export * from "./resource.ts";
export { MANIFEST_TABLES, type ManifestTable } from "./schema/tables.ts";
export type { FieldRow } from "./schema/codec.ts";
export { decodeManifest, type ManifestFile } from "./yaml/source.ts";
