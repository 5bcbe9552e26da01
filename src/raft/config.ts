/**
 * Limits and times of a core: defaults, and what combinations are refused.
 */
import type { CoreConfig } from "./state.ts";
import type { MemberId } from "./message.ts";

/** Milliseconds of one tick: fine enough for the lease, cheap enough to count. */
export const TICK_MS = 10;

/** Times as users know them, in milliseconds. */
export interface RaftTimes {
  readonly heartbeatTimeoutMs: number;
  readonly electionTimeoutMs: number;
  readonly leaderLeaseTimeoutMs: number;
}

/** The defaults that `docs/raft-tuning.md` explains. */
export const DEFAULT_TIMES: RaftTimes = {
  heartbeatTimeoutMs: 500,
  electionTimeoutMs: 500,
  leaderLeaseTimeoutMs: 250,
};

/** What is wrong with `times`; null when nothing is. */
export function timesFault(times: RaftTimes): string | null {
  const { heartbeatTimeoutMs, electionTimeoutMs, leaderLeaseTimeoutMs } = times;
  if (Math.min(heartbeatTimeoutMs, electionTimeoutMs, leaderLeaseTimeoutMs) < 5 * TICK_MS) {
    return `each must be at least ${5 * TICK_MS} ms`;
  }
  if (leaderLeaseTimeoutMs > heartbeatTimeoutMs) {
    return "the leader lease must not be longer than the heartbeat timeout";
  }
  if (heartbeatTimeoutMs > electionTimeoutMs) {
    return "the heartbeat timeout must not be longer than the election timeout";
  }
  return null;
}

/** The configuration of member `id` with default bounds. Heartbeats are a tenth of their timeout. */
export function coreConfig(id: MemberId, times: RaftTimes = DEFAULT_TIMES): CoreConfig {
  const ticks = (ms: number) => Math.max(1, Math.round(ms / TICK_MS));
  return {
    id,
    heartbeatTimeoutTicks: ticks(times.heartbeatTimeoutMs),
    electionTimeoutTicks: ticks(times.electionTimeoutMs),
    leaseTicks: ticks(times.leaderLeaseTimeoutMs),
    heartbeatTicks: ticks(times.heartbeatTimeoutMs / 10),
    maxAppendEntries: 64,
    maxAppendBytes: 512 * 1024,
    inflightMessages: 256,
    inflightBytes: 8 * 1024 * 1024,
    maxUncommittedBytes: 64 * 1024 * 1024,
    maxApplyBytes: 1024 * 1024,
    maxUnappliedBytes: 64 * 1024 * 1024,
    maxKeptBytes: 128 * 1024 * 1024,
    maxPendingReads: 4096,
    maxOpenRounds: 64,
    stallTicks: ticks(1000),
    diskProbeTicks: ticks(3000),
  };
}
