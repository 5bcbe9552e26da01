/**
 * The log as parts see it: levels, a message, and fields with agreed keys. `telemetry/` implements it.
 *
 * Never pass a secret, token or key as a field. Pure folders do not log: they return reasons.
 */

/** Severity of a line, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The levels in order. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Fields of a line; agreed keys: component, node_id, task_id, service_id, service_name, error. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where a part writes what happened. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
}

/** Drops everything; for tests. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
