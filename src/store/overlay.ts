/**
 * A view with the actions of one pass laid over it, so that a planner sees its own decisions.
 *
 * Used by the planners within one synchronous turn and then thrown away; the base is not changed.
 * Cost is that of the actions laid, not of the base: untouched lookups go straight through.
 */
import { assert, type WallMs } from "../lib/mod.ts";
import {
  asIndex,
  type NodeId,
  type Service,
  type ServiceId,
  type Task,
  type TaskId,
} from "../model/mod.ts";
import type { Action, NewTask } from "./action.ts";
import { sameData } from "./apply/same.ts";
import {
  createdTask,
  desiredTask,
  isDesiredForward,
  isNews,
  isPending,
  placedTask,
  reportedTask,
  type Stamp,
  unplacedTask,
} from "./task_change.ts";
import { sameUse, usageWith, usageWithout, usesNode } from "./usage.ts";
import type { NodeUsage, StateView } from "./view.ts";

/** The actions that a pass may lay over a view. */
export type PassAction = Extract<
  Action,
  {
    kind:
      | "service.rollout"
      | "task.create"
      | "task.place"
      | "task.unplaced"
      | "task.desire"
      | "task.report"
      | "task.remove";
  }
>;

/** {@link StateView} plus what a pass has decided so far. */
export class OverlayView implements StateView {
  readonly #base: StateView;
  readonly #stamp: Stamp;
  /** Tasks that differ from the base; null is removed. */
  readonly #tasks = new Map<TaskId, Task | null>();
  /** Tasks the base does not list, by service and by node, in order. */
  readonly #created = new Set<TaskId>();
  readonly #createdOfService = new Map<ServiceId, TaskId[]>();
  readonly #placedOnNode = new Map<NodeId, TaskId[]>();
  readonly #services = new Map<ServiceId, Service>();
  readonly #usage = new Map<NodeId, NodeUsage>();

  /** `atMs` is the wall time of the pass: what laid changes are stamped with. */
  constructor(base: StateView, atMs: WallMs) {
    this.#base = base;
    this.#stamp = { atMs, version: asIndex(base.index) };
  }

  /** Lays `action` on top; a task or service it names must be visible here, but for a report. */
  lay(action: PassAction): void {
    switch (action.kind) {
      case "service.rollout": {
        const service = this.#getService(action.id);
        this.#services.set(action.id, { ...service, rollout: action.rollout });
        return;
      }
      case "task.create":
        return this.#create(action.task);
      case "task.remove":
        return this.#put(this.#getTask(action.id), null);
      default: {
        if (action.kind === "task.report" && !this.task(action.id)) return;
        const task = this.#getTask(action.id);
        const after = changed(task, action, this.#stamp);
        if (after !== task) this.#put(task, after);
      }
    }
  }

  /** Lays several actions in order. */
  layAll(actions: Iterable<PassAction>): void {
    for (const action of actions) this.lay(action);
  }

  #create(wanted: NewTask): void {
    assert(this.task(wanted.id) === undefined, `task ${wanted.id} is new`);
    const task = createdTask(this.#getService(wanted.serviceId), wanted, this.#stamp);
    this.#created.add(task.id);
    push(this.#createdOfService, task.serviceId, task.id);
    this.#put(null, task);
  }

  #put(before: Task | null, after: Task | null): void {
    const id = before?.id ?? after?.id;
    assert(id !== undefined, "a change has a task");
    this.#tasks.set(id, after);
    if (after && after.nodeId !== null && before?.nodeId !== after.nodeId) {
      push(this.#placedOnNode, after.nodeId, id);
    }
    if (before && after && sameUse(before, after)) return;
    if (before && usesNode(before)) this.#count(before, usageWithout);
    if (after && usesNode(after)) this.#count(after, usageWith);
  }

  #count(task: Task, change: (usage: NodeUsage, task: Task) => NodeUsage): void {
    if (task.nodeId === null) return;
    this.#usage.set(task.nodeId, change(this.nodeUsage(task.nodeId), task));
  }

  #getTask(id: TaskId): Task {
    const task = this.task(id);
    assert(task !== undefined, `task ${id} is in view`);
    return task;
  }

  #getService(id: ServiceId): Service {
    const service = this.service(id);
    assert(service !== undefined, `service ${id} is in view`);
    return service;
  }

  get index() {
    return this.#base.index;
  }

  nodeUsage(id: NodeId): NodeUsage {
    return this.#usage.get(id) ?? this.#base.nodeUsage(id);
  }

  service(id: ServiceId): Service | undefined {
    return this.#services.get(id) ?? this.#base.service(id);
  }

  serviceByName(name: string): Service | undefined {
    const service = this.#base.serviceByName(name);
    return service && (this.#services.get(service.id) ?? service);
  }

  *services(): Iterable<Service> {
    for (const service of this.#base.services()) yield this.#services.get(service.id) ?? service;
  }

  task(id: TaskId): Task | undefined {
    const laid = this.#tasks.get(id);
    return laid === undefined ? this.#base.task(id) : laid ?? undefined;
  }

  *tasks(): Iterable<Task> {
    yield* this.#current(this.#base.tasks());
    yield* this.#laid(this.#created);
  }

  *tasksOfService(id: ServiceId): Iterable<Task> {
    yield* this.#current(this.#base.tasksOfService(id));
    yield* this.#laid(this.#createdOfService.get(id) ?? []);
  }

  *tasksOfNode(id: NodeId): Iterable<Task> {
    yield* this.#current(this.#base.tasksOfNode(id));
    yield* this.#laid(this.#placedOnNode.get(id) ?? []);
  }

  *pendingTasks(): Iterable<Task> {
    for (const task of this.#current(this.#base.pendingTasks())) if (isPending(task)) yield task;
    for (const task of this.#laid(this.#created)) if (isPending(task)) yield task;
  }

  /** The tasks of the base as they are now, without those removed. */
  *#current(tasks: Iterable<Task>): Iterable<Task> {
    for (const task of tasks) {
      const laid = this.#tasks.get(task.id);
      if (laid !== null) yield laid ?? task;
    }
  }

  *#laid(ids: Iterable<TaskId>): Iterable<Task> {
    for (const id of ids) {
      const task = this.#tasks.get(id);
      if (task) yield task;
    }
  }

  appliedRequest(requestId: string) {
    return this.#base.appliedRequest(requestId);
  }
  cluster() {
    return this.#base.cluster();
  }
  node(id: NodeId) {
    return this.#base.node(id);
  }
  nodeByName(name: string) {
    return this.#base.nodeByName(name);
  }
  nodes() {
    return this.#base.nodes();
  }
  secret(id: string) {
    return this.#base.secret(id);
  }
  secretByName(name: string) {
    return this.#base.secretByName(name);
  }
  secrets() {
    return this.#base.secrets();
  }
  config(id: string) {
    return this.#base.config(id);
  }
  configByName(name: string) {
    return this.#base.configByName(name);
  }
  configs() {
    return this.#base.configs();
  }
  volume(id: string) {
    return this.#base.volume(id);
  }
  volumeByName(name: string) {
    return this.#base.volumeByName(name);
  }
  volumes() {
    return this.#base.volumes();
  }
}

type TaskChange = Exclude<PassAction, { kind: "service.rollout" | "task.create" | "task.remove" }>;

/** The task after `action`; the same object when it changes nothing. */
function changed(task: Task, action: TaskChange, stamp: Stamp): Task {
  switch (action.kind) {
    case "task.place":
      assert(task.nodeId === null, `task ${task.id} has no node yet`);
      return placedTask(task, action.nodeId, stamp);
    case "task.unplaced":
      return sameData(task.unplaced, action.unplaced)
        ? task
        : unplacedTask(task, action.unplaced, stamp);
    case "task.desire":
      return isDesiredForward(task.desired, action.desired)
        ? desiredTask(task, action.desired, stamp)
        : task;
    case "task.report":
      return isNews(task.status, action.status) ? reportedTask(task, action.status, stamp) : task;
  }
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
