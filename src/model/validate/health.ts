/**
 * Faults of health checks, and the one default that needs the rest of the spec: the port.
 *
 * Called by the task validator; {@link fillHealthPort} by whoever makes a spec from flags, a manifest
 * or the wire, before it is validated.
 */
import { assertNever, formatDurationMs } from "../../lib/mod.ts";
import type { HealthProbe } from "../health.ts";
import type { PortSpec, ServiceSpec, TaskSpec } from "../service.ts";
import { checkCommand } from "./command.ts";
import { PORT_RANGE } from "./ports.ts";
import {
  checkChoice,
  checkCount,
  checkForm,
  checkInteger,
  checkText,
  keyPath,
  type Report,
} from "./text.ts";

const RHYTHM = { min: 10, max: 24 * 3_600_000, format: formatDurationMs };
const START_PERIOD = { ...RHYTHM, min: 0 };
const RETRIES = { min: 1, max: 1_000 };
const STATUS = { min: 100, max: 599 };
const MAX_HEADERS = 32;
const HEADER_NAME = {
  pattern: /^(?!__proto__$)[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/,
  form: "the name of an HTTP header",
};
const URL_PATH = {
  pattern: /^\/[!-~]{0,2047}$/,
  form: "a path beginning with /, with anything but printable ASCII percent-encoded",
};

/** The container port that a check means when it names none: that of the only published tcp port. */
export function findOnlyPort(ports: readonly PortSpec[]): number | undefined {
  const tcp = new Set(ports.filter((port) => port.protocol === "tcp").map((p) => p.containerPort));
  return tcp.size === 1 ? [...tcp][0] : undefined;
}

/** `spec` with the port of its http or tcp check filled in, when that is 0 and can be derived. */
export function fillHealthPort(spec: ServiceSpec): ServiceSpec {
  const { health, ports } = spec.task;
  if (health === null || health.probe.kind === "exec" || health.probe.port !== 0) return spec;
  const port = findOnlyPort(ports);
  if (port === undefined) return spec;
  const filled = { ...health, probe: { ...health.probe, port } };
  return { ...spec, task: { ...spec.task, health: filled } };
}

/** Reports every fault of the health check of `task`, below the path `task.health`. */
export function checkHealth(report: Report, task: TaskSpec): void {
  const { health } = task;
  if (health === null) return;
  const path = "task.health";
  const kinds = ["http", "tcp", "exec"];
  if (checkChoice(report, `${path}.probe.kind`, health.probe.kind, kinds)) {
    checkProbe(report, `${path}.probe`, health.probe);
  }
  checkInteger(report, `${path}.intervalMs`, health.intervalMs, RHYTHM);
  checkInteger(report, `${path}.timeoutMs`, health.timeoutMs, RHYTHM);
  checkInteger(report, `${path}.retries`, health.retries, RETRIES);
  checkInteger(report, `${path}.startPeriodMs`, health.startPeriodMs, START_PERIOD);
}

function checkProbe(report: Report, path: string, probe: HealthProbe): void {
  switch (probe.kind) {
    case "http":
      checkForm(report, `${path}.path`, probe.path, URL_PATH);
      checkProbePort(report, `${path}.port`, probe.port);
      checkChoice(report, `${path}.scheme`, probe.scheme, ["http", "https"]);
      checkHeaders(report, `${path}.headers`, probe.headers);
      checkStatuses(report, path, probe.statusMin, probe.statusMax);
      return;
    case "tcp":
      checkProbePort(report, `${path}.port`, probe.port);
      return;
    case "exec":
      if (probe.command.length === 0) report(`${path}.command`, "must be given for an exec check");
      checkCommand(report, `${path}.command`, probe.command);
      return;
    default:
      assertNever(probe, "health probe");
  }
}

function checkProbePort(report: Report, path: string, port: number): void {
  if (port !== 0) checkInteger(report, path, port, PORT_RANGE);
  else report(path, "must be given, unless exactly one tcp port is published");
}

function checkStatuses(report: Report, path: string, min: number, max: number): void {
  const goodMin = checkInteger(report, `${path}.statusMin`, min, STATUS);
  const goodMax = checkInteger(report, `${path}.statusMax`, max, STATUS);
  if (goodMin && goodMax && min > max) {
    report(`${path}.statusMin`, `must not be above the highest good status, ${max}`);
  }
}

function checkHeaders(
  report: Report,
  path: string,
  headers: Readonly<Record<string, string>>,
): void {
  const entries = Object.entries(headers);
  if (!checkCount(report, path, entries.length, MAX_HEADERS)) return;
  for (const [name, value] of entries) {
    checkForm(report, keyPath(path, name), name, HEADER_NAME);
    checkText(report, keyPath(path, name), value, { maxChars: 4_096 });
  }
}
