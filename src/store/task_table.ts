/**
 * The table of tasks with its indices: by service, by node, usage per node, count per state.
 *
 * Usage and counts are kept incrementally; a property test compares them with a recount. The lists
 * of a service are in order of creation, those of a node in order of placement.
 */
import type { NodeId, ServiceId, Task, TaskState } from "../model/mod.ts";
import { Table } from "./table.ts";
import { isPending } from "./task_change.ts";
import {
  type CountedUsage,
  NO_USAGE,
  sameUse,
  usageWith,
  usageWithout,
  usesNode,
} from "./usage.ts";

/** Tasks and what is known about them without looking at each. */
export class TaskTable extends Table<Task> {
  readonly #ofService = new Map<ServiceId, Set<string>>();
  readonly #ofNode = new Map<NodeId, Set<string>>();
  readonly #usage = new Map<NodeId, CountedUsage>();
  readonly #states = new Map<TaskState, number>();
  /** May hold tasks that are no longer pending until the next settlement. */
  readonly #pending = new Set<string>();
  readonly #leaving = new Set<string>();

  /** Tasks of a service, of every revision and state. */
  ofService(id: ServiceId): Iterable<Task> {
    return this.#listed(this.#ofService.get(id));
  }

  /** Tasks that were placed on a node, ended ones included. */
  ofNode(id: NodeId): Iterable<Task> {
    return this.#listed(this.#ofNode.get(id));
  }

  /** Tasks that are to run and wait for a node; cost is their number. */
  pending(): Iterable<Task> {
    return this.#listed(this.#pending, isPending);
  }

  /** What the tasks of a node take from it; O(1). */
  usage(id: NodeId): CountedUsage {
    return this.#usage.get(id) ?? NO_USAGE;
  }

  /** Tasks per state; states without a task may be missing. */
  get states(): ReadonlyMap<TaskState, number> {
    return this.#states;
  }

  /** Nodes that tasks were placed on, each with the ids of its tasks in order of placement. */
  placements(): Iterable<readonly [NodeId, ReadonlySet<string>]> {
    return this.#ofNode;
  }

  /** Puts the tasks of a node into the order that `ids` gives; for the restore of a snapshot. */
  reorderNode(id: NodeId, ids: readonly string[]): void {
    const known = this.#ofNode.get(id);
    if (!known || known.size !== ids.length || !ids.every((task) => known.has(task))) return;
    this.#ofNode.set(id, new Set(ids));
  }

  protected override reindex(before: Task | null, after: Task | null): void {
    if (before?.status.state !== after?.status.state) {
      if (before) this.#countState(before.status.state, -1);
      if (after) this.#countState(after.status.state, 1);
    }
    if (after) this.#list(before, after);
    if (after && isPending(after)) this.#pending.add(after.id);
    else if (before && isPending(before)) this.#leaving.add(before.id);
    if (before && after && sameUse(before, after)) return;
    if (before) this.#countUse(before, usageWithout);
    if (after) this.#countUse(after, usageWith);
  }

  override settle(): void {
    super.settle();
    for (const id of this.#leaving) {
      const task = this.get(id);
      if (!task || !isPending(task)) this.#pending.delete(id);
    }
    this.#leaving.clear();
  }

  protected override forget(task: Task): void {
    this.#pending.delete(task.id);
    unlist(this.#ofService, task.serviceId, task.id);
    if (task.nodeId !== null) unlist(this.#ofNode, task.nodeId, task.id);
  }

  #list(before: Task | null, after: Task): void {
    if (!before) list(this.#ofService, after.serviceId, after.id);
    if (before && before.nodeId !== null && before.nodeId !== after.nodeId) {
      unlist(this.#ofNode, before.nodeId, before.id);
    }
    if (after.nodeId !== null) list(this.#ofNode, after.nodeId, after.id);
  }

  *#listed(ids: Iterable<string> = [], belongs = (_: Task) => true): Iterable<Task> {
    for (const id of ids) {
      const task = this.get(id);
      if (task && belongs(task)) yield task;
    }
  }

  #countState(state: TaskState, by: 1 | -1): void {
    this.#states.set(state, (this.#states.get(state) ?? 0) + by);
  }

  #countUse(task: Task, change: (usage: CountedUsage, task: Task) => CountedUsage): void {
    if (task.nodeId === null || !usesNode(task)) return;
    const usage = change(this.usage(task.nodeId), task);
    if (usage.tasks === 0) this.#usage.delete(task.nodeId);
    else this.#usage.set(task.nodeId, usage);
  }
}

function list<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const ids = index.get(key);
  if (ids) ids.add(id);
  else index.set(key, new Set([id]));
}

function unlist<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
