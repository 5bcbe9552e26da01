/** How secrets, configs and volumes are shown. Pure. */
import { formatBytes } from "../../lib/mod.ts";
import { labelValues } from "../output/filter.ts";
import { formatFields, type ListView } from "../output/render.ts";
import { formatAge, isoTime, shortId } from "../output/text.ts";
import type { Column } from "../output/table.ts";
import type { Config, Secret, Volume } from "../../client/wire/mod.ts";

/** Keys of `--filter` on these lists. */
export const RESOURCE_FILTERS = ["name", "id", "label"] as const;

type Stored = Pick<Secret, "id" | "name" | "labels" | "createdMs" | "updatedMs" | "version">;

/** Fields that all of them have. */
function storedJson(object: Stored): Readonly<Record<string, unknown>> {
  return {
    id: object.id,
    name: object.name,
    labels: object.labels,
    version: object.version,
    createdAt: isoTime(object.createdMs),
    updatedAt: isoTime(object.updatedMs),
  };
}

/** A secret for programs; its data is never shown. */
export function secretJson(secret: Secret): Readonly<Record<string, unknown>> {
  const { sizeBytes, revision } = secret;
  return { ...storedJson(secret), sizeBytes, revision };
}

/** A config for programs, without its data. */
export function configJson(config: Config): Readonly<Record<string, unknown>> {
  const { sizeBytes, revision } = config;
  return { ...storedJson(config), sizeBytes, revision };
}

/** A volume for programs. */
export function volumeJson(volume: Volume): Readonly<Record<string, unknown>> {
  const { driver, options, usedBy } = volume;
  return { ...storedJson(volume), driver, options, usedBy };
}

function view<Row extends Stored>(
  columns: readonly Column<Row>[],
  json: (row: Row) => unknown,
  { nowMs, isTruncating }: { readonly nowMs: number; readonly isTruncating: boolean },
): ListView<Row> {
  return {
    columns: [
      { header: "ID", cell: ({ id }) => isTruncating ? shortId(id) : id },
      { header: "NAME", cell: ({ name }) => name },
      ...columns,
      {
        header: "LABELS",
        cell: ({ labels }) => labelTexts(labels).join(","),
        wide: true,
        shrinkTo: 8,
      },
      { header: "CREATED", cell: ({ createdMs }) => formatAge(createdMs, nowMs), yields: 2 },
      { header: "UPDATED", cell: ({ updatedMs }) => formatAge(updatedMs, nowMs), yields: 1 },
    ],
    id: ({ id }) => id,
    name: ({ name }) => name,
    json,
    filters: {
      name: ({ name }) => [name],
      id: ({ id }) => [id, shortId(id)],
      label: ({ labels }) => labelValues(labels),
    },
  };
}

/** The list of secrets. */
export function secretView(nowMs: number, isTruncating: boolean): ListView<Secret> {
  const size: Column<Secret> = { header: "SIZE", cell: (row) => formatBytes(row.sizeBytes) };
  return view([size], secretJson, { nowMs, isTruncating });
}

/** The list of configs. */
export function configView(nowMs: number, isTruncating: boolean): ListView<Config> {
  const size: Column<Config> = { header: "SIZE", cell: (row) => formatBytes(row.sizeBytes) };
  return view([size], configJson, { nowMs, isTruncating });
}

/** The list of volumes. */
export function volumeView(nowMs: number, isTruncating: boolean): ListView<Volume> {
  const columns: readonly Column<Volume>[] = [
    { header: "DRIVER", cell: ({ driver }) => driver },
    { header: "USED BY", cell: ({ usedBy }) => usedBy.join(", "), shrinkTo: 12 },
  ];
  return view(columns, volumeJson, { nowMs, isTruncating });
}

/** Labelled lines of one object; `more` are the fields that only its kind has. */
export function formatStored(
  object: Stored,
  more: readonly (readonly [string, string])[],
  nowMs: number,
): string {
  return formatFields([
    ["ID", object.id],
    ["Name", object.name],
    ...more,
    ["Labels", labelTexts(object.labels).join("\n")],
    ["Created", formatAge(object.createdMs, nowMs)],
    ["Updated", formatAge(object.updatedMs, nowMs)],
  ]);
}

/** `key=value` of each label. */
export function labelTexts(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
