/**
 * Placement: finds a node for each task of a service, or says why there is none.
 *
 * Used by the planner within one pass over an `OverlayView`. The caller lays every answer over the
 * view before it asks for the next one, so that room, ports and counts are always those of the
 * moment. Nodes are looked at once per service and then taken from a heap.
 */
import type { Node, NodeId, Unplaced } from "../model/mod.ts";
import type { StateView } from "../store/mod.ts";
import { explainUnplaced, type NodeRefusal } from "./explain.ts";
import { availabilityFilter } from "./filters/availability.ts";
import { constraintsFilter } from "./filters/constraints.ts";
import type { Filter, NodeUse } from "./filters/filter.ts";
import { maxPerNodeFilter } from "./filters/max_per_node.ts";
import { platformFilter } from "./filters/platform.ts";
import { portsFilter } from "./filters/ports.ts";
import { readyFilter } from "./filters/ready.ts";
import { resourcesFilter } from "./filters/resources.ts";
import { runtimeFilter } from "./filters/runtime.ts";
import { volumesFilter } from "./filters/volumes.ts";
import { Heap } from "./heap.ts";
import { nodeRank, SpreadCounts } from "./rank.ts";
import type { PlacementRequest } from "./request.ts";

/** What makes a node one that a service belongs on; independent of its present load. */
const BELONGING: readonly Filter[] = [runtimeFilter, platformFilter, constraintsFilter];
/** Whether a node takes new tasks at all. */
const OPEN: readonly Filter[] = [availabilityFilter, readyFilter];
/** What changes with every placement. */
const ROOM: readonly Filter[] = [volumesFilter, portsFilter, resourcesFilter, maxPerNodeFilter];
/** A node is refused by the first of these, so the order is that of the reasons shown. */
const FILTERS: readonly Filter[] = [...OPEN, ...BELONGING, ...ROOM];
const FIXED: readonly Filter[] = [...OPEN, ...BELONGING];

/** The answer for one task. */
export type Placement =
  | { readonly nodeId: NodeId; readonly unplaced: null }
  | { readonly nodeId: null; readonly unplaced: Unplaced };

/** A node in a heap, with the rank it had when it was last looked at. */
interface Ranked {
  readonly node: Node;
  /** Position among the nodes: the last tie-break. */
  readonly order: number;
  readonly rank: number;
}

/** Nodes that are alike in what the service is spread over. */
interface Group {
  readonly values: readonly string[];
  readonly nodes: Heap<Ranked>;
}

/** Places the tasks of one service, one after the other. */
export class Placer {
  readonly #view: StateView;
  readonly #request: PlacementRequest;
  readonly #counts: SpreadCounts;
  readonly #slots = new Map<NodeId, number[]>();
  readonly #homes = new Map<string, ReadonlySet<NodeId>>();
  readonly #groups: readonly Group[];
  #explained: Unplaced | null = null;

  /** Looks at `nodes`, by default at all of them. */
  constructor(view: StateView, request: PlacementRequest, nodes: Iterable<Node> = view.nodes()) {
    this.#view = view;
    this.#request = request;
    this.#counts = new SpreadCounts(request.spread);
    for (const { volume, nodeIds } of request.volumes) this.#homes.set(volume, nodeIds);
    for (const { nodeId, slot, isCurrent } of request.placed) {
      const node = view.node(nodeId);
      if (node) this.#count(node, slot, isCurrent);
    }
    this.#groups = this.#admitted(nodes);
  }

  /** The best node for the task of `slot`, or why there is none. */
  place(slot: number): Placement {
    const nodeId = this.findNode(slot);
    return nodeId === null ? { nodeId, unplaced: this.#explain(slot) } : { nodeId, unplaced: null };
  }

  /** The best node for the task of `slot`; null when there is none, for those who need no reason. */
  findNode(slot: number): NodeId | null {
    const tried = new Set<Group>();
    while (tried.size < this.#groups.length) {
      const group = this.#bestGroup(tried);
      const node = group && this.#findBest(group, slot);
      if (node) {
        this.#take(node, slot);
        return node.id;
      }
      if (group) tried.add(group);
    }
    return null;
  }

  /** `node` for the task of `slot`, if it has room: how global services are placed. */
  placeOn(node: Node, slot: number): Placement {
    const refusal = this.#findRefusal(node, slot, FILTERS);
    if (refusal) return { nodeId: null, unplaced: explainUnplaced([refusal]) };
    this.#take(node, slot);
    return { nodeId: node.id, unplaced: null };
  }

  #admitted(nodes: Iterable<Node>): readonly Group[] {
    const groups = new Map<string, { values: readonly string[]; nodes: Ranked[] }>();
    let order = 0;
    for (const node of nodes) {
      order++;
      if (this.#findRefusal(node, 0, FIXED)) continue;
      const values = this.#counts.valuesOf(node);
      const key = values.length === 0 ? "" : JSON.stringify(values);
      const ranked: Ranked = { node, order, rank: this.#rankOf(node) };
      const group = groups.get(key);
      if (group) group.nodes.push(ranked);
      else groups.set(key, { values, nodes: [ranked] });
    }
    return [...groups.values()].map(({ values, nodes }) => ({
      values,
      nodes: new Heap(nodes, isBefore),
    }));
  }

  #bestGroup(tried: ReadonlySet<Group>): Group | undefined {
    let best: Group | undefined;
    for (const group of this.#groups) {
      if (tried.has(group)) continue;
      if (!best || this.#isGroupBefore(group, best)) best = group;
    }
    return best;
  }

  /** Of groups with equally many tasks the one with the best node goes first. */
  #isGroupBefore(a: Group, b: Group): boolean {
    if (this.#counts.isGroupBefore(a.values, b.values)) return true;
    if (this.#counts.isGroupBefore(b.values, a.values)) return false;
    const bestOfA = this.#peek(a);
    const bestOfB = this.#peek(b);
    return bestOfA !== undefined && (bestOfB === undefined || isBefore(bestOfA, bestOfB));
  }

  /** The best node of a group by its rank of now; ranks only grow, so an older one is too low. */
  #peek({ nodes }: Group): Ranked | undefined {
    for (let ranked = nodes.peek(); ranked; ranked = nodes.peek()) {
      const rank = this.#rankOf(ranked.node);
      if (rank <= ranked.rank) return ranked;
      nodes.pop();
      nodes.push({ ...ranked, rank });
    }
    return undefined;
  }

  /** The best node of a group with room; those that will not have any in this pass are dropped. */
  #findBest(group: Group, slot: number): Node | undefined {
    const { nodes } = group;
    const setAside: Ranked[] = [];
    let best: Node | undefined;
    for (let ranked = this.#peek(group); ranked && !best; ranked = this.#peek(group)) {
      nodes.pop();
      const refusal = this.#findRefusal(ranked.node, slot, ROOM);
      if (!refusal) best = ranked.node;
      if (!refusal || refusal.filter === maxPerNodeFilter.name) setAside.push(ranked);
    }
    for (const ranked of setAside) nodes.push(ranked);
    return best;
  }

  #take(node: Node, slot: number): void {
    this.#explained = null;
    this.#count(node, slot, true);
    for (const [volume, nodeIds] of this.#homes) {
      if (nodeIds.size === 0) this.#homes.set(volume, new Set([node.id]));
    }
  }

  #count(node: Node, slot: number, isCurrent: boolean): void {
    const slots = this.#slots.get(node.id);
    if (slots) slots.push(slot);
    else this.#slots.set(node.id, [slot]);
    if (isCurrent) this.#counts.add(node);
  }

  #rankOf(node: Node): number {
    return nodeRank(node, this.#view.nodeUsage(node.id), this.#counts.onNode(node));
  }

  #findRefusal(node: Node, slot: number, filters: readonly Filter[]): NodeRefusal | null {
    const use: NodeUse = {
      usage: this.#view.nodeUsage(node.id),
      slots: this.#slots.get(node.id) ?? [],
      homes: this.#homes,
      view: this.#view,
    };
    for (const filter of filters) {
      const refused = filter.check({ request: this.#request, slot }, node, use);
      if (refused) return { node, filter: filter.name, refused };
    }
    return null;
  }

  /** Looks at every node once; the answer holds until something is placed. */
  #explain(slot: number): Unplaced {
    this.#explained ??= explainUnplaced(this.#refusals(slot));
    return this.#explained;
  }

  #refusals(slot: number): readonly NodeRefusal[] {
    const refusals: NodeRefusal[] = [];
    for (const node of this.#view.nodes()) {
      const refusal = this.#findRefusal(node, slot, FILTERS);
      if (refusal) refusals.push(refusal);
    }
    return refusals;
  }
}

/** Whether a global service is to have a task on `node`, apart from whether it is up and has room. */
export function belongsOn(view: StateView, request: PlacementRequest, node: Node): boolean {
  const use: NodeUse = {
    usage: view.nodeUsage(node.id),
    slots: [],
    homes: new Map(),
    view,
  };
  return BELONGING.every((filter) => filter.check({ request, slot: 0 }, node, use) === null);
}

/** Whether `node` takes new tasks: ready and active. */
export function takesTasks(node: Node): boolean {
  return node.status === "ready" && node.availability === "active";
}

function isBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank;
}
