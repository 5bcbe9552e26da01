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
import { compareKeys, type RankKey, SpreadCounts, spreadKey } from "./rank.ts";
import type { PlacementRequest } from "./request.ts";

/** What makes a node one that a service belongs on; independent of its present load. */
const BELONGING: readonly Filter[] = [runtimeFilter, platformFilter, constraintsFilter];
/** Whether a node takes new tasks at all. */
const OPEN: readonly Filter[] = [availabilityFilter, readyFilter];
/** What changes with every placement. */
const ROOM: readonly Filter[] = [volumesFilter, portsFilter, resourcesFilter, maxPerNodeFilter];
/** A node is refused by the first of these, so the order is that of the reasons shown. */
const FILTERS: readonly Filter[] = [...OPEN, ...BELONGING, ...ROOM];

/** The answer for one task. */
export type Placement =
  | { readonly nodeId: NodeId; readonly unplaced: null }
  | { readonly nodeId: null; readonly unplaced: Unplaced };

/** A node in the heap, with the key it had when it was last looked at. */
interface Ranked {
  readonly node: Node;
  /** Position among the nodes: the last tie-break. */
  readonly order: number;
  readonly key: RankKey;
}

/** Places the tasks of one service, one after the other. */
export class Placer {
  readonly #view: StateView;
  readonly #request: PlacementRequest;
  readonly #counts: SpreadCounts;
  readonly #slots = new Map<NodeId, number[]>();
  readonly #homes = new Map<string, ReadonlySet<NodeId>>();
  readonly #open: Heap<Ranked>;
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
    this.#open = new Heap(this.#admitted(nodes), isBefore);
  }

  /** The best node for the task of `slot`, or why there is none. */
  place(slot: number): Placement {
    const nodeId = this.findNode(slot);
    return nodeId === null ? { nodeId, unplaced: this.#explain(slot) } : { nodeId, unplaced: null };
  }

  /** The best node for the task of `slot`; null when there is none, for those who need no reason. */
  findNode(slot: number): NodeId | null {
    const setAside: Ranked[] = [];
    const node = this.#findBest(slot, setAside);
    for (const ranked of setAside) this.#open.push(ranked);
    if (!node) return null;
    this.#take(node, slot);
    return node.id;
  }

  /** `node` for the task of `slot`, if it has room: how global services are placed. */
  placeOn(node: Node, slot: number): Placement {
    const refusal = this.#findRefusal(node, slot, FILTERS);
    if (refusal) return { nodeId: null, unplaced: explainUnplaced([refusal]) };
    this.#take(node, slot);
    return { nodeId: node.id, unplaced: null };
  }

  #admitted(nodes: Iterable<Node>): Ranked[] {
    const admitted: Ranked[] = [];
    let order = 0;
    for (const node of nodes) {
      order++;
      if (!this.#findRefusal(node, 0, [...OPEN, ...BELONGING])) {
        admitted.push({ node, order, key: this.#keyOf(node) });
      }
    }
    return admitted;
  }

  /** Keys only grow, so a key that was read again and did not is the least of all. */
  #findBest(slot: number, setAside: Ranked[]): Node | undefined {
    for (let ranked = this.#open.pop(); ranked; ranked = this.#open.pop()) {
      const key = this.#keyOf(ranked.node);
      if (compareKeys(key, ranked.key) > 0) {
        this.#open.push({ ...ranked, key });
        continue;
      }
      const refusal = this.#findRefusal(ranked.node, slot, ROOM);
      if (!refusal) {
        setAside.push(ranked);
        return ranked.node;
      }
      if (refusal.filter === maxPerNodeFilter.name) setAside.push(ranked);
    }
    return undefined;
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

  #keyOf(node: Node): RankKey {
    return spreadKey(node, this.#view.nodeUsage(node.id), this.#counts);
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
  const difference = compareKeys(a.key, b.key);
  return difference === 0 ? a.order < b.order : difference < 0;
}
