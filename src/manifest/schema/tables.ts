/**
 * Every kind with the keys of its `spec`: what the documentation is made from.
 */
import type { FieldRow } from "./codec.ts";
import { CONFIG_FIELDS, SECRET_FIELDS, VOLUME_FIELDS } from "./resource_tables.ts";
import { SERVICE_FIELDS } from "./service_table.ts";

/** One kind of document. */
export interface ManifestTable {
  /** As it is written: `Service`. */
  readonly kind: string;
  readonly fields: readonly FieldRow[];
}

/** The kinds in the order that they are documented. */
export const MANIFEST_TABLES: readonly ManifestTable[] = [
  { kind: "Service", fields: SERVICE_FIELDS },
  { kind: "Secret", fields: SECRET_FIELDS },
  { kind: "Config", fields: CONFIG_FIELDS },
  { kind: "Volume", fields: VOLUME_FIELDS },
];
