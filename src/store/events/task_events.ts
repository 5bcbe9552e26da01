/**
 * Events of tasks: placement, states, health.
 */
import type { Task, TaskState } from "../../model/mod.ts";
import type { EventDraft, NodeName } from "./event.ts";

/** Reason word of a container that was killed for want of memory. */
export const OUT_OF_MEMORY = "OUT_OF_MEMORY";

/** States that are worth an event, with the words for it. */
const STATE_EVENTS: Partial<Record<TaskState, readonly [EventDraft["type"], string]>> = {
  running: ["task.running", "is running"],
  restarting: ["task.restarting", "ended and is started again"],
  stopped: ["task.stopped", "stopped"],
  completed: ["task.completed", "completed"],
  failed: ["task.failed", "failed"],
  orphaned: ["task.orphaned", "was lost with its node"],
};

/** What happened to a task that is still known; the removal of its record is no news. */
export function taskEvents(
  before: Task | null,
  after: Task,
  nodeName: NodeName,
): readonly EventDraft[] {
  const attributes = attributesOf(after, nodeName);
  const label = labelOf(after, attributes.node);
  const drafts: EventDraft[] = [];
  const add = (type: EventDraft["type"], what: string) => {
    drafts.push({ type, message: `task ${label} ${what}`, attributes });
  };
  if (!before) add("task.created", `created (${after.id})`);
  if (after.nodeId !== null && before?.nodeId !== after.nodeId) {
    add("task.placed", `placed on node "${attributes.node}"`);
  }
  if (after.unplaced && before?.unplaced?.message !== after.unplaced.message) {
    add("task.unplaceable", `has no node: ${after.unplaced.message}`);
  }
  if (before) { for (const [type, what] of statusEvents(before, after)) add(type, what); }
  return drafts;
}

type TypeAndText = readonly [EventDraft["type"], string];

function statusEvents(before: Task, after: Task): readonly TypeAndText[] {
  const { state, health, reason, restarts, message } = after.status;
  const events: TypeAndText[] = [];
  const isNewAttempt = before.status.restarts !== restarts;
  const why = message === "" ? "" : `: ${message}`;
  const isNewState = before.status.state !== state || (isNewAttempt && state === "running");
  if (isNewState) {
    const isOom = reason === OUT_OF_MEMORY && (state === "failed" || state === "restarting");
    if (isOom) events.push(["task.oom", "ran out of memory"]);
    const event = STATE_EVENTS[state];
    if (event) events.push([event[0], event[1] + (state === "running" ? "" : why)]);
  }
  if (before.status.health !== health || isNewAttempt) {
    if (health === "healthy") events.push(["task.healthy", "is healthy"]);
    if (health === "unhealthy") events.push(["task.unhealthy", `is unhealthy${why}`]);
  }
  return events;
}

function attributesOf(task: Task, nodeName: NodeName) {
  const { state, reason, exitCode, restarts } = task.status;
  return {
    taskId: task.id,
    service: task.serviceName,
    serviceId: task.serviceId,
    slot: String(task.slot),
    revision: String(task.revision),
    state,
    restarts: String(restarts),
    node: task.nodeId === null ? "" : nodeName(task.nodeId),
    nodeId: task.nodeId ?? "",
    ...(reason !== "" && { reason }),
    ...(exitCode !== null && { exitCode: String(exitCode) }),
  };
}

/** `web.2`, or for a global service, whose slot is the node, `web.node-1`. */
function labelOf(task: Task, node: string): string {
  return `${task.serviceName}.${task.slot === 0 && node !== "" ? node : task.slot}`;
}
