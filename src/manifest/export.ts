/**
 * Resources to manifests: what `warren export` prints. Reading it back gives the same resources.
 *
 * Pure. Only what differs from the defaults is written. Secrets are written in the clear when they
 * are given; the store cannot give them, so the caller names those left out.
 */
import { stringify } from "yaml";
import { assertNever } from "../lib/mod.ts";
import { defaultServiceSpec } from "../model/mod.ts";
import { labelsOf, type Resource } from "./resource.ts";
import type { Plain } from "./schema/codec.ts";
import { encodeFields } from "./schema/field.ts";
import {
  CONFIG_FIELDS,
  LOCAL_VOLUME,
  NO_DATA,
  SECRET_FIELDS,
  VOLUME_FIELDS,
} from "./schema/resource_tables.ts";
import { SERVICE_FIELDS } from "./schema/service_table.ts";

/** YAML text of `resources`, one document each; `comments` go to its head, a line each. */
export function exportManifests(
  resources: readonly Resource[],
  comments: readonly string[] = [],
): string {
  const head = comments.map((comment) => `# ${comment.replace(/[\p{Cc}\p{Cs}]/gu, " ")}\n`).join(
    "",
  );
  return head + resources.map((resource) => `---\n${writeDocument(resource)}`).join("");
}

function writeDocument(resource: Resource): string {
  const labels = labelsOf(resource);
  const hasLabels = Object.keys(labels).length > 0;
  const document: Plain = {
    apiVersion: "warren.io/v1",
    kind: `${resource.kind.charAt(0).toUpperCase()}${resource.kind.slice(1)}`,
    metadata: { name: resource.name, ...(hasLabels && { labels }) },
    spec: writeSpec(resource),
  };
  // The words that YAML 1.1 took for booleans are quoted too, for other readers' sake.
  return stringify(document, { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

function writeSpec(resource: Resource): Plain {
  switch (resource.kind) {
    case "service": {
      const base = defaultServiceSpec(resource.name);
      return encodeFields({ fields: SERVICE_FIELDS, base }, resource.spec);
    }
    case "secret": {
      const draft = { ...NO_DATA, data: resource.data };
      return encodeFields({ fields: SECRET_FIELDS, base: NO_DATA }, draft);
    }
    case "config": {
      const draft = { ...NO_DATA, data: resource.data };
      return encodeFields({ fields: CONFIG_FIELDS, base: NO_DATA }, draft);
    }
    case "volume":
      return encodeFields({ fields: VOLUME_FIELDS, base: LOCAL_VOLUME }, resource);
    default:
      return assertNever(resource, "resource kind");
  }
}
