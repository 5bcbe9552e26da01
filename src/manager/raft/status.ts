/**
 * Where a member stands, as it is told to the main thread.
 */
import { type MemberId, type PeerStatus, type RaftCore, TICK_MS } from "../../raft/mod.ts";
import type { PeerView, RaftStatus } from "./protocol.ts";

/** What the core does not know of its surroundings. */
export interface Surroundings {
  readonly connected: ReadonlySet<MemberId>;
  readonly isDiskFull: boolean;
  /** A peer that answered within this time counts as reachable, in milliseconds. */
  readonly recentMs: number;
}

/** `peer` as it is told; it is recent when it answered within `recentMs` milliseconds. */
export function peerView({ id, match, silentTicks }: PeerStatus, recentMs: number): PeerView {
  const isRecent = silentTicks !== null && silentTicks * TICK_MS < recentMs;
  return { id, matchIndex: match, isRecent };
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
    peers: core.peers().map((peer) => peerView(peer, recentMs)),
    connected: [...connected].sort(),
    isRecovering,
    isDiskFull,
  };
}
