/**
 * What passes between an agent and the managers: node descriptions and task statuses.
 *
 * Both directions, shared by the agent and the dispatcher.
 */
import { wallMs } from "../../lib/mod.ts";
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
    containerId: message.containerId,
    ports: message.ports.slice(0, 100).map(({ containerPort, hostPort, protocol }) => ({
      containerPort,
      hostPort,
      protocol: protocol === "udp" ? "udp" : "tcp",
    })),
    lastLines: message.lastLines.slice(-lastLines).map((line) => line.slice(0, lineChars)),
    startedMs: message.startedMs ? wallMs(message.startedMs) : null,
    atMs: wallMs(message.atMs),
    sequence: message.sequence,
  };
}

const HEALTHS = ["none", "starting", "healthy", "unhealthy"] as const;

/** A description as it is sent. */
export function descriptionToProto(description: NodeDescription): NodeDescriptionMessage {
  const { hostname, os, arch, engine, resources, version } = description;
  return { hostname, os, arch, engine, version, runtimes: [...description.runtimes], ...resources };
}

/** A received description; runtimes that are not known are dropped. */
export function descriptionFromProto(message: NodeDescriptionMessage): NodeDescription {
  const { hostname, os, arch, engine, version, milliCpus, memoryBytes } = message;
  const runtimes = RUNTIMES.filter((known) => message.runtimes.includes(known));
  runtimes.sort((a, b) => message.runtimes.indexOf(a) - message.runtimes.indexOf(b));
  return { hostname, os, arch, runtimes, engine, resources: { milliCpus, memoryBytes }, version };
}

const RUNTIMES = ["docker", "process"] as const;
