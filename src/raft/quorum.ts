/**
 * Quorum arithmetic: majorities of one list of voters, and of both lists during a joint change.
 *
 * Pure leaves, held against naive versions by property tests.
 */
import type { MemberId, Membership } from "./message.ts";

/** How a vote stands. */
export type VoteResult = "won" | "lost" | "pending";

/** The largest value that a majority of `voters` has reached; Infinity for no voters. */
export function majorityValue(
  voters: readonly MemberId[],
  valueOf: (id: MemberId) => number,
): number {
  if (voters.length === 0) return Infinity;
  const values = voters.map(valueOf).sort((a, b) => b - a);
  return values[Math.floor(voters.length / 2)] ?? 0;
}

/** The largest value that a quorum has reached: both halves of a joint membership agree on it. */
export function quorumValue(membership: Membership, valueOf: (id: MemberId) => number): number {
  const reached = Math.min(
    majorityValue(membership.voters, valueOf),
    majorityValue(membership.outgoing, valueOf),
  );
  return reached === Infinity ? 0 : reached;
}

/** How the vote stands; `voteOf` gives undefined for who has not answered. */
export function voteResult(
  membership: Membership,
  voteOf: (id: MemberId) => boolean | undefined,
): VoteResult {
  const halves = [membership.voters, membership.outgoing].map((half) => halfResult(half, voteOf));
  if (halves.includes("lost")) return "lost";
  return halves.every((half) => half === "won") ? "won" : "pending";
}

function halfResult(
  voters: readonly MemberId[],
  voteOf: (id: MemberId) => boolean | undefined,
): VoteResult {
  if (voters.length === 0) return "won";
  const needed = Math.floor(voters.length / 2) + 1;
  const granted = voters.filter((id) => voteOf(id) === true).length;
  const refused = voters.filter((id) => voteOf(id) === false).length;
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "pending";
}
