/**
 * Metrics of the log. The names are those of a replicated log; with a single member most of them
 * stand still, and are still true: it leads, and no failure can be survived.
 */
import type { Histogram, Metrics } from "../../lib/mod.ts";

/** Where the log stands. */
export interface LogStatus {
  readonly isLeader: boolean;
  readonly term: number;
  /** Last entry on disk. */
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
}

/** The durations that the proposer measures, in seconds. */
export interface LogDurations {
  /** From the proposal to its durability. */
  readonly commit: Histogram;
  /** One write and sync of a batch. */
  readonly fsync: Histogram;
  /** Applying one proposal. */
  readonly apply: Histogram;
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
  1,
];

/** The duration histograms of `metrics`. */
export function logDurations(metrics: Metrics): LogDurations {
  const histogram = (what: string, help: string) =>
    metrics.histogram({ name: `warren_raft_${what}_duration_seconds`, help, buckets: BUCKETS });
  return {
    commit: histogram("commit", "Time from the proposal of a change until it is committed."),
    fsync: histogram("fsync", "Time to write one batch of log entries and make it durable."),
    apply: histogram("apply", "Time to apply one committed change to the state."),
  };
}

/** Shows `status` in `metrics` at each collection; the returned function ends that. */
export function exposeLogStatus(metrics: Metrics, status: () => LogStatus): () => void {
  const gauge = (what: string, help: string) =>
    metrics.gauge({ name: `warren_raft_${what}`, help });
  const isLeader = gauge("is_leader", "1 while this manager leads.");
  const hasLeader = gauge("has_leader", "1 while this manager knows a leader.");
  const peers = gauge("peers", "Voting members, this one included.");
  const margin = gauge("quorum_margin", "Voting members that may fail before writes stop.");
  const term = gauge("term", "Current term.");
  const last = gauge("last_log_index", "Index of the last entry in the log on disk.");
  const commit = gauge("commit_index", "Index of the last committed entry.");
  const applied = gauge("applied_index", "Index of the last applied entry.");
  return metrics.onCollect(() => {
    const now = status();
    isLeader.set(now.isLeader ? 1 : 0);
    hasLeader.set(now.isLeader ? 1 : 0);
    peers.set(1);
    margin.set(0);
    term.set(now.term);
    last.set(now.lastIndex);
    commit.set(now.commitIndex);
    applied.set(now.appliedIndex);
  });
}
