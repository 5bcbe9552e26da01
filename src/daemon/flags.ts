/**
 * What the command line hands to a daemon: the flags of `cluster init`, `manager join`,
 * `worker start` and `daemon` as plain values, checked for form only.
 *
 * Written by `cli/daemon/`, read by the composition root, which fills in the defaults that depend on
 * the machine or on the data directory. Invariant: `null` means "not given", never "off".
 */

/** Which start was asked for. `resume` takes whatever the data directory holds. */
export type DaemonKind = "init" | "join" | "worker" | "resume";

/** Levels of `--log-level`. */
export type LogLevelFlag = "debug" | "info" | "warn" | "error";

/** Values of the flags of a daemon. */
export interface DaemonFlags {
  /** As given, perhaps relative; from `--data-dir` or `WARREN_DATA_DIR`. */
  readonly dataDir: string | null;
  readonly nodeName: string | null;
  /** No agent in this process. Only `init` and `join`. */
  readonly managerOnly: boolean;
  /** Managers to join, each `HOST:PORT`. Only `join` and `worker`. */
  readonly managers: readonly string[];
  readonly token: string | null;
  /** `HOST:PORT` of the cluster API; 127.0.0.1:2377 unless given. */
  readonly listenAddr: string | null;
  /** `HOST:PORT` where other managers reach this one; 127.0.0.1:7946 unless given. */
  readonly raftAddr: string | null;
  /** Host, or `HOST:PORT` of the API, that others reach this node at. */
  readonly advertiseAddr: string | null;
  /** `HOST:PORT`; `off` for none; 127.0.0.1:9090, or 127.0.0.1:6060 for a worker, unless given. */
  readonly metricsAddr: string | null;
  /** Path of the local Unix socket, without `unix://`. */
  readonly socket: string | null;
  /** Labels of the node, merged over those it has. */
  readonly labels: Readonly<Record<string, string>>;
  /** `fake` keeps containers in memory only: for load tests of the control plane. */
  readonly runtime: "auto" | "docker" | "process" | "none" | "fake";
  /** `unix:///path` or `tcp://host:port` of the container engine. */
  readonly dockerHost: string | null;
  readonly enablePprof: boolean;
  /** Silence of a leader after which an election is prepared, in milliseconds. */
  readonly heartbeatTimeoutMs: number | null;
  /** Time in which an election must have come to an end, in milliseconds. */
  readonly electionTimeoutMs: number | null;
  /** How long a leader answers reads without asking the others again, in milliseconds. */
  readonly leaderLeaseTimeoutMs: number | null;
  /** Entries after which the log is replaced by a snapshot. */
  readonly snapshotThreshold: number | null;
  /** Entries that are kept behind a snapshot, for managers that lag a little. */
  readonly trailingLogs: number | null;
  /** From `--log-level` or `WARREN_LOG_LEVEL`. */
  readonly logLevel: LogLevelFlag;
  /** `null` is json unless stderr is a terminal. */
  readonly logFormat: "json" | "text" | null;
}
