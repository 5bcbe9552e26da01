/**
 * Which tasks a node must know of, and what changed since it was last told. Pure.
 *
 * A session keeps one of these; the change feed marks tasks, and `take` gives what to send. What
 * the agent itself reported does not come back to it.
 */
import { isTerminal, type NodeId, type Task, type TaskId } from "../../model/mod.ts";
import type { ChangeSet, StateView } from "../../store/mod.ts";

/** What to tell the agent. */
export interface AssignmentChange {
  readonly update: readonly Task[];
  readonly remove: readonly TaskId[];
}

/** Whether the agent of a task's node must know of it: until it ended because it was told to. */
export function isAssigned(task: Task): boolean {
  return task.nodeId !== null && !(isTerminal(task.status.state) && task.desired !== "running");
}

/** What one session has sent, and which tasks to look at again. */
export class AssignmentDiff {
  readonly #nodeId: NodeId;
  /** Tasks the agent knows, as they were when sent. */
  readonly #sent = new Map<TaskId, Task>();
  readonly #marked = new Set<TaskId>();

  constructor(nodeId: NodeId) {
    this.#nodeId = nodeId;
  }

  /** Marks the tasks of this node in `set`; true when there is something to look at. */
  note(set: ChangeSet): boolean {
    for (const change of set.changes) {
      if (change.table !== "tasks") continue;
      const task = change.after ?? change.before;
      if (task?.nodeId === this.#nodeId && !this.#isEcho(change.after)) this.#marked.add(task.id);
    }
    return this.#marked.size > 0;
  }

  /** Marks every task of the node: for the full set at the beginning. */
  markAll(view: StateView): void {
    for (const task of view.tasksOfNode(this.#nodeId)) this.#marked.add(task.id);
  }

  /** What to send now, at most `limit` tasks; the rest stays marked. */
  take(view: StateView, limit: number): AssignmentChange {
    const update: Task[] = [];
    const remove: TaskId[] = [];
    for (const id of this.#marked) {
      if (update.length + remove.length >= limit) break;
      this.#marked.delete(id);
      const task = view.task(id);
      if (task && task.nodeId === this.#nodeId && isAssigned(task)) {
        if (!sameOrder(this.#sent.get(id), task)) update.push(task);
        this.#sent.set(id, task);
      } else if (this.#sent.delete(id)) remove.push(id);
    }
    return { update, remove };
  }

  /** Whether tasks wait to be looked at. */
  get isPending(): boolean {
    return this.#marked.size > 0;
  }

  /** A report of the agent that changes nothing it was told. */
  #isEcho(after: Task | null): boolean {
    if (!after || !isAssigned(after)) return false;
    return sameOrder(this.#sent.get(after.id), after);
  }
}

function sameOrder(sent: Task | undefined, task: Task): boolean {
  return sent !== undefined && sent.desired === task.desired && sent.spec === task.spec;
}
