/**
 * Container specs as the engine takes them, and the engine's inspection as a container's state. Pure.
 *
 * The engine's own restart policy is always off: the agent restarts. Logs are bounded, because
 * nobody rotates them otherwise. Swap is not added to a memory limit, so that the limit is what it says.
 */
import { wallMs } from "../../../lib/mod.ts";
import type { BoundPort, PortSpec, ResourceAmounts } from "../../../model/mod.ts";
import type { ContainerSpec, ContainerState } from "../runtime.ts";
import { asList, asNumber, asRecord, asText, asTexts, asTimeMs, recordAt } from "./parse.ts";

/** What the machine has, to express "no limit" where the engine has no word for it. */
export interface Machine {
  readonly cpus: number;
}

/** "No limit" for an update of memory: more than any machine has, and less than the kernel refuses. */
const ANY_MEMORY_BYTES = 2 ** 52;

/** The body of `POST /containers/create`. */
export function createBody(spec: ContainerSpec, machine: Machine): Record<string, unknown> {
  return {
    Image: spec.image,
    Labels: spec.labels,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    ...(spec.entrypoint.length > 0 && { Entrypoint: spec.entrypoint }),
    ...(spec.command.length > 0 && { Cmd: spec.command }),
    ...(spec.user !== "" && { User: spec.user }),
    ...(spec.workdir !== "" && { WorkingDir: spec.workdir }),
    ...(spec.hostname !== "" && { Hostname: spec.hostname }),
    ...(spec.stopSignal !== "" && { StopSignal: spec.stopSignal }),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [portKey(port), {}])),
    HostConfig: {
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      Mounts: mounts(spec),
      PortBindings: portBindings(spec.ports),
      ...createLimits(spec.limits, machine),
    },
  };
}

function mounts(spec: ContainerSpec): Record<string, unknown>[] {
  const binds = spec.binds.map(({ source, target, readOnly }) => ({
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  }));
  const volumes = spec.volumes.map(({ volume, target, readOnly }) => ({
    Type: "volume",
    Source: volume,
    Target: target,
    ReadOnly: readOnly,
  }));
  return [...binds, ...volumes];
}

function portKey(port: PortSpec): string {
  return `${port.containerPort}/${port.protocol}`;
}

function portBindings(ports: readonly PortSpec[]): Record<string, { HostPort: string }[]> {
  const bindings: Record<string, { HostPort: string }[]> = {};
  for (const port of ports) {
    const bound = bindings[portKey(port)] ??= [];
    bound.push({ HostPort: port.hostPort === 0 ? "" : String(port.hostPort) });
  }
  return bindings;
}

/** A processor limit above what the machine has is none; the engine would refuse it. */
function createLimits(limits: ResourceAmounts, machine: Machine): Record<string, number> {
  const nanoCpus = limits.milliCpus * 1e6;
  return {
    ...(nanoCpus > 0 && nanoCpus < machine.cpus * 1e9 && { NanoCpus: nanoCpus }),
    ...(limits.memoryBytes > 0 &&
      { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes }),
  };
}

/** The body of `POST /containers/{id}/update`; 0 lifts a limit. */
export function updateBody(limits: ResourceAmounts, machine: Machine): Record<string, number> {
  const allCpus = machine.cpus * 1e9;
  const nanoCpus = limits.milliCpus === 0 ? allCpus : Math.min(limits.milliCpus * 1e6, allCpus);
  const memory = limits.memoryBytes === 0 ? ANY_MEMORY_BYTES : limits.memoryBytes;
  return { NanoCpus: nanoCpus, Memory: memory, MemorySwap: memory };
}

/** What `GET /containers/{id}/json` says. */
export function stateFromInspect(answer: unknown): ContainerState {
  const inspected = asRecord(answer);
  const state = recordAt(inspected, "State");
  const status = statusFromEngine(asText(state["Status"]));
  const startedMs = asTimeMs(state["StartedAt"]);
  const finishedMs = asTimeMs(state["FinishedAt"]);
  return {
    id: asText(inspected["Id"]),
    name: asText(inspected["Name"]).replace(/^\//, ""),
    labels: asTexts(recordAt(inspected, "Config")["Labels"]),
    status,
    exitCode: status === "exited" ? asNumber(state["ExitCode"]) : null,
    oomKilled: state["OOMKilled"] === true,
    error: asText(state["Error"]),
    startedMs: startedMs === null ? null : wallMs(startedMs),
    finishedMs: finishedMs === null || status === "running" ? null : wallMs(finishedMs),
    address: addressOf(inspected),
    ports: boundPorts(recordAt(inspected, "NetworkSettings", "Ports")),
    pid: status === "running" ? asNumber(state["Pid"]) : 0,
  };
}

function statusFromEngine(status: string): ContainerState["status"] {
  if (status === "created") return "created";
  return status === "exited" || status === "dead" || status === "removing" ? "exited" : "running";
}

function addressOf(inspected: Readonly<Record<string, unknown>>): string {
  if (asText(recordAt(inspected, "HostConfig")["NetworkMode"]) === "host") return "127.0.0.1";
  for (const network of Object.values(recordAt(inspected, "NetworkSettings", "Networks"))) {
    const address = asText(asRecord(network)["IPAddress"]);
    if (address !== "") return address;
  }
  return "";
}

/** One entry per container port and protocol, though the engine binds IPv4 and IPv6 apart. */
function boundPorts(ports: Readonly<Record<string, unknown>>): BoundPort[] {
  const bound = new Map<string, BoundPort>();
  for (const [key, bindings] of Object.entries(ports)) {
    const [port, protocol] = key.split("/");
    for (const binding of asList(bindings)) {
      const hostPort = Number(asText(asRecord(binding)["HostPort"]));
      const found = `${key}:${hostPort}`;
      if (!(hostPort > 0) || bound.has(found)) continue;
      bound.set(found, {
        containerPort: Number(port),
        hostPort,
        protocol: protocol === "udp" ? "udp" : "tcp",
      });
    }
  }
  return [...bound.values()];
}
