/**
 * What a daemon runs with: the flags of this start over what the data directory remembers over the
 * defaults of the machine. Pure; `data_dir.ts` reads and writes the remembered part.
 *
 * A second start without flags runs as the first one did, so `warren daemon` needs none.
 */
import { WarrenError } from "../lib/mod.ts";
import { validateLabels, validateName } from "../model/mod.ts";
import { DEFAULT_TIMES, type RaftTimes, timesFault } from "../raft/mod.ts";
import { hostOf, localAddress, withPortOf } from "./addresses.ts";
import type { DaemonFlags, DaemonKind, LogLevelFlag } from "./flags.ts";

/** Entries after which the log is replaced by a snapshot, and those kept behind it, by default. */
const SNAPSHOT_THRESHOLD = 8_192;
const TRAILING_LOGS = 10_240;

/** What the data directory remembers of earlier starts. */
export interface SavedSettings {
  readonly kind: "manager" | "worker";
  /** What it was first started as, if the managers made something else of it: it resumes as that. */
  readonly startedAs?: "manager" | "worker";
  readonly nodeName: string;
  /** A manager may run without an agent. */
  readonly hasAgent: boolean;
  readonly managers: readonly string[];
  readonly listenAddr: string;
  /** `HOST:PORT` of the listener for other managers; only of this machine. */
  readonly raftAddr: string;
  /** As given: a host, or `HOST:PORT` of the API. */
  readonly advertised: string | null;
  /** Null is off. */
  readonly metricsAddr: string | null;
  readonly socket: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: DaemonFlags["runtime"];
  readonly dockerHost: string | null;
  /** Times of consensus, checked to go together. */
  readonly raftTimes: RaftTimes;
  /** Entries after which the log is replaced by a snapshot, at least 1. */
  readonly snapshotThreshold: number;
  /** Entries that are kept behind a snapshot. */
  readonly trailingLogs: number;
}

/** Everything a daemon is told at its start. */
export interface Settings extends SavedSettings {
  /** Absolute. */
  readonly dataDir: string;
  /** `HOST:PORT` that others reach the API at; null is where it listens. */
  readonly advertiseAddr: string | null;
  /** `HOST:PORT` that other managers dial; null is where it listens. */
  readonly raftAdvertiseAddr: string | null;
  /** What the flags of this very start say of the node; what was changed since is not undone. */
  readonly asked: {
    readonly nodeName: string | null;
    readonly labels: Readonly<Record<string, string>>;
  };
  /** For the first join only; never saved. */
  readonly token: string | null;
  /** For this start only: profiles show what runs inside. */
  readonly enablePprof: boolean;
  readonly logLevel: LogLevelFlag;
  readonly logFormat: DaemonFlags["logFormat"];
}

/** What the defaults depend on. */
export interface Machine {
  readonly hostname: string;
  readonly defaultSocket: string;
}

/**
 * Settles the settings of one start.
 *
 * @throws WarrenError ALREADY_INITIALISED when the data directory is of the other kind,
 *   DATA_DIR_UNUSABLE when there is nothing to resume, USAGE when a flag is missing or a name is bad
 */
export function settleSettings(
  kind: DaemonKind,
  flags: DaemonFlags,
  saved: SavedSettings | null,
  place: { readonly dataDir: string; readonly machine: Machine },
): Settings {
  const wanted = wantedKind(kind, saved, place.dataDir);
  // A directory of an older version says nothing of what came later.
  const base = { ...defaults(wanted, place.machine), ...saved };
  if (!saved) refuseJoinToNobody(kind, flags);
  const listenAddr = flags.listenAddr ?? base.listenAddr;
  const raftAddr = localAddress(flags.raftAddr ?? base.raftAddr);
  const advertised = flags.advertiseAddr ?? base.advertised;
  const nodeName = flags.nodeName ?? base.nodeName;
  refuseBadNames(nodeName, flags.labels);
  return {
    kind: wanted,
    ...(base.startedAs && { startedAs: base.startedAs }),
    nodeName,
    hasAgent: saved ? base.hasAgent : !flags.managerOnly,
    managers: flags.managers.length > 0 ? flags.managers : base.managers,
    listenAddr,
    raftAddr,
    advertised,
    advertiseAddr: advertised === null ? null : withPortOf(advertised, listenAddr),
    raftAdvertiseAddr: advertised === null ? null : withPortOf(hostOf(advertised), raftAddr),
    metricsAddr: flags.metricsAddr === "off" ? null : flags.metricsAddr ?? base.metricsAddr,
    socket: flags.socket ?? base.socket,
    labels: { ...base.labels, ...flags.labels },
    runtime: flags.runtime === "auto" ? base.runtime : flags.runtime,
    dockerHost: flags.dockerHost ?? base.dockerHost,
    raftTimes: settleTimes(flags, base.raftTimes),
    snapshotThreshold: Math.max(1, flags.snapshotThreshold ?? base.snapshotThreshold),
    trailingLogs: flags.trailingLogs ?? base.trailingLogs,
    enablePprof: flags.enablePprof,
    dataDir: place.dataDir,
    asked: { nodeName: flags.nodeName, labels: flags.labels },
    token: flags.token,
    logLevel: flags.logLevel,
    logFormat: flags.logFormat,
  };
}

/** A node's first start says whom it joins, and proves that it may. @throws WarrenError USAGE */
function refuseJoinToNobody(kind: DaemonKind, { token, managers }: DaemonFlags): void {
  if (kind !== "worker" && kind !== "join") return;
  if (token && managers.length > 0) return;
  const role = kind === "worker" ? "worker" : "manager";
  const message = `Cannot join: a ${role}'s first start needs a manager and a token`;
  throw new WarrenError("USAGE", message, {
    hint: `run "warren cluster join-token ${role}" on a manager: it prints the whole command`,
  });
}

/** @throws WarrenError USAGE when the times do not go together */
function settleTimes(flags: DaemonFlags, base: RaftTimes): RaftTimes {
  const times = {
    heartbeatTimeoutMs: flags.heartbeatTimeoutMs ?? base.heartbeatTimeoutMs,
    electionTimeoutMs: flags.electionTimeoutMs ?? base.electionTimeoutMs,
    leaderLeaseTimeoutMs: flags.leaderLeaseTimeoutMs ?? base.leaderLeaseTimeoutMs,
  };
  const fault = timesFault(times);
  if (fault === null) return times;
  throw new WarrenError("USAGE", `Cannot start with these times: ${fault}`, {
    hint: "correct --heartbeat-timeout, --election-timeout or --leader-lease-timeout",
  });
}

/** @throws WarrenError USAGE */
function refuseBadNames(nodeName: string, labels: DaemonFlags["labels"]): void {
  const [fault] = [...validateName("--node-name", nodeName), ...validateLabels("--label", labels)];
  if (!fault) return;
  throw new WarrenError("USAGE", `Cannot start: ${fault.path} ${fault.message}`, {
    hint: "name the node with --node-name, and give labels as --label KEY=VALUE",
  });
}

function wantedKind(
  kind: DaemonKind,
  saved: SavedSettings | null,
  dataDir: string,
): "manager" | "worker" {
  if (kind === "resume") {
    if (saved) return saved.kind;
    const hint =
      'run "warren cluster init" for a new cluster, "warren manager join" or "warren worker start" to join one';
    throw new WarrenError("DATA_DIR_UNUSABLE", `Nothing to resume in "${dataDir}"`, { hint });
  }
  const wanted = kind === "worker" ? "worker" : "manager";
  if (saved && saved.kind !== wanted && saved.startedAs !== wanted) {
    const message = `Cannot start a ${wanted}: "${dataDir}" belongs to a ${saved.kind}`;
    throw new WarrenError("ALREADY_INITIALISED", message, {
      hint: 'run "warren daemon" to resume it, or choose another --data-dir',
    });
  }
  return saved?.kind ?? wanted;
}

function defaults(kind: "manager" | "worker", machine: Machine): SavedSettings {
  return {
    kind,
    nodeName: machine.hostname,
    hasAgent: true,
    managers: [],
    listenAddr: "127.0.0.1:2377",
    raftAddr: "127.0.0.1:7946",
    advertised: null,
    metricsAddr: kind === "manager" ? "127.0.0.1:9090" : "127.0.0.1:6060",
    socket: machine.defaultSocket,
    labels: {},
    runtime: "auto",
    dockerHost: null,
    raftTimes: DEFAULT_TIMES,
    snapshotThreshold: SNAPSHOT_THRESHOLD,
    trailingLogs: TRAILING_LOGS,
  };
}

/** The part of `settings` that later starts remember. */
export function savedPart(settings: Settings): SavedSettings {
  const {
    dataDir: _1,
    advertiseAddr: _7,
    raftAdvertiseAddr: _8,
    asked: _2,
    token: _3,
    enablePprof: _4,
    logLevel: _5,
    logFormat: _6,
    ...saved
  } = settings;
  return saved;
}
