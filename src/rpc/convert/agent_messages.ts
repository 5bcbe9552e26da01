/**
 * What passes between an agent and the managers: node descriptions and task statuses.
 *
 * Both directions, shared by the agent and the dispatcher.
 */
import { type WallMs, wallMs } from "../../lib/mod.ts";
import {
  type NodeDescription,
  STATUS_LIMITS,
  TASK_STATES,
  type TaskStatus,
} from "../../model/mod.ts";
import type { TaskStatus as TaskStatusMessage } from "../gen/warren/v1/agent.ts";
import type { NodeDescription as NodeDescriptionMessage } from "../gen/warren/v1/node.ts";

/** A status as it is sent. */
export function statusToProto(taskId: string, status: TaskStatus): TaskStatusMessage {
  return {
    taskId,
    state: status.state,
    message: status.message,
    reason: status.reason,
    exitCode: status.exitCode ?? undefined,
    restarts: status.restarts,
    health: status.health,
    containerId: status.containerId,
    ports: status.ports.map((port) => ({ ...port })),
    lastLines: [...status.lastLines],
    startedMs: status.startedMs ?? 0,
    atMs: status.atMs,
    sequence: status.sequence,
  };
}

/** A received status, cut to its bounds; undefined when its state is not one we know. */
export function statusFromProto(message: TaskStatusMessage): TaskStatus | undefined {
  const state = TASK_STATES.find((known) => known === message.state);
  if (!state) return undefined;
  const { lastLines, lineChars, messageChars } = STATUS_LIMITS;
  return {
    state,
    message: message.message.slice(0, messageChars),
    reason: message.reason.slice(0, 64),
    exitCode: message.exitCode ?? null,
    restarts: message.restarts,
    health: HEALTHS.find((known) => known === message.health) ?? "none",
    containerId: message.containerId.slice(0, 128),
    ports: message.ports.filter(isBound).slice(0, 100).map((
      { containerPort, hostPort, protocol },
    ) => ({ containerPort, hostPort, protocol: protocol === "udp" ? "udp" : "tcp" })),
    lastLines: message.lastLines.slice(-lastLines).map((line) => line.slice(0, lineChars)),
    startedMs: message.startedMs ? timeFrom(message.startedMs) : null,
    atMs: timeFrom(message.atMs),
    sequence: message.sequence,
  };
}

/** The last moment that a calendar can show. */
const LAST_MS = 8_640_000_000_000_000;

/** A time of another machine, within what can be written as a date. */
function timeFrom(ms: number): WallMs {
  return wallMs(Math.min(Math.max(ms, 0), LAST_MS));
}

function isBound(port: { readonly containerPort: number; readonly hostPort: number }): boolean {
  return [port.containerPort, port.hostPort].every((number) => number > 0 && number < 65_536);
}

const HEALTHS = ["none", "starting", "healthy", "unhealthy"] as const;

/** A description as it is sent. */
export function descriptionToProto(description: NodeDescription): NodeDescriptionMessage {
  const { hostname, os, arch, engine, resources, version } = description;
  return { hostname, os, arch, engine, version, runtimes: [...description.runtimes], ...resources };
}

/** A received description, cut to its bounds; runtimes that are not known are dropped. */
export function descriptionFromProto(message: NodeDescriptionMessage): NodeDescription {
  const runtimes = RUNTIMES.filter((known) => message.runtimes.includes(known));
  runtimes.sort((a, b) => message.runtimes.indexOf(a) - message.runtimes.indexOf(b));
  return {
    hostname: message.hostname.slice(0, 255),
    os: message.os.slice(0, 32),
    arch: message.arch.slice(0, 32),
    runtimes,
    engine: message.engine.slice(0, 200),
    resources: {
      milliCpus: Math.max(0, message.milliCpus),
      memoryBytes: Math.max(0, message.memoryBytes),
    },
    version: message.version.slice(0, 100),
  };
}

const RUNTIMES = ["docker", "process"] as const;
