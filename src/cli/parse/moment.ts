/** Moments as people type them: a time, or how long ago. Pure. */
import { parseDurationMs } from "../../lib/mod.ts";
import { quoted, usageError } from "./usage.ts";

const FULL_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** Milliseconds since the epoch; 0 for `undefined`. @throws WarrenError USAGE */
export function parseMoment(text: string | undefined, flag: string, nowMs: number): number {
  if (text === undefined) return 0;
  // A bare number is too easily taken for an index or a year.
  const agoMs = /[a-z]$/.test(text) ? parseDurationMs(text) : undefined;
  if (agoMs !== undefined) return Math.max(1, nowMs - agoMs);
  const atMs = FULL_TIME.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(atMs) && atMs > 0) return atMs;
  throw usageError(
    `Bad value ${quoted(text)} for --${flag}`,
    "give a time such as 10m (ago) or 2026-01-31T12:00:00Z",
  );
}
