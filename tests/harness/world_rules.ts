/**
 * What must hold whatever happens: named safety rules over the state and the decisions of a pass.
 *
 * Each rule returns the first breach in words, or null. Used by property tests and by the simulator.
 */
import { isServing, orderOf } from "../../src/deploy/mod.ts";
import { isTerminal, type NodeId, type Service, type Task } from "../../src/model/mod.ts";
import { type Action, heldHostPorts, isLive, type StateView } from "../../src/store/mod.ts";

/** A breach in words, or null. */
export type Breach = string | null;

/** Never two tasks to run in one slot beyond the surge of one; never two of a job's revision. */
export function checkSlots(view: StateView): Breach {
  const live = new Map<string, number>();
  for (const task of view.tasks()) {
    if (!isLive(task)) continue;
    const service = view.service(task.serviceId);
    const mode = service?.spec.mode.kind;
    if (mode === "job" && service?.revision !== task.revision) continue;
    if ((mode === "global") !== (task.slot === 0)) continue;
    const place = mode === "global" ? task.nodeId ?? task.id : task.slot;
    const key = `${task.serviceName} ${mode} slot ${place}`;
    const count = (live.get(key) ?? 0) + 1;
    if (count > (mode === "job" ? 1 : 2)) return `${count} live tasks in ${key}`;
    live.set(key, count);
  }
  return null;
}

/** A fixed host port has at most one holder on a node. */
export function checkHostPorts(view: StateView): Breach {
  const holders = new Map<string, Task>();
  for (const task of view.tasks()) {
    if (task.nodeId === null || isTerminal(task.status.state)) continue;
    for (const port of heldHostPorts(task.spec)) {
      const key = `${port} of ${view.node(task.nodeId)?.name ?? task.nodeId}`;
      if (holders.has(key)) return `${key} is held by two tasks`;
      holders.set(key, task);
    }
  }
  return null;
}

/** Every task that waits for a node says why. */
export function checkExplained(view: StateView): Breach {
  for (const task of view.pendingTasks()) {
    if (!task.unplaced) return `task of ${task.serviceName} waits without a reason`;
  }
  return null;
}

/** Tasks are only placed on nodes that are ready and active. Asked before `actions` are applied. */
export function checkPlacements(view: StateView, actions: readonly Action[]): Breach {
  for (const nodeId of placements(actions)) {
    const node = view.node(nodeId);
    if (node?.status !== "ready" || node.availability !== "active") {
      return `a task is placed on a node that is ${node?.status} and ${node?.availability}`;
    }
  }
  return null;
}

/**
 * No task that reserves something is placed where more is reserved than the node has. (Raising a
 * reservation in place may do that: it is not a placement.) Asked after `actions` were applied.
 */
export function checkResources(view: StateView, actions: readonly Action[]): Breach {
  for (const action of actions) {
    if (action.kind !== "task.create" && action.kind !== "task.place") continue;
    const task = view.task(action.kind === "task.create" ? action.task.id : action.id);
    const node = task && task.nodeId !== null ? view.node(task.nodeId) : undefined;
    if (!task || !node || task.spec.resources.reservations.milliCpus === 0) continue;
    const has = node.description.resources.milliCpus;
    const { reservedMilliCpus } = view.nodeUsage(node.id);
    if (reservedMilliCpus > has) {
      return `node ${node.name} has ${has} and ${reservedMilliCpus} are reserved`;
    }
  }
  return null;
}

/**
 * Slots that serve, per start-first service: what a pass must not take away. Tasks on lost and
 * drained nodes are no decision of the pass.
 */
export function servingSlots(view: StateView): ReadonlyMap<Service["id"], number> {
  const counts = new Map<Service["id"], number>();
  for (const { id, spec } of view.services()) {
    if (spec.mode.kind !== "replicated" || orderOf(spec) !== "start-first") continue;
    const slots = new Set<number>();
    for (const task of view.tasksOfService(id)) {
      const node = task.nodeId === null ? undefined : view.node(task.nodeId);
      const stays = node && node.status !== "down" && node.availability !== "drain";
      if (stays && task.slot > 0 && task.desired === "running" && isServing(task)) {
        slots.add(task.slot);
      }
    }
    counts.set(id, slots.size);
  }
  return counts;
}

/** A pass never lets a start-first service fall below what it served with, or asks for. */
export function checkMinimumLive(
  view: StateView,
  before: ReadonlyMap<Service["id"], number>,
): Breach {
  const after = servingSlots(view);
  for (const [id, count] of after) {
    const spec = view.service(id)?.spec;
    if (spec?.mode.kind !== "replicated") continue;
    const least = Math.min(before.get(id) ?? 0, spec.mode.replicas);
    if (count < least) return `${spec.name} serves in ${count} slots, was to keep ${least}`;
  }
  return null;
}

/** Ended tasks do not pile up: two per slot, one per volume, and ten besides. */
export function checkHistory(view: StateView): Breach {
  for (const { id, spec } of view.services()) {
    const slots = spec.mode.kind === "replicated"
      ? spec.mode.replicas
      : spec.mode.kind === "job"
      ? spec.mode.completions
      : [...view.nodes()].length;
    const ended = [...view.tasksOfService(id)].filter((task) =>
      task.desired !== "running" && isTerminal(task.status.state)
    );
    const bound = 2 * slots + spec.task.mounts.length + 10;
    if (ended.length > bound) return `${spec.name} keeps ${ended.length} ended tasks`;
  }
  return null;
}

function placements(actions: readonly Action[]): readonly NodeId[] {
  return actions.flatMap((action) => {
    if (action.kind === "task.place") return [action.nodeId];
    if (action.kind !== "task.create" || action.task.nodeId === null) return [];
    return [action.task.nodeId];
  });
}
