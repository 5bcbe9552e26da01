/**
 * Reads the engine's JSON: any shape in, plain values out, nothing thrown for a missing field.
 *
 * The one place of this folder where unknown input becomes typed. Engines differ between versions,
 * so every field may be absent.
 */

/** `value` as an object, or an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

/** `value` as a list, or an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `value` as text, or "". */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** `value` as a finite number, or 0. */
export function asNumber(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** The object at `path` below `value`. */
export function recordAt(value: unknown, ...path: string[]): Readonly<Record<string, unknown>> {
  let at = asRecord(value);
  for (const key of path) at = asRecord(at[key]);
  return at;
}

/** Text values of an object; others are dropped. */
export function asTexts(value: unknown): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(asRecord(value))) {
    if (typeof text === "string") texts[key] = text;
  }
  return texts;
}

/** Milliseconds of an RFC 3339 time; null for "", the zero time and anything unreadable. */
export function asTimeMs(value: unknown): number | null {
  const text = asText(value);
  if (text === "" || text.startsWith("0001-")) return null;
  const timeMs = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isFinite(timeMs) ? timeMs : null;
}
