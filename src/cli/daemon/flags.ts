/**
 * The flags that all daemons share, and their values as the plain object that `daemon/` starts from.
 *
 * Form only is checked here; defaults that depend on the machine are the daemon's.
 */
import type { DaemonFlags, LogLevelFlag } from "../../daemon/mod.ts";
import type { CommandContext } from "../context.ts";
import { quoted, usageError } from "../parse/usage.ts";
import { parseCount } from "../parse/values.ts";
import type { Flag } from "../tree/flag.ts";

const NETWORK = "Network";
const RUNTIME = "Containers";
const CONSENSUS = "Consensus (managers)";
const RUNTIMES = ["auto", "docker", "process", "none", "fake"] as const;

/** Flags of every daemon. */
export const DAEMON_FLAGS: readonly Flag[] = [
  {
    name: "data-dir",
    value: "DIRECTORY",
    names: "directory",
    summary: "where the node keeps its state",
    fallback: "/var/lib/warren as root, else your data home",
    env: ["WARREN_DATA_DIR"],
  },
  {
    name: "node-name",
    synonyms: ["node-id"],
    value: "NAME",
    summary: "name of the node",
    fallback: "the host name",
  },
  {
    name: "label",
    value: "KEY=VALUE",
    form: "pair",
    repeats: true,
    summary: "label of the node, for constraints",
  },
  {
    name: "listen-addr",
    synonyms: ["api-addr"],
    value: "HOST:PORT",
    summary: "where the cluster's API listens",
    fallback: "127.0.0.1:2377",
    group: NETWORK,
  },
  {
    name: "raft-addr",
    value: "HOST:PORT",
    summary: "where other managers reach this one",
    fallback: "127.0.0.1:7946",
    group: NETWORK,
  },
  {
    name: "advertise-addr",
    value: "HOST",
    summary: "where others reach this node: a host, or HOST:PORT of its API",
    fallback: "where it listens",
    group: NETWORK,
  },
  {
    name: "metrics-addr",
    value: "HOST:PORT",
    summary: "where metrics and health are served; off for nowhere",
    fallback: "127.0.0.1:9090, a worker 127.0.0.1:6060",
    group: NETWORK,
  },
  {
    name: "socket",
    value: "PATH",
    names: "file",
    summary: "local socket for this command line",
    fallback: "/var/run/warren.sock as root, else in your runtime directory",
    group: NETWORK,
  },
  {
    name: "runtime",
    value: "RUNTIME",
    choices: ["auto", "docker", "process", "none", "fake"],
    summary:
      "what runs tasks: docker, processes of the host, or nothing; fake keeps them in memory, for load tests",
    fallback: "auto",
    group: RUNTIME,
  },
  {
    name: "docker-host",
    value: "ADDRESS",
    summary: "container engine: unix:///path or tcp://HOST:PORT",
    fallback: "unix:///var/run/docker.sock",
    env: ["DOCKER_HOST"],
    group: RUNTIME,
  },
  {
    name: "heartbeat-timeout",
    value: "DURATION",
    form: "duration",
    summary: "silence of a leading manager after which another one stands for election",
    fallback: "500ms",
    group: CONSENSUS,
  },
  {
    name: "election-timeout",
    value: "DURATION",
    form: "duration",
    summary: "time for an election; at least the heartbeat timeout",
    fallback: "500ms",
    group: CONSENSUS,
  },
  {
    name: "leader-lease-timeout",
    value: "DURATION",
    form: "duration",
    summary: "how long a leader may answer reads by itself; at most the heartbeat timeout",
    fallback: "250ms",
    group: CONSENSUS,
  },
  {
    name: "snapshot-threshold",
    value: "ENTRIES",
    form: "count",
    summary: "entries of the log after which a snapshot takes their place",
    fallback: "8192",
    group: CONSENSUS,
  },
  {
    name: "trailing-logs",
    value: "ENTRIES",
    form: "count",
    summary: "entries kept behind a snapshot, for managers that lag a little",
    fallback: "10240",
    group: CONSENSUS,
  },
  { name: "enable-pprof", summary: "serve /debug/pprof/ beside the metrics" },
];

/** For daemons that join a cluster. */
export const JOIN_FLAGS: readonly Flag[] = [
  {
    name: "manager",
    value: "HOST:PORT",
    repeats: true,
    summary: "manager to join; several, or a list with commas, for when one is away",
    env: ["WARREN_MANAGER"],
  },
  {
    name: "token",
    value: "TOKEN",
    summary: 'token from "warren cluster join-token"',
    env: ["WARREN_TOKEN"],
  },
];

/** Values of the flags of a daemon. @throws WarrenError USAGE */
export function daemonFlags(
  { flags }: CommandContext,
  has: { readonly join: boolean; readonly managerOnly: boolean },
): DaemonFlags {
  const managers = has.join ? flags.all("manager").flatMap((text) => text.split(",")) : [];
  return {
    dataDir: flags.text("data-dir") ?? null,
    nodeName: flags.text("node-name") ?? null,
    managerOnly: has.managerOnly && flags.isOn("manager-only"),
    managers: managers.map((text) => checkAddress(text.trim(), "manager")),
    token: has.join ? flags.text("token") ?? null : null,
    listenAddr: address(flags.text("listen-addr"), "listen-addr"),
    raftAddr: address(flags.text("raft-addr"), "raft-addr"),
    advertiseAddr: flags.text("advertise-addr") ?? null,
    metricsAddr: flags.text("metrics-addr") === "off"
      ? "off"
      : address(flags.text("metrics-addr"), "metrics-addr"),
    socket: socketPath(flags.text("socket")),
    labels: flags.pairs("label"),
    runtime: runtimeOf(flags.text("runtime")),
    dockerHost: flags.text("docker-host") ?? null,
    enablePprof: flags.isOn("enable-pprof"),
    heartbeatTimeoutMs: flags.durationMs("heartbeat-timeout") ?? null,
    electionTimeoutMs: flags.durationMs("election-timeout") ?? null,
    leaderLeaseTimeoutMs: flags.durationMs("leader-lease-timeout") ?? null,
    snapshotThreshold: flags.count("snapshot-threshold") ?? null,
    trailingLogs: flags.count("trailing-logs") ?? null,
    logLevel: logLevelOf(flags.text("log-level")),
    logFormat: flags.isOn("log-json") ? "json" : logFormatOf(flags.text("log-format")),
  };
}

function address(text: string | undefined, flag: string): string | null {
  return text === undefined ? null : checkAddress(text, flag);
}

/** `HOST:PORT` with a port from 0 to 65535. @throws WarrenError USAGE */
function checkAddress(text: string, flag: string): string {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(text);
  const port = parseCount(match?.[2] ?? "");
  if (port !== undefined && port <= 65_535) return text;
  throw usageError(
    `Bad value ${quoted(text)} for --${flag}`,
    "write HOST:PORT, for instance 127.0.0.1:2377 or [::1]:2377",
  );
}

function socketPath(text: string | undefined): string | null {
  return text === undefined ? null : text.replace(/^unix:(\/\/)?/, "");
}

function runtimeOf(text: string | undefined): DaemonFlags["runtime"] {
  return RUNTIMES.find((known) => known === text) ?? "auto";
}

function logLevelOf(text: string | undefined): LogLevelFlag {
  return text === "debug" || text === "warn" || text === "error" ? text : "info";
}

function logFormatOf(text: string | undefined): DaemonFlags["logFormat"] {
  return text === "json" || text === "text" ? text : null;
}
