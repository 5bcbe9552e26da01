/**
 * Faults of what one task runs: runtime and image, identity, resources, restart policy; command and
 * environment, ports, health check and files have their own files.
 *
 * Called by `validate_service.ts` only. The bounds are those of Linux and of container engines, so
 * that a good spec is one they take.
 */
import { formatBytes, formatDurationMs } from "../../lib/mod.ts";
import type { ResourceAmounts, RestartPolicy, TaskSpec } from "../service.ts";
import { checkCommand, checkEnv } from "./command.ts";
import { checkFiles } from "./files.ts";
import { checkHealth } from "./health.ts";
import { checkImage } from "./image.ts";
import { checkPorts } from "./ports.ts";
import { checkChoice, checkForm, checkInteger, checkText, type Report } from "./text.ts";

const ABSOLUTE_PATH = { pattern: /^\//, form: "an absolute path" };
const USER = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$/,
  form: "a user, or user:group, by name or number",
};
const HOSTNAME = {
  pattern:
    /^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
  form: "a host name of at most 63 letters, digits, - and .",
};
const SIGNAL = {
  pattern:
    /^SIG(HUP|INT|QUIT|KILL|USR1|USR2|PIPE|ALRM|TERM|CONT|STOP|WINCH|PWR|ABRT|RTMIN(\+([1-9]|[12]\d|30))?)$/,
  form: "the name of a signal, such as SIGTERM or SIGQUIT",
};

/** A thousand cores; more than machines have, less than sums overflow at. */
const CPUS = { min: 0, max: 1_000_000, format: (milli: number) => `${milli / 1_000} cores` };
/** Container engines refuse a limit below 6 MiB; a host process needs some as well. */
const MIN_CONTAINER_MEMORY_BYTES = 6 * 2 ** 20;
const MIN_PROCESS_MEMORY_BYTES = 4 * 2 ** 20;
const MEMORY = { min: 0, max: 2 ** 50, format: formatBytes };
const STOP_TIMEOUT = { min: 0, max: 24 * 3_600_000, format: formatDurationMs };
/** The agent never waits longer than five minutes between two attempts. */
const RESTART_DELAY = { min: 0, max: 300_000, format: formatDurationMs };
const RESTART_WINDOW = { min: 0, max: 30 * 86_400_000, format: formatDurationMs };

/** Reports every fault of `task`, below the path `task`. */
export function checkTask(report: Report, task: TaskSpec): void {
  checkRuntimeAndImage(report, task);
  checkCommand(report, "task.entrypoint", task.entrypoint);
  checkCommand(report, "task.command", task.command);
  checkEnv(report, task.env);
  checkIdentity(report, task);
  checkResources(report, task);
  checkRestart(report, task.restart);
  checkInteger(report, "task.stopTimeoutMs", task.stopTimeoutMs, STOP_TIMEOUT);
  if (task.stopSignal !== "") checkForm(report, "task.stopSignal", task.stopSignal, SIGNAL);
  checkPorts(report, task.ports);
  checkHealth(report, task);
  checkFiles(report, task);
  if (task.networks.length > 0) {
    report("task.networks", "named networks are not available yet: leave it out");
  }
}

function checkRuntimeAndImage(report: Report, task: TaskSpec): void {
  checkChoice(report, "task.runtime", task.runtime, ["auto", "docker", "process"]);
  if (task.image !== "") {
    checkImage(report, "task.image", task.image);
  } else if (task.runtime !== "process") {
    report(
      "task.image",
      "must be given, for instance nginx:1.27 (only runtime process needs none)",
    );
  } else if (task.command.length === 0 && task.entrypoint.length === 0) {
    report("task.command", "must be given: the process runtime runs a command of the host");
  }
}

function checkIdentity(report: Report, task: TaskSpec): void {
  if (task.user !== "") checkForm(report, "task.user", task.user, USER);
  if (task.hostname !== "") checkForm(report, "task.hostname", task.hostname, HOSTNAME);
  if (task.workdir === "") return;
  if (checkText(report, "task.workdir", task.workdir, { maxChars: 4_096 })) {
    checkForm(report, "task.workdir", task.workdir, ABSOLUTE_PATH);
  }
}

function checkResources(report: Report, task: TaskSpec): void {
  const { limits, reservations } = task.resources;
  checkAmounts(report, "task.resources.limits", limits);
  checkAmounts(report, "task.resources.reservations", reservations);
  const least = task.runtime === "process" ? MIN_PROCESS_MEMORY_BYTES : MIN_CONTAINER_MEMORY_BYTES;
  if (limits.memoryBytes > 0 && limits.memoryBytes < least) {
    const found = formatBytes(limits.memoryBytes);
    report(
      "task.resources.limits.memoryBytes",
      `must be at least ${formatBytes(least)}, is ${found}`,
    );
  }
  if (limits.milliCpus > 0 && limits.milliCpus < reservations.milliCpus) {
    report("task.resources.limits.milliCpus", "must not be below the cpus that are reserved");
  }
  if (limits.memoryBytes > 0 && limits.memoryBytes < reservations.memoryBytes) {
    report("task.resources.limits.memoryBytes", "must not be below the memory that is reserved");
  }
}

function checkAmounts(report: Report, path: string, amounts: ResourceAmounts): void {
  checkInteger(report, `${path}.milliCpus`, amounts.milliCpus, CPUS);
  checkInteger(report, `${path}.memoryBytes`, amounts.memoryBytes, MEMORY);
}

function checkRestart(report: Report, restart: RestartPolicy): void {
  const path = "task.restart";
  checkChoice(report, `${path}.condition`, restart.condition, ["none", "on-failure", "any"]);
  checkInteger(report, `${path}.delayMs`, restart.delayMs, RESTART_DELAY);
  checkInteger(report, `${path}.maxAttempts`, restart.maxAttempts, { min: 0, max: 1_000_000 });
  checkInteger(report, `${path}.windowMs`, restart.windowMs, RESTART_WINDOW);
}
