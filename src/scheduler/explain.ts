/**
 * Why a task has no node, in one line for people and node by node for those who ask.
 *
 * Called by `schedule.ts`. Equal reasons are counted together, so that the line stays short on any
 * number of nodes.
 */
import type { Node, Refusal, Unplaced } from "../model/mod.ts";
import type { RefusedNode } from "./filters/filter.ts";

/** One refused node. */
export interface NodeRefusal {
  readonly node: Node;
  readonly filter: string;
  readonly refused: RefusedNode;
}

/** Most refusals that a task keeps; the line counts them all. */
export const MAX_REFUSALS = 20;
/** Most reasons named in the line. */
const MAX_REASONS = 4;

/** The reason of a task that no node takes. */
export function explainUnplaced(refusals: readonly NodeRefusal[]): Unplaced {
  if (refusals.length === 0) {
    return { message: "no node is suitable: the cluster has no nodes", refusals: [] };
  }
  return {
    message: `no node is suitable: ${summary(refusals)}`,
    refusals: nearestFirst(refusals).slice(0, MAX_REFUSALS).map(refusalOf),
  };
}

function refusalOf({ node, filter, refused }: NodeRefusal): Refusal {
  const { message, change } = refused;
  return { nodeId: node.id, nodeName: node.name, filter, message, change };
}

/** `2 of 3 need 4 cores and have 1.5 free; 1 is drained`. */
function summary(refusals: readonly NodeRefusal[]): string {
  const groups = new Map<string, NodeRefusal[]>();
  for (const refusal of refusals) {
    const group = groups.get(refusal.filter);
    if (group) group.push(refusal);
    else groups.set(refusal.filter, [refusal]);
  }
  const [only] = refusals;
  if (only && refusals.length === 1) return `${only.node.name} ${only.refused.message}`;
  const largestFirst = [...groups.values()].sort((a, b) => b.length - a.length);
  const reasons = largestFirst.slice(0, MAX_REASONS).map((group, at) =>
    reasonOf(group, at === 0 ? `${group.length} of ${refusals.length}` : `${group.length}`)
  );
  const rest = largestFirst.slice(MAX_REASONS).reduce((sum, group) => sum + group.length, 0);
  return [...reasons, ...(rest > 0 ? [`${rest} for other reasons`] : [])].join("; ");
}

function reasonOf(group: readonly NodeRefusal[], count: string): string {
  const [nearest] = nearestFirst(group);
  const message = nearest?.refused.message ?? "";
  if (group.length === 1) return `${count} ${message}`;
  if (hasOne(group, ({ message }) => message)) return `${count} ${plural(message)}`;
  const common = nearest?.refused.common;
  return common !== undefined && hasOne(group, ({ common }) => common)
    ? `${count} ${plural(common)}`
    : `${count} ${plural(message)} (${nearest?.node.name}, the nearest)`;
}

/** Whether `read` gives the same for every refusal. */
function hasOne(
  group: readonly NodeRefusal[],
  read: (refused: RefusedNode) => string | undefined,
): boolean {
  return new Set(group.map(({ refused }) => read(refused))).size === 1;
}

function nearestFirst(refusals: readonly NodeRefusal[]): readonly NodeRefusal[] {
  const nearness = ({ refused }: NodeRefusal) => refused.nearness ?? 0;
  return [...refusals].sort((a, b) => nearness(b) - nearness(a));
}

const PLURALS: Readonly<Record<string, string>> = {
  is: "are",
  has: "have",
  needs: "need",
  offers: "offer",
  does: "do",
};

/** Turns the verbs of a reason, which has one node as its subject, to several nodes. */
function plural(message: string): string {
  return message.replace(/(^| and )(is|has|needs|offers|does)\b/g, (_, before, verb) => {
    return `${before}${PLURALS[verb] ?? verb}`;
  });
}
