/**
 * Service and task specs of the model as messages. The inverse is `spec_from_proto.ts`.
 *
 * Shared by the API, the dispatcher, the agent and the client, so that a field is translated in one
 * place only.
 */
import { assertNever } from "../../lib/mod.ts";
import type { FileRef, HealthCheck, ServiceSpec, TaskSpec } from "../../model/mod.ts";
import type {
  FileRef as FileRefMessage,
  HealthCheck as HealthCheckMessage,
  ServiceSpec as ServiceSpecMessage,
  TaskSpec as TaskSpecMessage,
} from "../gen/warren/v1/service.ts";

/** A spec as it is sent. */
export function serviceSpecToProto(spec: ServiceSpec): ServiceSpecMessage {
  return {
    name: spec.name,
    labels: { ...spec.labels },
    ...modeToProto(spec),
    task: taskSpecToProto(spec.task),
    placement: {
      constraints: [...spec.placement.constraints],
      spread: [...spec.placement.spread],
      maxPerNode: spec.placement.maxPerNode,
    },
    update: { ...spec.update },
  };
}

function modeToProto(
  spec: ServiceSpec,
): Pick<ServiceSpecMessage, "mode" | "replicas" | "jobParallelism"> {
  const { mode } = spec;
  switch (mode.kind) {
    case "replicated":
      return { mode: mode.kind, replicas: mode.replicas, jobParallelism: 0 };
    case "global":
      return { mode: mode.kind, replicas: undefined, jobParallelism: 0 };
    case "job":
      return { mode: mode.kind, replicas: mode.completions, jobParallelism: mode.parallelism };
    default:
      return assertNever(mode, "service mode");
  }
}

/** A task's spec as it is sent, to clients and to agents. */
export function taskSpecToProto(task: TaskSpec): TaskSpecMessage {
  return {
    image: task.image,
    entrypoint: [...task.entrypoint],
    command: [...task.command],
    env: { ...task.env },
    user: task.user,
    workdir: task.workdir,
    hostname: task.hostname,
    limits: { ...task.resources.limits },
    reservations: { ...task.resources.reservations },
    restart: { ...task.restart },
    health: task.health ? healthToProto(task.health) : undefined,
    stopTimeoutMs: task.stopTimeoutMs,
    stopSignal: task.stopSignal,
    mounts: task.mounts.map((mount) => ({ ...mount })),
    secrets: task.secrets.map(fileRefToProto),
    configs: task.configs.map(fileRefToProto),
    ports: task.ports.map((port) => ({ ...port })),
    networks: [...task.networks],
    runtime: task.runtime,
  };
}

/** A secret or config reference as it is sent. */
export function fileRefToProto(ref: FileRef): FileRefMessage {
  return { ...ref };
}

function healthToProto(health: HealthCheck): HealthCheckMessage {
  const { probe, intervalMs, timeoutMs, retries, startPeriodMs } = health;
  const base: HealthCheckMessage = {
    kind: probe.kind,
    path: "",
    port: 0,
    scheme: "",
    headers: {},
    statusMin: 0,
    statusMax: 0,
    command: [],
    intervalMs,
    timeoutMs,
    retries,
    startPeriodMs,
  };
  switch (probe.kind) {
    case "http": {
      const { path, port, scheme, headers, statusMin, statusMax } = probe;
      return { ...base, path, port, scheme, headers: { ...headers }, statusMin, statusMax };
    }
    case "tcp":
      return { ...base, port: probe.port };
    case "exec":
      return { ...base, command: [...probe.command] };
    default:
      return assertNever(probe, "health probe");
  }
}
