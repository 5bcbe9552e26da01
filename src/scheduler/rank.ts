/**
 * Which of the admitted nodes is best. Spread is the default and the only order so far; another
 * order is another function of the same shape.
 *
 * Keys compare part by part, least first. No part of a key may become smaller while a pass places
 * tasks: `schedule.ts` relies on it.
 */
import { findNodeAttribute, type Node, type NodeAttribute } from "../model/mod.ts";
import type { NodeUsage } from "../store/mod.ts";

/** How good a node is; compared part by part, smaller is better. */
export type RankKey = readonly number[];

/** Tasks of the service so far, kept up to date by the pass. */
export interface ServiceCounts {
  /** Tasks that stay, on this node. */
  readonly onNode: (node: Node) => number;
  /** Tasks that stay, on nodes with the same value of the spread key at this position. */
  readonly onValue: (position: number, node: Node) => number;
  readonly spread: readonly NodeAttribute[];
}

/**
 * Spreads: first evenly over the values of what the owner named (in order of importance), then over
 * nodes, then to the least loaded node. Without spread keys the nodes come first.
 */
export function spreadKey(node: Node, usage: NodeUsage, counts: ServiceCounts): RankKey {
  const key: number[] = counts.spread.map((_, position) => counts.onValue(position, node));
  key.push(counts.onNode(node), load(node, usage), usage.tasks);
  return key;
}

/** The larger share of cores or memory that is set aside, in steps of 5 %; small gaps do not matter. */
function load(node: Node, usage: NodeUsage): number {
  const { milliCpus, memoryBytes } = node.description.resources;
  const cpuShare = share(usage.reservedMilliCpus, milliCpus);
  const memoryShare = share(usage.reservedMemoryBytes, memoryBytes);
  return Math.floor(Math.max(cpuShare, memoryShare) * 20);
}

function share(part: number, whole: number): number {
  if (part === 0) return 0;
  return whole === 0 ? 1 : part / whole;
}

/** Less than zero when `a` is better. */
export function compareKeys(a: RankKey, b: RankKey): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Counts the tasks of one service over nodes and over the values of its spread keys. */
export class SpreadCounts implements ServiceCounts {
  readonly spread: readonly NodeAttribute[];
  readonly #nodes = new Map<string, number>();
  readonly #values: readonly Map<string, number>[];

  constructor(spread: readonly NodeAttribute[]) {
    this.spread = spread;
    this.#values = spread.map(() => new Map<string, number>());
  }

  /** Counts one task on `node`. */
  add(node: Node): void {
    bump(this.#nodes, node.id);
    this.spread.forEach((_, position) => {
      const values = this.#values[position];
      if (values) bump(values, this.#valueOf(position, node));
    });
  }

  readonly onNode = (node: Node): number => this.#nodes.get(node.id) ?? 0;

  readonly onValue = (position: number, node: Node): number =>
    this.#values[position]?.get(this.#valueOf(position, node)) ?? 0;

  /** Nodes without the label form a group of their own. */
  #valueOf(position: number, node: Node): string {
    const attribute = this.spread[position];
    const value = attribute && findNodeAttribute(node, attribute);
    return value === undefined ? "" : `=${value}`;
  }
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
