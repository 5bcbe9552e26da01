/**
 * What changed between two specs, for `plan`, for rollouts and for the history of a service.
 *
 * Lists whose order means nothing (ports, mounts, files, constraints) are compared by what names
 * their entries, so that moving an entry is no change. Pure; specs hold no secret data.
 */
import { assertNever } from "../lib/mod.ts";
import type { FileRef, PortSpec, ServiceSpec, TaskSpec, VolumeMount } from "./service.ts";
import { keyPath } from "./validate/text.ts";

/** One field that differs; `null` is "not there". Values are printed forms, never secret data. */
export interface FieldDiff {
  /** Path from the spec: `task.env.LEVEL`, `task.ports[8080/tcp].hostPort`. */
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

/** Longest printed value of a {@link FieldDiff}; the rest is counted, not shown. */
const PRINTED_CHARS = 1_000;

/** Compares two specs of one service. */
export function specChange(before: ServiceSpec, after: ServiceSpec): SpecChange {
  const kinds = new Set<SpecChange>();
  for (const diff of diffSpecs(before, after)) kinds.add(changeOf(diff));
  if (kinds.has("replace")) return "replace";
  return kinds.has("in_place") ? "in_place" : "none";
}

function changeOf({ path, after }: FieldDiff): SpecChange {
  const [top, field] = path.split(/[.[]/);
  switch (top as keyof ServiceSpec) {
    case "task":
      // An engine cannot take a limit away from a running container, only change it.
      if (path.startsWith("task.resources.limits.") && after === "0") return "replace";
      return IN_PLACE.some((name) => field === name) ? "in_place" : "replace";
    case "mode":
      return path === "mode.kind" ? "replace" : "in_place";
    case "name":
    case "labels":
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
  walk("", comparable(before), comparable(after), diffs);
  return diffs;
}

/** Every entry that differs between two maps of texts, such as labels, below `path`. */
export function diffTexts(
  path: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly FieldDiff[] {
  const diffs: FieldDiff[] = [];
  walk(path, before, after, diffs);
  return diffs;
}

/** Entries of a list without order, under what names each. */
class Keyed {
  constructor(readonly entries: ReadonlyMap<string, unknown>) {}
}

/** The spec with its unordered lists keyed. */
function comparable(spec: ServiceSpec): Readonly<Record<string, unknown>> {
  const { task, placement } = spec;
  const file = (ref: FileRef) => `${ref.name}:${ref.target}`;
  return {
    ...spec,
    placement: { ...placement, constraints: keyed(placement.constraints, (text) => text) },
    task: {
      ...task,
      ports: keyed(task.ports, (port: PortSpec) => `${port.containerPort}/${port.protocol}`),
      mounts: keyed(task.mounts, (mount: VolumeMount) => mount.target),
      secrets: keyed(task.secrets, file),
      configs: keyed(task.configs, file),
      networks: keyed(task.networks, (name) => name),
    },
  };
}

/** A second entry of the same name is counted, so that no entry is lost. */
function keyed<T>(items: readonly T[], nameOf: (item: T) => string): Keyed {
  const entries = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    let key = name;
    for (let count = 2; entries.has(key); count++) key = `${name} #${count}`;
    entries.set(key, item);
  }
  return new Keyed(entries);
}

function walk(path: string, before: unknown, after: unknown, diffs: FieldDiff[]): void {
  if (Object.is(before, after)) return;
  if (before instanceof Keyed && after instanceof Keyed) {
    const [left, right] = [before.entries, after.entries];
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      walk(`${path}[${key}]`, left.get(key), right.get(key), diffs);
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) push(path, before, after, diffs);
    return;
  }
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = path === "" ? key : keyPath(path, key);
      walk(at, ownValue(before, key), ownValue(after, key), diffs);
    }
    return;
  }
  push(path, before, after, diffs);
}

function push(path: string, before: unknown, after: unknown, diffs: FieldDiff[]): void {
  diffs.push({ path, before: printed(before), after: printed(after) });
}

function ownValue(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function printed(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= PRINTED_CHARS) return text;
  return `${text.slice(0, PRINTED_CHARS)}… (${text.length} characters)`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Keyed);
}
