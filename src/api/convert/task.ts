/** Tasks as the API shows them. The reverse does not exist: clients never send tasks. */
import type { Refusal, Task } from "../../model/mod.ts";
import type { Task as TaskMessage } from "../../rpc/gen/warren/v1/service.ts";
import type { StateView } from "../../store/mod.ts";

/** `web.2`; a task of a global service is named by its node: `web@node-1`. */
export function taskName(view: StateView, task: Task): string {
  if (task.slot > 0) return `${task.serviceName}.${task.slot}`;
  return `${task.serviceName}@${nodeNameOf(view, task)}`;
}

/** The name of the task's node, its id when the node is gone, "" when it has none. */
export function nodeNameOf(view: StateView, task: Task): string {
  if (task.nodeId !== null) return view.node(task.nodeId)?.name ?? task.nodeId;
  return task.slot === 0 ? task.unplaced?.refusals[0]?.nodeName ?? "" : "";
}

/** A task as it is shown; `nodeName` as by {@link nodeNameOf}. */
export function taskToProto(task: Task, nodeName: string): TaskMessage {
  const { status, unplaced } = task;
  return {
    id: task.id,
    serviceId: task.serviceId,
    serviceName: task.serviceName,
    slot: task.slot,
    nodeId: task.nodeId ?? "",
    nodeName,
    revision: task.revision,
    desiredState: task.desired,
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
    createdMs: task.createdMs,
    updatedMs: task.updatedMs,
    image: task.spec.image,
    unplaced: unplaced?.message ?? "",
    refusals: unplaced?.refusals.map(refusalToProto) ?? [],
  };
}

function refusalToProto(refusal: Refusal) {
  const { nodeId, nodeName, filter, message, change } = refusal;
  return { nodeId, nodeName, filter, message, change };
}
