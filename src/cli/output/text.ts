/**
 * Short text forms for people: ids, ages, times, ports, plurals. Pure; JSON never uses them, except
 * `isoTime`.
 */

/** Characters of an id that tables show. */
export const SHORT_ID_CHARS = 12;

/** The start of an id, long enough to name it. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_CHARS);
}

/** ISO 8601 with milliseconds; `null` for a time that is not there. */
export function isoTime(ms: number): string | null {
  return ms > 0 ? new Date(ms).toISOString() : null;
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
];

/** `2m ago`; `just now` below a second, also when clocks differ; "" for no time. */
export function formatAge(atMs: number, nowMs: number): string {
  if (atMs <= 0) return "";
  const elapsed = formatElapsed(nowMs - atMs);
  return elapsed === "0s" ? "just now" : `${elapsed} ago`;
}

/** `2m`, `3h`, `12d`: the largest unit only. */
export function formatElapsed(elapsedMs: number): string {
  for (const [unitMs, unit] of STEPS) {
    if (elapsedMs >= unitMs) return `${Math.floor(elapsedMs / unitMs)}${unit}`;
  }
  return "0s";
}

/** `1 task`, `2 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A published or bound port: `8080->80/tcp`; without a host port `80/tcp`. */
export function formatPort(
  port: { readonly containerPort: number; readonly hostPort: number; readonly protocol: string },
): string {
  const inside = `${port.containerPort}/${port.protocol || "tcp"}`;
  return port.hostPort > 0 ? `${port.hostPort}->${inside}` : inside;
}

/** `0.5`, `2`: cores from thousandths. */
export function formatCpus(milliCpus: number): string {
  return String(Math.round(milliCpus) / 1_000);
}
