/**
 * Whether a service is where its owner wants it, and if not, what it waits for, in plain words.
 *
 * Pure: `service_watch.ts` asks after each change, commands print the answer. It only reads; what to
 * do about it is the planner's business.
 */
import {
  isTerminal,
  matchesConstraint,
  type Node,
  parseConstraint,
  type Service,
  serviceCounts,
  slotKey,
  type Task,
} from "../model/mod.ts";
import type { StateView } from "../store/mod.ts";
import { nodeNameOf, taskName } from "./convert/task.ts";

/** How far a service has come. */
export interface Progress {
  readonly settled: boolean;
  /** "" when settled. */
  readonly waitingFor: string;
  /** When to look again although nothing changes; wall milliseconds, null for never. */
  readonly lookAgainMs: number | null;
}

/** Tasks named at most; the rest are counted. */
const MAX_NAMED = 3;
/** A node that a global service has brought no task to for this long does not suit it. */
const GLOBAL_GRACE_MS = 2_000;

/** Judges `service`, or what is left of it when undefined; `tasks` are all that it has. */
export function serviceProgress(
  view: StateView,
  { service, tasks, nowMs }: {
    readonly service: Service | undefined;
    readonly tasks: readonly Task[];
    readonly nowMs: number;
  },
): Progress {
  const lines = tasks.flatMap((task) => taskLine(view, task, service !== undefined));
  if (!service) return progress(lines, null);
  const missing = missingTasks(view, service, { tasks, nowMs });
  if (missing.line !== "") lines.push(missing.line);
  const { rollout } = service;
  const isRolling = rollout?.state === "updating" || rollout?.state === "rolling_back";
  if (isRolling && lines.length === 0) lines.push(rolloutLine(service));
  return progress(lines, missing.lookAgainMs);
}

function progress(lines: readonly string[], lookAgainMs: number | null): Progress {
  const more = lines.length > MAX_NAMED ? `; and ${lines.length - MAX_NAMED} more` : "";
  const waitingFor = lines.slice(0, MAX_NAMED).join("; ") + more;
  return { settled: lines.length === 0, waitingFor, lookAgainMs };
}

/** What is to be said of a task that is not where it should be; nothing of one that is. */
function taskLine(view: StateView, task: Task, hasService: boolean): readonly string[] {
  const { state, message, reason } = task.status;
  const name = taskName(view, task);
  if (task.desired !== "running" || !hasService) {
    return isTerminal(state) || task.nodeId === null ? [] : [`${located(view, task)}: stopping`];
  }
  switch (state) {
    case "running":
    case "completed":
      return [];
    case "pending":
      return [`${name}: ${task.unplaced?.message ?? "waiting for a node"}`];
    case "assigned":
      return [`${located(view, task)}: waiting for its agent`];
    case "failed":
      return [`${name} failed: ${message || reason || "no reason was given"}`];
    case "orphaned":
    case "stopped":
      return [`${located(view, task)}: ${message || state}, to be replaced`];
    case "preparing":
    case "starting":
    case "restarting":
    case "stopping":
      return [`${located(view, task)}: ${message || state}`];
  }
}

/** `web.2 on node a`; a global service's task has the node in its name. */
function located(view: StateView, task: Task): string {
  const name = taskName(view, task);
  return task.slot > 0 ? `${name} on node ${nodeNameOf(view, task)}` : name;
}

interface Missing {
  readonly line: string;
  readonly lookAgainMs: number | null;
}

/** Slots that should have a task and have none yet, or have one and should not. */
function missingTasks(
  view: StateView,
  service: Service,
  { tasks, nowMs }: { readonly tasks: readonly Task[]; readonly nowMs: number },
): Missing {
  const { spec } = service;
  if (spec.mode.kind === "global") return missingOnNodes(view, service, { tasks, nowMs });
  const filled = new Set(tasks.filter((task) => task.desired === "running").map(slotKey)).size;
  const count = spec.mode.kind === "job"
    ? Math.max(0, serviceCounts(service, tasks).desired - liveSlots(tasks))
    : spec.mode.replicas - filled;
  if (count === 0) return { line: "", lookAgainMs: null };
  const noun = Math.abs(count) === 1 ? "1 task" : `${Math.abs(count)} tasks`;
  const what = count > 0 ? "still to be created" : "too many, to be stopped";
  return { line: `${spec.name}: ${noun} ${what}`, lookAgainMs: null };
}

/** Slots of a job whose task has not ended, or ended for good without success. */
function liveSlots(tasks: readonly Task[]): number {
  const slots = tasks.filter(({ desired, status }) =>
    desired === "running" && status.state !== "completed"
  );
  return new Set(slots.map(slotKey)).size;
}

/** Nodes that look right for a global service, for as long as its planner may not have seen them. */
function missingOnNodes(
  view: StateView,
  service: Service,
  { tasks, nowMs }: { readonly tasks: readonly Task[]; readonly nowMs: number },
): Missing {
  const sinceMs = service.updatedMs + GLOBAL_GRACE_MS;
  if (nowMs >= sinceMs) return { line: "", lookAgainMs: null };
  const has = new Set<unknown>(tasks.filter((task) => task.desired === "running").map(slotKey));
  const missing = Array.from(view.nodes()).filter((node) =>
    suits(service, node) && !has.has(node.id)
  );
  const [first] = missing;
  if (!first) return { line: "", lookAgainMs: null };
  const more = missing.length > 1 ? ` and ${missing.length - 1} more nodes` : "";
  return {
    line: `${service.spec.name}: no task on node ${first.name}${more} yet`,
    lookAgainMs: sinceMs,
  };
}

function suits(service: Service, node: Node): boolean {
  if (node.status !== "ready" || node.availability !== "active") return false;
  if (node.description.runtimes.length === 0) return false;
  return service.spec.placement.constraints.every((text) => {
    const parsed = parseConstraint(text);
    return parsed.ok && matchesConstraint(node, parsed.value);
  });
}

function rolloutLine({ spec, rollout }: Service): string {
  const what = rollout?.state === "rolling_back" ? "rollback" : "update";
  const detail = rollout?.message ? `: ${rollout.message}` : "";
  return `${spec.name}: the ${what} to revision ${
    rollout?.toRevision ?? 0
  } is watched until it holds${detail}`;
}
