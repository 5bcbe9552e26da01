/**
 * How tasks are shown: columns, JSON fields, filters. The JSON fields are part of the contract of the
 * command line. Pure.
 */
import type { ListView } from "../output/render.ts";
import { toneOf } from "../output/style.ts";
import { taskMessage, taskName } from "../output/task_text.ts";
import { formatAge, formatPort, isoTime, shortId } from "../output/text.ts";
import type { Task } from "../../client/wire/mod.ts";

/** Keys of `task list --filter`. */
export const TASK_FILTERS = ["id", "name", "service", "node", "state", "desired-state"] as const;

/** What `task list -o json` has for each task. */
export function taskJson(task: Task): Readonly<Record<string, unknown>> {
  return {
    id: task.id,
    name: taskName(task),
    service: task.serviceName,
    serviceId: task.serviceId,
    slot: task.slot,
    node: task.nodeName,
    nodeId: task.nodeId,
    revision: task.revision,
    desiredState: task.desiredState,
    state: task.state,
    health: task.health,
    message: taskMessage(task),
    reason: task.reason,
    exitCode: task.exitCode ?? null,
    image: task.image,
    restarts: task.restarts,
    containerId: task.containerId,
    ports: task.ports.map(({ containerPort, hostPort, protocol }) => ({
      containerPort,
      hostPort,
      protocol,
    })),
    lastLines: task.lastLines,
    refusals: task.refusals.map(({ nodeName, filter, message, change }) => ({
      node: nodeName,
      filter,
      message,
      change,
    })),
    startedAt: isoTime(task.startedMs),
    createdAt: isoTime(task.createdMs),
    updatedAt: isoTime(task.updatedMs),
  };
}

/** `running`, or `running (unhealthy)`. */
export function stateText(task: Task): string {
  return task.health === "unhealthy" ? `${task.state} (unhealthy)` : task.state;
}

/** The list of tasks. */
export function taskView(nowMs: number, isTruncating: boolean): ListView<Task> {
  const id = (task: Task) => isTruncating ? shortId(task.id) : task.id;
  return {
    columns: [
      { header: "ID", cell: id },
      { header: "NAME", cell: taskName },
      { header: "NODE", cell: (task) => task.nodeName },
      {
        header: "STATE",
        cell: stateText,
        tone: (task) => toneOf(task.health === "unhealthy" ? "unhealthy" : task.state),
      },
      { header: "RESTARTS", cell: (task) => String(task.restarts), align: "right", yields: 2 },
      {
        header: "PORTS",
        cell: (task) => task.ports.map(formatPort).join(", "),
        shrinkTo: 14,
        yields: 1,
      },
      { header: "UPDATED", cell: (task) => formatAge(task.updatedMs, nowMs), yields: 3 },
      { header: "IMAGE", cell: (task) => task.image, wide: true, shrinkTo: 12 },
      { header: "DESIRED", cell: (task) => task.desiredState, wide: true },
      { header: "REVISION", cell: (task) => String(task.revision), wide: true },
      { header: "MESSAGE", cell: taskMessage, shrinkTo: 30, yields: 9 },
    ],
    id: (task) => task.id,
    name: taskName,
    json: taskJson,
    filters: {
      id: (task) => [task.id, shortId(task.id)],
      name: (task) => [taskName(task)],
      service: (task) => [task.serviceName, task.serviceId],
      node: (task) => [task.nodeName, task.nodeId],
      state: (task) => [task.state, ...(task.health === "none" ? [] : [task.health])],
      "desired-state": (task) => [task.desiredState],
    },
  };
}

/** By service, slot, newest first: the order that lists have. */
export function sortTasks(tasks: readonly Task[]): readonly Task[] {
  return [...tasks].sort((a, b) =>
    a.serviceName.localeCompare(b.serviceName) || a.slot - b.slot ||
    a.nodeName.localeCompare(b.nodeName) || b.createdMs - a.createdMs || a.id.localeCompare(b.id)
  );
}
