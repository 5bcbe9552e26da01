/**
 * What the planner has to look at: the change feed turned into names of services and nodes.
 *
 * Kept by the control loop between passes. It only takes notes: a mark too many costs time, and a
 * lost one is made good by the next full pass. Bounded by the number of services and nodes.
 */
import type { WallMs } from "../lib/mod.ts";
import { isTerminal, type Node, type NodeId, type ServiceId, type Task } from "../model/mod.ts";
import { type Change, type ChangeSet, isPending, usesNode } from "../store/mod.ts";

/** Where one pass looks. */
export interface Dirty {
  /** Services to reconcile, removed ones included. */
  readonly services: ReadonlySet<ServiceId>;
  /** Nodes that came, went, or changed in what placement looks at. */
  readonly nodes: ReadonlySet<NodeId>;
  /** Nodes with more room than before, where waiting tasks may fit now. */
  readonly freed?: ReadonlySet<NodeId>;
  /** Look at everything. */
  readonly full: boolean;
}

/** A pass that looks at everything: after becoming leader, and now and then. */
export const EVERYTHING: Dirty = { services: new Set(), nodes: new Set(), full: true };

/** What a plan says about looking again: null clears an earlier wish of that service. */
export type Wakes = ReadonlyMap<ServiceId, WallMs | null>;

/** Collects {@link Dirty} and the wishes of services to be looked at again. */
export class DirtySet {
  #services = new Set<ServiceId>();
  #nodes = new Set<NodeId>();
  #freed = new Set<NodeId>();
  #full = false;
  readonly #wakes = new Map<ServiceId, WallMs>();

  /** Whether a pass now would have nothing to look at. */
  get isEmpty(): boolean {
    return !this.#full && this.#services.size + this.#nodes.size + this.#freed.size === 0;
  }

  /** The earliest time at which a service is to be looked at again; cost is their number. */
  get wakeAtMs(): WallMs | null {
    let earliest: WallMs | null = null;
    for (const atMs of this.#wakes.values()) {
      if (earliest === null || atMs < earliest) earliest = atMs;
    }
    return earliest;
  }

  /** Notes what an applied proposal changed. */
  note(set: ChangeSet): void {
    for (const change of set.changes) this.#noteChange(change);
  }

  /** Asks for a full pass. */
  markAll(): void {
    this.#full = true;
  }

  /** Asks for a look at one service, for instance because its proposal was refused. */
  markService(id: ServiceId): void {
    this.#services.add(id);
  }

  /** Remembers when the services of a plan are to be looked at again. */
  noteWakes(wakes: Wakes): void {
    for (const [id, atMs] of wakes) {
      if (atMs === null) this.#wakes.delete(id);
      else this.#wakes.set(id, atMs);
    }
  }

  /** Marks the services whose time has come by `nowMs`. */
  markDue(nowMs: WallMs): void {
    for (const [id, atMs] of this.#wakes) {
      if (atMs > nowMs) continue;
      this.#wakes.delete(id);
      this.#services.add(id);
    }
  }

  /** Hands over what was noted and begins anew. */
  take(): Dirty {
    const dirty: Dirty = {
      services: this.#services,
      nodes: this.#nodes,
      freed: this.#freed,
      full: this.#full,
    };
    this.#services = new Set();
    this.#nodes = new Set();
    this.#freed = new Set();
    this.#full = false;
    return dirty;
  }

  /** Takes back what a pass could not deal with. */
  restore(dirty: Dirty): void {
    for (const id of dirty.services) this.#services.add(id);
    for (const id of dirty.nodes) this.#nodes.add(id);
    for (const id of dirty.freed ?? []) this.#freed.add(id);
    this.#full ||= dirty.full;
  }

  #noteChange(change: Change): void {
    switch (change.table) {
      case "services": {
        const id = change.after?.id ?? change.before?.id;
        if (id !== undefined) this.#services.add(id);
        if (!change.after && change.before) this.#wakes.delete(change.before.id);
        return;
      }
      case "tasks":
        return this.#noteTask(change.before, change.after);
      case "nodes":
        return this.#noteNode(change.before, change.after);
      case "cluster":
      case "secrets":
      case "configs":
      case "volumes":
        return;
    }
  }

  #noteTask(before: Task | null, after: Task | null): void {
    const task = after ?? before;
    if (task && isTaskNews(before, after)) this.#services.add(task.serviceId);
    if (before && before.nodeId !== null && hasFreed(before, after)) this.#freed.add(before.nodeId);
  }

  #noteNode(before: Node | null, after: Node | null): void {
    const node = after ?? before;
    if (node && !(before && after && isSameForPlacement(before, after))) this.#nodes.add(node.id);
  }
}

/** Whether the change may ask for a decision; progress before `running` does not. */
function isTaskNews(before: Task | null, after: Task | null): boolean {
  if (!before) return after !== null && isPending(after);
  if (!after) return before.desired === "running";
  if (before.desired !== after.desired || before.spec !== after.spec) return true;
  if (before.nodeId !== after.nodeId || before.unplaced !== after.unplaced) return true;
  if (before.status.restarts !== after.status.restarts) return true;
  const { state } = after.status;
  return before.status.state !== state &&
    (isTerminal(state) || state === "running" || state === "restarting" ||
      before.status.state === "running");
}

/** Whether `before` gave something back to its node. */
function hasFreed(before: Task, after: Task | null): boolean {
  if (!usesNode(before)) return false;
  if (!after || !usesNode(after)) return true;
  const was = before.spec.resources.reservations;
  const is = after.spec.resources.reservations;
  return is.milliCpus < was.milliCpus || is.memoryBytes < was.memoryBytes;
}

function isSameForPlacement(a: Node, b: Node): boolean {
  return a.availability === b.availability && a.status === b.status && a.labels === b.labels &&
    a.description === b.description && a.role === b.role && a.name === b.name;
}
