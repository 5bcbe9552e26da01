/**
 * Which learner becomes a voter: one that has been level with the leader for a while.
 *
 * Asked by the driver of a leader at a steady pace; pure. It adds votes, it never takes one away:
 * whether a manager that is away comes back is known to its operator alone, and since an identity is
 * never used again, removing it by a timer would turn a long maintenance into a lost manager.
 */
import type { MemberId } from "../../raft/mod.ts";
import type { PeerView } from "./protocol.ts";

/** A learner may be behind by this many entries and still count as level. */
export const MAX_TRAILING_ENTRIES = 250;
/** How long it must have been level, in milliseconds. */
export const STABLE_MS = 500;

/** Since when each learner has been level; handed from one call to the next. */
export type LevelSince = ReadonlyMap<MemberId, number>;

/** The learner to promote now, if any, and what to remember. */
export function planPromotion(
  learners: readonly PeerView[],
  committed: number,
  { nowMs, before }: { readonly nowMs: number; readonly before: LevelSince },
): { readonly promote: MemberId | null; readonly since: LevelSince } {
  const since = new Map<MemberId, number>();
  for (const { id, matchIndex, isRecent } of learners) {
    const isLevel = isRecent && matchIndex > 0 && matchIndex + MAX_TRAILING_ENTRIES >= committed;
    if (isLevel) since.set(id, before.get(id) ?? nowMs);
  }
  const stable = [...since].find(([, levelMs]) => nowMs - levelMs >= STABLE_MS);
  return { promote: stable?.[0] ?? null, since };
}
