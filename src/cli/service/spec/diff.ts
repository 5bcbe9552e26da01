/** What differs between two specs as they travel. Pure; for `service history`. */
import type { ServiceSpec } from "../../../client/wire/mod.ts";

/** One field that differs; `null` is "not there". */
export interface SpecDifference {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Every leaf that differs, in the order of the fields. */
export function diffWireSpecs(before: ServiceSpec, after: ServiceSpec): readonly SpecDifference[] {
  const found: SpecDifference[] = [];
  walk("", before, after, found);
  return found;
}

function walk(path: string, before: unknown, after: unknown, found: SpecDifference[]): void {
  if (Object.is(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      walk(path === "" ? key : `${path}.${key}`, before[key], after[key], found);
    }
    return;
  }
  const [old, now] = [printed(before), printed(after)];
  if (old !== now) found.push({ path: path.replace(/^task\./, ""), before: old, after: now });
}

function printed(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
