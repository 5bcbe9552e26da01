/**
 * Which of the admitted nodes is best. Spread is the default and the only order so far; another
 * order is another `nodeRank` of the same shape.
 *
 * First come the values of what the owner named (`--spread`), in the order of their importance: the
 * group of nodes with the fewest tasks of the service goes first. Within a group the nodes rank by
 * `nodeRank`. No rank may become smaller while a pass places tasks: `schedule.ts` relies on it.
 */
import { findNodeAttribute, type Node, type NodeAttribute, type NodeId } from "../model/mod.ts";
import type { NodeUsage } from "../store/mod.ts";

const LOAD_STEPS = 20;
const MAX_LOAD = 2 ** 10 - 1;
const MAX_TASKS = 2 ** 24 - 1;
const MAX_OF_SERVICE = 2 ** 18 - 1;

/**
 * How good a node is, smaller is better: fewest tasks of the service, then lowest load, then fewest
 * tasks at all, packed into one number because a large cluster compares millions of them.
 */
export function nodeRank(node: Node, usage: NodeUsage, ofService: number): number {
  const tasks = Math.min(usage.tasks, MAX_TASKS);
  const load = Math.min(loadOf(node, usage), MAX_LOAD);
  return (Math.min(ofService, MAX_OF_SERVICE) * (MAX_LOAD + 1) + load) * (MAX_TASKS + 1) + tasks;
}

/** The larger share of cores or memory set aside, in steps of 5 %: small gaps do not matter. */
function loadOf(node: Node, usage: NodeUsage): number {
  const { milliCpus, memoryBytes } = node.description.resources;
  const cpuShare = share(usage.reservedMilliCpus, milliCpus);
  const memoryShare = share(usage.reservedMemoryBytes, memoryBytes);
  return Math.floor(Math.max(cpuShare, memoryShare) * LOAD_STEPS);
}

function share(part: number, whole: number): number {
  if (part === 0) return 0;
  return whole === 0 ? 1 : part / whole;
}

/** Counts the tasks of one service that stay, over nodes and over the values of its spread keys. */
export class SpreadCounts {
  readonly #spread: readonly NodeAttribute[];
  readonly #nodes = new Map<NodeId, number>();
  /** For each spread key, tasks by value. */
  readonly #values: readonly Map<string, number>[];

  constructor(spread: readonly NodeAttribute[]) {
    this.#spread = spread;
    this.#values = spread.map(() => new Map<string, number>());
  }

  /** Counts one task on `node`. */
  add(node: Node): void {
    this.#nodes.set(node.id, this.onNode(node) + 1);
    this.valuesOf(node).forEach((value, position) => {
      const counts = this.#values[position];
      counts?.set(value, (counts.get(value) ?? 0) + 1);
    });
  }

  /** Tasks on `node`. */
  onNode(node: Node): number {
    return this.#nodes.get(node.id) ?? 0;
  }

  /** The node's value for each spread key; nodes without the label form a group of their own. */
  valuesOf(node: Node): readonly string[] {
    return this.#spread.map((attribute) => {
      const value = findNodeAttribute(node, attribute);
      return value === undefined ? "" : `=${value}`;
    });
  }

  /** Whether nodes with values `a` come before nodes with values `b`. */
  isGroupBefore(a: readonly string[], b: readonly string[]): boolean {
    for (let position = 0; position < this.#values.length; position++) {
      const counts = this.#values[position];
      const inA = counts?.get(a[position] ?? "") ?? 0;
      const inB = counts?.get(b[position] ?? "") ?? 0;
      if (inA !== inB) return inA < inB;
    }
    return false;
  }
}
