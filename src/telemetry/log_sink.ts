/**
 * The log of a daemon: JSON lines for machines, text lines for people at a terminal.
 *
 * Made once by the composition root and handed to every part as a `Log`. Lines go to stderr through
 * a bounded buffer, so a stuck reader costs lines (counted, and told about) but never time. It does
 * not rotate or ship anything. Invariant: one call gives at most one line, whatever the fields hold.
 */
import pino from "pino";
import {
  type Clock,
  type Log,
  LOG_LEVELS,
  type LogFields,
  type LogLevel,
  sleep,
} from "../lib/mod.ts";
import { type LineOutput, LineWriter } from "./line_writer.ts";
import { escapeUnsafe, formatText, type LogRecord } from "./log_text.ts";

/** How lines look. */
export type LogFormat = "json" | "text";

/** What a {@link LogSink} is made from. */
export interface LogSinkOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Colours in text lines; only for a terminal, and never with NO_COLOR. */
  readonly hasColour: boolean;
  readonly clock: Clock;
  readonly output: LineOutput;
  /** Fields of every line, such as `node_id`. */
  readonly fields?: LogFields;
}

/** Longest string of a field or message, in characters; the rest is cut. */
export const MAX_LOG_STRING_CHARS = 8 * 1024;

/** Keys that the line itself has. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(["level", "time", "message"]);
/** Keys whose values must not be written, should one be passed by mistake. */
const SECRET_KEY = /(^|_)(token|password|passphrase|private_key|authorization|secret_data)$/i;

/** JSON unless a person reads along. */
export function defaultLogFormat(isTerminal: boolean): LogFormat {
  return isTerminal ? "text" : "json";
}

/** The root of all logs of a process. */
export class LogSink {
  readonly log: Log;
  readonly #clock: Clock;
  readonly #writer: LineWriter;
  readonly #format: (record: LogRecord) => string;
  #threshold: number;

  constructor(options: LogSinkOptions) {
    this.#clock = options.clock;
    this.#threshold = LOG_LEVELS.indexOf(options.level);
    this.#format = options.format === "json"
      ? jsonFormatter()
      : (record) => formatText(record, options.hasColour);
    this.#writer = new LineWriter(options.output, {
      clock: options.clock,
      gapLine: (dropped) => this.#gapLine(dropped),
    });
    this.log = this.#child(cleanFields(options.fields ?? {}));
  }

  /** The least severe level that is written. */
  get level(): LogLevel {
    return LOG_LEVELS[this.#threshold] ?? "info";
  }

  /** Takes effect with the next line. */
  set level(level: LogLevel) {
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  /** Lines dropped since the start because the output was full or gone. */
  get dropped(): number {
    return this.#writer.dropped;
  }

  /** Waits until what was logged is written, at most `timeoutMs` milliseconds. Never throws. */
  async flush(timeoutMs: number): Promise<void> {
    const abort = new AbortController();
    const tooLate = sleep(this.#clock, timeoutMs, abort.signal).catch(() => {});
    const written = this.#writer.flush(abort.signal).catch(() => {});
    await Promise.race([tooLate, written]);
    abort.abort();
    await Promise.all([tooLate, written]);
  }

  #child(bound: LogFields): Log {
    const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
      this.#write(level, message, fields === undefined ? bound : { ...bound, ...fields });
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => this.#child({ ...bound, ...fields }),
    };
  }

  #write(level: LogLevel, message: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(level) < this.#threshold) return;
    const time = new Date(this.#clock.wallNow()).toISOString();
    const record = { level, time, message: cutText(message), fields: cleanFields(fields) };
    this.#writer.write(this.#format(record));
  }

  #gapLine(dropped: number): string {
    const time = new Date(this.#clock.wallNow()).toISOString();
    const message = "Log lines were dropped because their reader is too slow";
    return this.#format({ level: "warn", time, message, fields: { component: "log", dropped } });
  }
}

/** A formatter of JSON lines; `level` and `time` come first, `message` last. */
function jsonFormatter(): (record: LogRecord) => string {
  let line = "";
  let time = "";
  const logger = pino({
    level: "debug",
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${time}"`,
    formatters: { level: (level) => ({ level }) },
  }, { write: (text: string) => line = text });
  return (record) => {
    time = record.time;
    logger[record.level](record.fields, record.message);
    // pino escapes what JSON must; the rest of the unsafe characters can only be inside strings.
    return escapeUnsafe(line.trimEnd()) + "\n";
  };
}

function cleanFields(fields: LogFields): LogFields {
  const clean: Record<string, string | number | boolean | null> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const name = RESERVED_KEYS.has(key) ? `${key}_` : key;
    if (SECRET_KEY.test(key)) clean[name] = "[redacted]";
    else clean[name] = typeof value === "string" ? cutText(value) : value;
  }
  return clean;
}

function cutText(text: string): string {
  if (text.length <= MAX_LOG_STRING_CHARS) return text;
  return `${text.slice(0, MAX_LOG_STRING_CHARS)}… (${text.length - MAX_LOG_STRING_CHARS} more)`;
}
