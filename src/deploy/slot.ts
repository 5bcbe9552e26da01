/**
 * The tasks of one slot, sorted by the part they play in keeping it filled.
 *
 * Built by the planner for every service it looks at; rollouts and reconciliation read it. Every
 * task of the slot is in exactly one of the lists.
 */
import { currencyOf, isTerminal, type NodeId, type Service, type Task } from "../model/mod.ts";
import type { StateView } from "../store/mod.ts";

/** One replica position, or one node of a global service. */
export interface Slot {
  /** The slot's number as text, or the id of the node. */
  readonly key: string;
  /** From 1; 0 for global services. */
  readonly number: number;
  /** The node of a global slot. */
  readonly nodeId: NodeId | null;
  /** The task that is to stay: what the service asks for now, on a node that keeps its tasks. */
  readonly keeper: Task | null;
  /** Others like the keeper, of which one is enough. */
  readonly spares: readonly Task[];
  /** To be replaced by a task of the present revision. */
  readonly outdated: readonly Task[];
  /** On a node that is being drained. */
  readonly evicted: readonly Task[];
  /** Ended though nobody asked for it, and not by their restart policy: to be replaced. */
  readonly lost: readonly Task[];
  /** Told to end and not ended yet. */
  readonly stopping: readonly Task[];
  /** Told to end, and ended; oldest first. */
  readonly ended: readonly Task[];
}

interface Draft {
  good: Task[];
  outdated: Task[];
  evicted: Task[];
  lost: Task[];
  stopping: Task[];
  ended: Task[];
}

/** The slots that tasks of `service` are in, in order of their first task. */
export function slotsOf(view: StateView, service: Service): ReadonlyMap<string, Slot> {
  const drafts = new Map<string, Draft>();
  const isCurrent = currencyOf(service);
  const isGlobal = service.spec.mode.kind === "global";
  for (const task of view.tasksOfService(service.id)) {
    const key = slotKey(service, task);
    let draft = drafts.get(key);
    if (!draft) drafts.set(key, draft = emptyDraft());
    listFor(draft, view, task, isCurrent).push(task);
  }
  return new Map([...drafts].map(([key, draft]) => [key, slotFrom(key, draft, isGlobal)]));
}

/** A slot without tasks. */
export function emptySlot(key: string, nodeId: NodeId | null): Slot {
  return { ...slotFrom(key, emptyDraft(), nodeId !== null), nodeId };
}

/** Key of the slot that no service wants: tasks from before a change of mode end up in it. */
const NO_SLOT = "";

/** The slot of `task` under the present mode of its service. */
export function slotKey(service: Service, task: Task): string {
  const isGlobal = service.spec.mode.kind === "global";
  if (isGlobal !== (task.slot === 0)) return NO_SLOT;
  return isGlobal ? nodeOfGlobal(task) ?? NO_SLOT : String(task.slot);
}

/** The node that a task of a global service is for; a pending one names it in its refusal. */
export function nodeOfGlobal(task: Task): NodeId | null {
  return task.nodeId ?? task.unplaced?.refusals[0]?.nodeId ?? null;
}

/** Whether the slot has a task that is to run, in whatever state. */
export function isOccupied(slot: Slot): boolean {
  return slot.keeper !== null || slot.outdated.length > 0 || slot.evicted.length > 0;
}

/** Whether a task does its work now. */
export function isServing(task: Task): boolean {
  return task.status.state === "running";
}

function emptyDraft(): Draft {
  return { good: [], outdated: [], evicted: [], lost: [], stopping: [], ended: [] };
}

function listFor(
  draft: Draft,
  view: StateView,
  task: Task,
  isCurrent: (task: Task) => boolean,
): Task[] {
  const { state } = task.status;
  if (task.desired !== "running") return isTerminal(state) ? draft.ended : draft.stopping;
  if (state === "orphaned" || state === "stopped") return draft.lost;
  const node = task.nodeId === null ? undefined : view.node(task.nodeId);
  if (node?.availability === "drain" && !isTerminal(state)) return draft.evicted;
  return isCurrent(task) ? draft.good : draft.outdated;
}

function slotFrom(key: string, draft: Draft, isGlobal: boolean): Slot {
  const { good, ...others } = draft;
  const keeper = bestOf(good);
  return {
    key,
    number: isGlobal ? 0 : Number(key),
    nodeId: isGlobal && key !== NO_SLOT ? nodeIdOf(draft) : null,
    keeper,
    spares: good.filter((task) => task !== keeper),
    ...others,
  };
}

function nodeIdOf(draft: Draft): NodeId | null {
  const [task] = [
    draft.good,
    draft.outdated,
    draft.evicted,
    draft.lost,
    draft.stopping,
    draft.ended,
  ]
    .flat();
  return task ? nodeOfGlobal(task) : null;
}

/** The one that is furthest on its way to serving; the oldest of equals. */
function bestOf(tasks: readonly Task[]): Task | null {
  let best: Task | null = null;
  for (const task of tasks) if (!best || worth(task) > worth(best)) best = task;
  return best;
}

/** How much would be lost with the task: 4 serving, 3 starting, 2 placed, 1 waiting, 0 ended. */
export function worth(task: Task): number {
  switch (task.status.state) {
    case "running":
      return 4;
    case "starting":
    case "restarting":
      return 3;
    case "assigned":
    case "preparing":
      return 2;
    case "pending":
      return 1;
    case "stopping":
    case "stopped":
    case "completed":
    case "failed":
    case "orphaned":
      return 0;
  }
}
