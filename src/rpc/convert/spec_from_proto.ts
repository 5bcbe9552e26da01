/**
 * Messages as service and task specs of the model, with defaults for what was not given.
 *
 * A word that is not known (`mode: "replicatd"`) is a fault with its field path, not an exception:
 * all faults of a spec are reported together. Ranges are judged by the model's own validation.
 */
import type { FieldFault } from "../../lib/mod.ts";
import {
  DEFAULT_RESTART,
  DEFAULT_TASK,
  DEFAULT_UPDATE,
  defaultHealthCheck,
  type FileRef,
  type HealthCheck,
  type HealthProbe,
  type PortSpec,
  type ResourceAmounts,
  type RestartPolicy,
  type ServiceMode,
  type ServiceSpec,
  type TaskSpec,
  type UpdateConfig,
  withJobRestart,
} from "../../model/mod.ts";
import type {
  FileRef as FileRefMessage,
  HealthCheck as HealthCheckMessage,
  PortSpec as PortSpecMessage,
  ResourceAmounts as ResourceAmountsMessage,
  RestartPolicy as RestartPolicyMessage,
  ServiceSpec as ServiceSpecMessage,
  TaskSpec as TaskSpecMessage,
  UpdateConfig as UpdateConfigMessage,
} from "../gen/warren/v1/service.ts";

/** A spec with defaults filled in; what could not be understood is added to `faults`. */
export function serviceSpecFromProto(
  message: ServiceSpecMessage,
  faults: FieldFault[],
): ServiceSpec {
  const spec: ServiceSpec = {
    name: message.name,
    labels: { ...message.labels },
    mode: modeFromProto(message, faults),
    task: message.task ? taskSpecFromProto(message.task, faults) : DEFAULT_TASK,
    placement: {
      constraints: message.placement?.constraints ?? [],
      spread: message.placement?.spread ?? [],
      maxPerNode: message.placement?.maxPerNode ?? 0,
    },
    update: message.update ? updateFromProto(message.update, faults) : DEFAULT_UPDATE,
  };
  return withJobRestart(spec, (message.task?.restart?.condition ?? "") !== "");
}

function modeFromProto(message: ServiceSpecMessage, faults: FieldFault[]): ServiceMode {
  const kind = oneOf(MODES, message.mode, "mode", faults);
  const count = message.replicas ?? 1;
  if (kind === "global") return { kind };
  if (kind === "replicated") return { kind, replicas: count };
  return { kind, completions: count, parallelism: message.jobParallelism || count };
}

/** A task's spec with defaults filled in; what could not be understood is added to `faults`. */
export function taskSpecFromProto(message: TaskSpecMessage, faults: FieldFault[]): TaskSpec {
  return {
    image: message.image,
    entrypoint: message.entrypoint,
    command: message.command,
    env: { ...message.env },
    user: message.user,
    workdir: message.workdir,
    hostname: message.hostname,
    resources: {
      limits: amountsFromProto(message.limits),
      reservations: amountsFromProto(message.reservations),
    },
    restart: message.restart ? restartFromProto(message.restart, faults) : DEFAULT_RESTART,
    health: message.health ? healthFromProto(message.health, faults) : null,
    stopTimeoutMs: message.stopTimeoutMs ?? DEFAULT_TASK.stopTimeoutMs,
    stopSignal: message.stopSignal,
    mounts: message.mounts.map(({ volume, target, readOnly }) => ({ volume, target, readOnly })),
    secrets: message.secrets.map(fileRefFromProto),
    configs: message.configs.map(fileRefFromProto),
    ports: message.ports.map((port, at) => portFromProto(port, `task.ports[${at}]`, faults)),
    networks: message.networks,
    runtime: oneOf(RUNTIMES, message.runtime, "task.runtime", faults),
  };
}

/** A secret or config reference; a mode of 0 means 0444. */
export function fileRefFromProto(message: FileRefMessage): FileRef {
  const { name, target, uid, gid, mode } = message;
  return { name, target: target || name, uid, gid, mode: mode || 0o444 };
}

function amountsFromProto(message: ResourceAmountsMessage | undefined): ResourceAmounts {
  return { milliCpus: message?.milliCpus ?? 0, memoryBytes: message?.memoryBytes ?? 0 };
}

function restartFromProto(message: RestartPolicyMessage, faults: FieldFault[]): RestartPolicy {
  return {
    condition: oneOf(CONDITIONS, message.condition, "task.restart.condition", faults),
    delayMs: message.delayMs,
    maxAttempts: message.maxAttempts,
    windowMs: message.windowMs,
  };
}

function portFromProto(message: PortSpecMessage, path: string, faults: FieldFault[]): PortSpec {
  return {
    name: message.name,
    containerPort: message.containerPort,
    hostPort: message.hostPort,
    protocol: oneOf(PROTOCOLS, message.protocol, `${path}.protocol`, faults),
    publishMode: oneOf(PUBLISH_MODES, message.publishMode, `${path}.publishMode`, faults),
  };
}

function healthFromProto(message: HealthCheckMessage, faults: FieldFault[]): HealthCheck {
  const base = defaultHealthCheck(probeFromProto(message, faults));
  return {
    probe: base.probe,
    intervalMs: message.intervalMs || base.intervalMs,
    timeoutMs: message.timeoutMs || base.timeoutMs,
    retries: message.retries || base.retries,
    startPeriodMs: message.startPeriodMs,
  };
}

function probeFromProto(message: HealthCheckMessage, faults: FieldFault[]): HealthProbe {
  const kind = oneOf(PROBES, message.kind, "task.health.kind", faults);
  if (kind === "tcp") return { kind, port: message.port };
  if (kind === "exec") return { kind, command: message.command };
  return {
    kind,
    path: message.path || "/",
    port: message.port,
    scheme: oneOf(SCHEMES, message.scheme, "task.health.scheme", faults),
    headers: { ...message.headers },
    statusMin: message.statusMin || 200,
    statusMax: message.statusMax || 399,
  };
}

function updateFromProto(message: UpdateConfigMessage, faults: FieldFault[]): UpdateConfig {
  return {
    parallelism: message.parallelism || DEFAULT_UPDATE.parallelism,
    delayMs: message.delayMs,
    order: oneOf(ORDERS, message.order, "update.order", faults),
    monitorMs: message.monitorMs ?? DEFAULT_UPDATE.monitorMs,
    failureAction: oneOf(FAILURE_ACTIONS, message.failureAction, "update.failureAction", faults),
    maxFailureRatio: message.maxFailureRatio,
  };
}

/** Known words of each field; the first one is the default for "". */
const MODES = ["replicated", "global", "job"] as const;
const RUNTIMES = ["auto", "docker", "process"] as const;
const CONDITIONS = ["any", "on-failure", "none"] as const;
const PROTOCOLS = ["tcp", "udp"] as const;
const PUBLISH_MODES = ["host", "ingress"] as const;
const PROBES = ["http", "tcp", "exec"] as const;
const SCHEMES = ["http", "https"] as const;
const ORDERS = ["auto", "start-first", "stop-first"] as const;
const FAILURE_ACTIONS = ["pause", "continue", "rollback"] as const;

function oneOf<Word extends string>(
  words: readonly [Word, ...Word[]],
  text: string,
  path: string,
  faults: FieldFault[],
): Word {
  if (text === "") return words[0];
  const known = words.find((word) => word === text);
  if (known) return known;
  faults.push({ path, message: `must be one of ${words.join(", ")}, not ${JSON.stringify(text)}` });
  return words[0];
}
