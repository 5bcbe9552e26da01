/**
 * The text form of a log line for people at a terminal: time, level, message, key=value.
 *
 * Called by the log sink. Pure. Invariant: one line in, one line out, and no character of a field
 * can move the cursor, change colours or begin another line.
 */
import type { LogFields, LogLevel } from "../lib/mod.ts";

/** One line before it is formatted. */
export interface LogRecord {
  readonly level: LogLevel;
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  readonly message: string;
  readonly fields: LogFields;
}

const COLOURS = {
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
} as const;
const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";

/**
 * Control characters, the C1 set, and marks that reorder or break lines: a terminal or a log viewer
 * might obey them (CWE-117).
 */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** `text` with every unsafe character as `\uXXXX`. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** One line with its line feed. `hasColour` adds colours to level and keys. */
export function formatText(record: LogRecord, hasColour: boolean): string {
  const paint = (colour: string, text: string) => hasColour ? `${colour}${text}${PLAIN}` : text;
  const level = paint(COLOURS[record.level], record.level.toUpperCase().padEnd(5));
  let line = `${paint(DIM, record.time)} ${level} ${escapeUnsafe(record.message)}`;
  for (const [key, value] of Object.entries(record.fields)) {
    // Programs look for the error under its key; who reads the line has just read it.
    if (value === undefined || value === record.message) continue;
    line += ` ${paint(DIM, `${escapeUnsafe(key)}=`)}${formatValue(value)}`;
  }
  return line + "\n";
}

function formatValue(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  if (/^[\w.:/@+-]+$/.test(value)) return value;
  return escapeUnsafe(JSON.stringify(value));
}
