/**
 * Whether a manager may leave the group of managers: pure arithmetic over what is known of its members.
 *
 * Called before a removal or demotion. Losing a majority is refused whatever the operator insists on:
 * nothing could be changed any more, the loss included.
 */
import type { NodeId } from "../../model/mod.ts";

/** What the arithmetic needs of a member. */
export interface KnownMember {
  readonly id: string;
  readonly voter: boolean;
  readonly reachable: boolean;
}

/** Votes that make a majority of `voters`. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Why the member of `id` must stay for now, as the end of a sentence, or null when it may leave. */
export function reasonToStay(members: readonly KnownMember[], id: NodeId): string | null {
  const leaving = members.find((member) => member.id === id);
  if (!leaving?.voter) return null;
  const rest = members.filter((member) => member.voter && member.id !== id);
  if (rest.length === 0) return "it is the only manager with a vote";
  const reachable = rest.filter((member) => member.reachable).length;
  const needed = majorityOf(rest.length);
  if (reachable >= needed) return null;
  const [left, can] = [managers(rest.length), reachable === 1 ? "1 is" : `${reachable} are`];
  return `of the ${left} left, ${needed} must be reachable and ${can}`;
}

function managers(count: number): string {
  return count === 1 ? "1 manager" : `${count} managers`;
}
