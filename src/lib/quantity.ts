/**
 * Text forms of durations, sizes and processor shares, as users write them in flags and manifests.
 *
 * Each `parse…` is the inverse of its `format…` and returns `undefined` for anything else; the
 * caller says which flag or key was wrong.
 */

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds from `500ms`, `10s`, `1m30s`, `2h`, or a bare number of seconds. */
export function parseDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return finite(Number(text) * 1_000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (DURATION_MS[unit ?? ""] ?? NaN);
  }
  return finite(totalMs);
}

/** `90000` becomes `1m30s`, `250` becomes `250ms`. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs < 1_000) return `${durationMs}ms`;
  let rest = durationMs;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = DURATION_MS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** Bytes from `64m`, `1.5GiB`, `512MB` (all powers of two, as container engines count) or digits. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  return finite(Number(match[1]) * (SIZE_BYTES[(match[2] ?? "").toLowerCase()] ?? NaN));
}

/** `67108864` becomes `64MiB`; not exact for odd sizes, which keep two decimals. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 100) / 100}${units[unit]}`;
}

/** Thousandths of a core from `0.5`, `2`, or `250m`. */
export function parseMilliCpus(text: string): number | undefined {
  if (/^\d+m$/.test(text)) return finite(Number(text.slice(0, -1)));
  return /^\d+(\.\d+)?$/.test(text) ? finite(Number(text) * 1_000) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER ? Math.round(value) : undefined;
}
