/**
 * Metrics of consensus: where this member stands, and how long commits, syncs and applies take.
 */
import type { MemberId } from "../../raft/mod.ts";
import type { Metrics } from "../../lib/mod.ts";
import type { RaftStatus } from "./protocol.ts";

/** What the gauges show. */
export interface RaftView {
  /** Null before the first news of the Worker. */
  readonly status: RaftStatus | null;
  readonly memberId: MemberId;
  readonly appliedIndex: number;
}

const BUCKETS = [
  0.000_05,
  0.000_1,
  0.000_25,
  0.000_5,
  0.001,
  0.002_5,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
];

/** The families of consensus; `hide` ends the gauges. Durations in seconds. */
export function raftMetrics(metrics: Metrics, view: () => RaftView) {
  const histogram = (what: string, help: string) =>
    metrics.histogram({ name: `warren_raft_${what}_duration_seconds`, help, buckets: BUCKETS });
  const commit = histogram("commit", "Time from the proposal of a change until it is committed.");
  const fsync = histogram("fsync", "Time to write one batch of log entries and make it durable.");
  const apply = histogram("apply", "Time to apply one committed change to the state.");
  const changes = metrics.counter({
    name: "warren_raft_leader_changes_total",
    help: "Times that this manager saw a new leader.",
  });
  return {
    committed: (seconds: number) => commit.observe(seconds),
    synced: (seconds: number) => fsync.observe(seconds),
    applied: (seconds: number) => apply.observe(seconds),
    leaderChanged: () => changes.add(),
    hide: exposeGauges(metrics, view),
  };
}

function exposeGauges(metrics: Metrics, view: () => RaftView): () => void {
  const gauge = (what: string, help: string) =>
    metrics.gauge({ name: `warren_raft_${what}`, help });
  const isLeader = gauge("is_leader", "1 while this manager leads.");
  const hasLeader = gauge("has_leader", "1 while this manager knows a leader.");
  const peers = gauge("peers", "Voting members, this one included.");
  const margin = gauge(
    "quorum_margin",
    "Voting members that may still fail before writes stop; below 0 they have stopped.",
  );
  const term = gauge("term", "Current term.");
  const last = gauge("last_log_index", "Index of the last entry in the log.");
  const commit = gauge("commit_index", "Index of the last committed entry.");
  const applied = gauge("applied_index", "Index of the last applied entry.");
  return metrics.onCollect(() => {
    const { status, memberId, appliedIndex } = view();
    applied.set(appliedIndex);
    if (!status) return;
    isLeader.set(status.role === "leader" ? 1 : 0);
    hasLeader.set(status.leader === null ? 0 : 1);
    peers.set(status.membership.voters.length);
    margin.set(quorumMargin(status, memberId));
    term.set(status.term);
    last.set(status.lastIndex);
    commit.set(status.committed);
  });
}

/** Voters that can be reached from here beyond those that a decision needs. */
export function quorumMargin({ membership, connected }: RaftStatus, memberId: MemberId): number {
  const { voters } = membership;
  const live = voters.filter((id) => id === memberId || connected.includes(id)).length;
  return live - (Math.floor(voters.length / 2) + 1);
}
