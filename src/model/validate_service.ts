/**
 * Faults of a service spec, all at once, each with its field path. Pure; called by the API on every
 * create and update and by the manifest planner before anything is proposed.
 */
import type { FieldFault } from "../lib/mod.ts";
import type { ServiceSpec } from "./service.ts";

/** Every fault of `spec`; empty when it is good. */
export function validateServiceSpec(spec: ServiceSpec): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(spec.name)) {
    faults.push({ path: "name", message: "must be 1 to 63 characters of a-z, 0-9 and -" });
  }
  return faults;
}
