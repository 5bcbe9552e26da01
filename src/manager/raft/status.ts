/**
 * Where a member stands, as it is told to the main thread.
 */
import { type MemberId, type RaftCore, TICK_MS } from "../../raft/mod.ts";
import type { RaftStatus } from "./protocol.ts";

/** What the core does not know of its surroundings. */
export interface Surroundings {
  readonly connected: ReadonlySet<MemberId>;
  readonly isDiskFull: boolean;
  /** A peer that answered within this time counts as reachable, in milliseconds. */
  readonly recentMs: number;
}

/** The state of `core` among its `surroundings`. */
export function raftStatus(core: RaftCore, surroundings: Surroundings): RaftStatus {
  const { noopIndex, hasOwnCommit, ...status } = core.status();
  const { role, term, leader, lastIndex, lastTerm, committed, membership, isRecovering } = status;
  const { connected, isDiskFull, recentMs } = surroundings;
  return {
    role,
    term,
    leader,
    lastIndex,
    lastTerm,
    committed,
    membership,
    leadership: noopIndex !== null && hasOwnCommit ? { term, noopIndex } : null,
    peers: core.peers().map(({ id, match, silentTicks }) => ({
      id,
      matchIndex: match,
      isRecent: silentTicks !== null && silentTicks * TICK_MS < recentMs,
    })),
    connected: [...connected].sort(),
    isRecovering,
    isDiskFull,
  };
}
