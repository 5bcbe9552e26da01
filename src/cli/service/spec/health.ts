/**
 * Health checks from flags. Pure; called by `from_flags.ts`.
 *
 * Zeros mean "not given": the cluster fills in its defaults, and the port when only one is published.
 */
import { quoted, usageError } from "../../parse/usage.ts";
import type { FlagValues } from "../../parse/values.ts";
import type { HealthCheck } from "../../../client/wire/mod.ts";
import { parsePortNumber } from "./ports.ts";
import { parseWordList } from "./words.ts";

const KINDS = ["health-cmd", "health-http", "health-tcp"] as const;
const RHYTHM = ["health-interval", "health-timeout", "health-retries", "health-start-period"];
/** On the wire zero is "not given", which is not what somebody who writes it means. */
const NEVER_ZERO = RHYTHM.slice(0, 3);
const MORE_THAN_ZERO = "it must be more than zero; leave the flag out for the default";

const NO_PROBE: HealthCheck = {
  kind: "",
  path: "",
  port: 0,
  scheme: "",
  headers: {},
  statusMin: 0,
  statusMax: 0,
  command: [],
  intervalMs: 0,
  timeoutMs: 0,
  retries: 0,
  startPeriodMs: 0,
};

/** `base` with what the flags say. @throws WarrenError USAGE */
export function healthFromFlags(
  base: HealthCheck | undefined,
  flags: FlagValues,
): HealthCheck | undefined {
  const given = KINDS.filter((name) => flags.has(name));
  if (given.length > 1) {
    throw usageError(`A service has one health check, and --${given.join(" and --")} are given`);
  }
  const check = probeFromFlags(base, flags);
  if (check === undefined) {
    const rhythm = RHYTHM.find((name) => flags.has(name));
    if (rhythm === undefined) return undefined;
    throw usageError(
      `Flag --${rhythm} needs a health check`,
      "add --health-http, --health-tcp or --health-cmd",
    );
  }
  for (const name of NEVER_ZERO) {
    if (flags.has(name) && !/[1-9]/.test(flags.text(name) ?? "")) {
      throw usageError(`Bad value ${quoted(flags.text(name) ?? "")} for --${name}`, MORE_THAN_ZERO);
    }
  }
  return {
    ...check,
    intervalMs: flags.durationMs("health-interval") ?? check.intervalMs,
    timeoutMs: flags.durationMs("health-timeout") ?? check.timeoutMs,
    retries: flags.count("health-retries") ?? check.retries,
    startPeriodMs: flags.durationMs("health-start-period") ?? check.startPeriodMs,
  };
}

function probeFromFlags(base: HealthCheck | undefined, flags: FlagValues): HealthCheck | undefined {
  const { intervalMs, timeoutMs, retries, startPeriodMs } = base ?? NO_PROBE;
  const empty = { ...NO_PROBE, intervalMs, timeoutMs, retries, startPeriodMs };
  const command = flags.text("health-cmd");
  if (command !== undefined) {
    const words = parseWordList(command, "health-cmd") ?? ["/bin/sh", "-c", command];
    return { ...empty, kind: "exec", command: [...words] };
  }
  const http = flags.text("health-http");
  if (http !== undefined) return { ...empty, kind: "http", ...parseHttpProbe(http) };
  const tcp = flags.text("health-tcp");
  if (tcp === undefined) return base;
  const port = parsePortNumber(tcp);
  if (port === undefined) {
    throw usageError(`Bad value ${quoted(tcp)} for --health-tcp`, "give a port from 1 to 65535");
  }
  return { ...empty, kind: "tcp", port };
}

/** `PATH[:PORT]`, `:PORT/PATH` or `http[s]://localhost[:PORT]/PATH`. @throws WarrenError USAGE */
export function parseHttpProbe(
  text: string,
): { readonly path: string; readonly port: number; readonly scheme: string } {
  const url = /^(https?):\/\/(?:localhost|127\.0\.0\.1|\[::1\])?(?::(\d{1,5}))?(\/.*)?$/.exec(text);
  if (url !== null) {
    const [, scheme = "", port, path = "/"] = url;
    return { path, port: portOr0(port, text), scheme };
  }
  const before = /^:(\d{1,5})(\/.*)?$/.exec(text);
  if (before !== null) {
    return { path: before[2] ?? "/", port: portOr0(before[1], text), scheme: "" };
  }
  const after = /^(\/.*?)(?::(\d{1,5}))?$/.exec(text);
  if (after === null) {
    throw usageError(
      `Bad value ${quoted(text)} for --health-http`,
      "write a path and perhaps a port, for instance /healthz or /healthz:8080",
    );
  }
  return { path: after[1] ?? "/", port: portOr0(after[2], text), scheme: "" };
}

function portOr0(digits: string | undefined, text: string): number {
  if (digits === undefined) return 0;
  const port = parsePortNumber(digits);
  if (port !== undefined) return port;
  throw usageError(`Bad port in --health-http ${quoted(text)}`, "give a port from 1 to 65535");
}
