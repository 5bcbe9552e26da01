/**
 * What the tasks of a node take from it, kept as values that change by one task at a time.
 *
 * Used by the tables and by the overlay, so that a pass and the store count alike. A task uses its
 * node while its state is not terminal, whatever is desired of it. Values are never mutated.
 */
import { isTerminal, type Task, type TaskSpec } from "../model/mod.ts";
import type { NodeUsage } from "./view.ts";

/** A usage that also remembers ports held more than once. */
export interface CountedUsage extends NodeUsage {
  /** Holders beyond the first, by port; almost always empty. */
  readonly extraHolders: ReadonlyMap<string, number>;
}

const NO_PORTS: ReadonlySet<string> = new Set();
const NO_EXTRA: ReadonlyMap<string, number> = new Map();

/** The usage of a node without tasks. */
export const NO_USAGE: CountedUsage = {
  reservedMilliCpus: 0,
  reservedMemoryBytes: 0,
  tasks: 0,
  hostPorts: NO_PORTS,
  extraHolders: NO_EXTRA,
};

/** The fixed host ports that a task of `spec` takes from its node, as `80/tcp`. */
export function heldHostPorts(spec: TaskSpec): readonly string[] {
  return spec.ports
    .filter((port) => port.publishMode === "host" && port.hostPort > 0)
    .map((port) => `${port.hostPort}/${port.protocol}`);
}

/** Whether `task` takes anything from a node. */
export function usesNode(task: Task): boolean {
  return task.nodeId !== null && !isTerminal(task.status.state);
}

/** Whether two forms of one task take the same from the same node. */
export function sameUse(before: Task, after: Task): boolean {
  return before.nodeId === after.nodeId && before.spec === after.spec &&
    isTerminal(before.status.state) === isTerminal(after.status.state);
}

/** `usage` plus `task`. */
export function usageWith(usage: NodeUsage, task: Task): CountedUsage {
  return changed(counted(usage), task, 1);
}

/** `usage` less `task`, which must be counted in it. */
export function usageWithout(usage: NodeUsage, task: Task): CountedUsage {
  return changed(counted(usage), task, -1);
}

function counted(usage: NodeUsage): CountedUsage {
  return isCounted(usage) ? usage : { ...usage, extraHolders: NO_EXTRA };
}

function isCounted(usage: NodeUsage): usage is CountedUsage {
  return "extraHolders" in usage;
}

function changed(usage: CountedUsage, task: Task, by: 1 | -1): CountedUsage {
  const { milliCpus, memoryBytes } = task.spec.resources.reservations;
  const ports = heldHostPorts(task.spec);
  return {
    reservedMilliCpus: usage.reservedMilliCpus + by * milliCpus,
    reservedMemoryBytes: usage.reservedMemoryBytes + by * memoryBytes,
    tasks: usage.tasks + by,
    ...(ports.length === 0
      ? { hostPorts: usage.hostPorts, extraHolders: usage.extraHolders }
      : changedPorts(usage, ports, by)),
  };
}

function changedPorts(usage: CountedUsage, ports: readonly string[], by: 1 | -1) {
  const hostPorts = new Set(usage.hostPorts);
  const extraHolders = new Map(usage.extraHolders);
  for (const port of ports) {
    const extra = extraHolders.get(port) ?? 0;
    if (by === 1 && hostPorts.has(port)) extraHolders.set(port, extra + 1);
    else if (by === 1) hostPorts.add(port);
    else if (extra === 0) hostPorts.delete(port);
    else if (extra === 1) extraHolders.delete(port);
    else extraHolders.set(port, extra - 1);
  }
  return { hostPorts, extraHolders };
}
