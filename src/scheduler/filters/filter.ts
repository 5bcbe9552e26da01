/**
 * What a filter is: one rule that admits a node for a task or refuses it with a reason.
 *
 * A new rule is one file here and one line in `schedule.ts`. Filters are pure, cheap and look at one
 * node only; they never rank.
 */
import type { Node, NodeId } from "../../model/mod.ts";
import type { NodeUsage, StateView } from "../../store/mod.ts";
import type { PlacementRequest } from "../request.ts";

/** One task that asks for a node. */
export interface Candidate {
  readonly request: PlacementRequest;
  /** The slot it is for: what it replaces there does not count against it. */
  readonly slot: number;
}

/** What is on the node, the decisions of the running pass included. */
export interface NodeUse {
  readonly usage: NodeUsage;
  /** Slots of the live tasks of the same service on the node. */
  readonly slots: readonly number[];
  /** Where the volumes are, the decisions of the running pass included. */
  readonly homes: ReadonlyMap<string, ReadonlySet<NodeId>>;
  readonly view: StateView;
}

/** Why a node was refused. */
export interface RefusedNode {
  /** What the node is or lacks, with the node as subject: `needs 4 cores and has 1.5 free`. */
  readonly message: string;
  /** The part of the message that does not depend on the node, for counting nodes together. */
  readonly common?: string;
  /** The smallest change that would admit the node; a command where there is one. */
  readonly change: string;
  /** How near the node came, for picking the best of many; larger is nearer. */
  readonly nearness?: number;
}

/** One rule of placement. */
export interface Filter {
  /** Short name, shown in refusals. */
  readonly name: string;
  /** Null admits the node. */
  check(candidate: Candidate, node: Node, use: NodeUse): RefusedNode | null;
}
