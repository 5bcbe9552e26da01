/**
 * What changed between two specs, for `plan`, for rollouts and for the history of a service.
 */
import { assertNever } from "../lib/mod.ts";
import type { ServiceSpec, TaskSpec } from "./service.ts";

/** One field that differs; `null` is "not there". Values are printed forms, never secret data. */
export interface FieldDiff {
  /** Dotted path from the spec: `task.env.LEVEL`. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * What a change of spec asks for: `none` (equal), `in_place` (the running containers can be kept)
 * or `replace` (a new revision whose tasks replace the old ones).
 */
export type SpecChange = "none" | "in_place" | "replace";

/** Task fields that engines can change on a running container, or that only the agent reads. */
const IN_PLACE: readonly (keyof TaskSpec)[] = ["resources", "restart", "stopTimeoutMs"];

/** Compares two specs of one service. */
export function specChange(before: ServiceSpec, after: ServiceSpec): SpecChange {
  const kinds = new Set<SpecChange>();
  for (const { path } of diffSpecs(before, after)) kinds.add(changeOfPath(path));
  if (kinds.has("replace")) return "replace";
  return kinds.has("in_place") ? "in_place" : "none";
}

function changeOfPath(path: string): SpecChange {
  const [top, field] = path.split(".");
  switch (top as keyof ServiceSpec) {
    case "task":
      return IN_PLACE.some((name) => field === name || field?.startsWith(`${name}[`))
        ? "in_place"
        : "replace";
    case "name":
    case "labels":
    case "mode":
    case "placement":
    case "update":
      return "in_place";
    default:
      return assertNever(top as never, "spec field");
  }
}

/** Every leaf that differs, in the order of the fields. */
export function diffSpecs(before: ServiceSpec, after: ServiceSpec): readonly FieldDiff[] {
  const diffs: FieldDiff[] = [];
  walk("", before, after, diffs);
  return diffs;
}

function walk(path: string, before: unknown, after: unknown, diffs: FieldDiff[]): void {
  if (Object.is(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) walk(path ? `${path}.${key}` : key, before[key], after[key], diffs);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let at = 0; at < length; at++) walk(`${path}[${at}]`, before[at], after[at], diffs);
    return;
  }
  diffs.push({ path, before: printed(before), after: printed(after) });
}

function printed(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
