/**
 * The flags that describe a service, as data: `service create` and `service update` share them.
 *
 * What they mean is in `from_flags.ts`. Values are checked for form here; whether a spec makes sense is
 * judged by the cluster.
 */
import type { Flag } from "../../tree/flag.ts";

const NETWORK = "Network";
const PLACEMENT = "Placement";
const RESOURCES = "Resources";
const HEALTH = "Health check";
const RESTART = "Restart and stop";
const UPDATE = "Updates";
const FILES = "Files";
const CONTAINER = "Container";

/** Lists whose entries `service update` can remove: flag name and what `-rm` names. */
export const REMOVABLE = [
  ["env", "KEY", "environment variable"],
  ["publish", "PORT", "published container port"],
  ["label", "KEY", "label"],
  ["constraint", "RULE", "constraint"],
  ["spread", "ATTRIBUTE", "spread attribute"],
  ["secret", "NAME", "secret"],
  ["config", "NAME", "config"],
  ["volume", "NAME", "volume, by name or path"],
  ["network", "NAME", "network"],
] as const;

const SCALE: readonly Flag[] = [
  {
    name: "mode",
    value: "MODE",
    choices: ["replicated", "global", "job"],
    summary: "replicas anywhere, one task on every node, or tasks that run to their end",
    fallback: "replicated",
  },
  {
    name: "replicas",
    value: "N",
    form: "count",
    summary: "tasks to keep running; with --mode job, tasks to complete",
    fallback: "1",
  },
  {
    name: "max-concurrent",
    value: "N",
    form: "count",
    summary: "tasks of a job at a time",
    fallback: "all",
  },
];

const CONTAINER_FLAGS: readonly Flag[] = [
  { name: "image", value: "IMAGE", summary: "image to run", group: CONTAINER },
  {
    name: "env",
    short: "e",
    value: "KEY[=VALUE]",
    repeats: true,
    summary: "environment variable; without a value, taken from your own environment",
    group: CONTAINER,
  },
  {
    name: "env-file",
    value: "FILE",
    repeats: true,
    names: "file",
    summary: "file of KEY=VALUE lines; --env comes after it",
    group: CONTAINER,
  },
  {
    name: "entrypoint",
    value: "COMMAND",
    summary: "in place of the image's entrypoint, split at spaces",
    group: CONTAINER,
  },
  {
    name: "command",
    value: "COMMAND",
    hidden: true,
    summary: "the command as one text, split at spaces",
  },
  { name: "user", value: "USER[:GROUP]", summary: "user to run as", group: CONTAINER },
  { name: "workdir", value: "PATH", summary: "working directory", group: CONTAINER },
  { name: "hostname", value: "NAME", summary: "host name inside the container", group: CONTAINER },
  {
    name: "runtime",
    value: "RUNTIME",
    choices: ["auto", "docker", "process"],
    summary: "what runs it; process runs the command on the host, without an image",
    fallback: "auto",
    group: CONTAINER,
  },
  { name: "label", value: "KEY=VALUE", form: "pair", repeats: true, summary: "label" },
];

const NETWORK_FLAGS: readonly Flag[] = [
  {
    name: "publish",
    short: "p",
    value: "[HOST:]CONTAINER[/udp]",
    repeats: true,
    summary: "port of the container on its node; without HOST the engine chooses one",
    group: NETWORK,
  },
  {
    name: "publish-mode",
    value: "MODE",
    choices: ["host", "ingress"],
    summary: "where published ports are open",
    fallback: "host",
    group: NETWORK,
  },
  { name: "network", value: "NAME", repeats: true, summary: "network to attach", group: NETWORK },
];

const FILE_FLAGS: readonly Flag[] = [
  {
    name: "secret",
    value: "NAME[:PATH]",
    repeats: true,
    names: "secret",
    summary: "secret as a file; PATH is /run/secrets/NAME unless given",
    group: FILES,
  },
  {
    name: "config",
    value: "NAME[:PATH]",
    repeats: true,
    names: "config",
    summary: "config as a file; PATH is /NAME unless given",
    group: FILES,
  },
  {
    name: "volume",
    short: "v",
    value: "NAME:PATH[:ro]",
    repeats: true,
    names: "volume",
    summary: "volume to mount; one that does not exist is made",
    group: FILES,
  },
];

const PLACEMENT_FLAGS: readonly Flag[] = [
  {
    name: "constraint",
    value: "RULE",
    repeats: true,
    summary: "node.labels.disk==ssd, node.arch==arm64, node.role!=manager and the like",
    group: PLACEMENT,
  },
  {
    name: "spread",
    value: "ATTRIBUTE",
    repeats: true,
    summary: "spread evenly over its values, for instance node.labels.zone",
    group: PLACEMENT,
  },
  {
    name: "max-per-node",
    value: "N",
    form: "count",
    summary: "most tasks on one node",
    fallback: "no limit",
    group: PLACEMENT,
  },
];

const RESOURCE_FLAGS: readonly Flag[] = [
  { name: "cpus", value: "CORES", form: "cpus", summary: "most it may use", group: RESOURCES },
  { name: "memory", value: "SIZE", form: "bytes", summary: "most it may use", group: RESOURCES },
  {
    name: "reserve-cpus",
    value: "CORES",
    form: "cpus",
    summary: "set aside on the node",
    group: RESOURCES,
  },
  {
    name: "reserve-memory",
    value: "SIZE",
    form: "bytes",
    summary: "set aside on the node",
    group: RESOURCES,
  },
];

const HEALTH_FLAGS: readonly Flag[] = [
  {
    name: "health-cmd",
    value: "COMMAND",
    summary: 'healthy when it exits with 0 in the container; a shell line, or ["a","list"]',
    group: HEALTH,
  },
  {
    name: "health-http",
    value: "PATH[:PORT]",
    summary: "healthy when it answers 200 to 399; PORT is the published one unless given",
    group: HEALTH,
  },
  {
    name: "health-tcp",
    value: "PORT",
    form: "count",
    summary: "healthy when the port accepts a connection",
    group: HEALTH,
  },
  {
    name: "health-interval",
    value: "DURATION",
    form: "duration",
    summary: "time between checks",
    fallback: "30s",
    group: HEALTH,
  },
  {
    name: "health-timeout",
    value: "DURATION",
    form: "duration",
    summary: "time for an answer",
    fallback: "10s",
    group: HEALTH,
  },
  {
    name: "health-retries",
    value: "N",
    form: "count",
    summary: "failures in a row that make it unhealthy",
    fallback: "3",
    group: HEALTH,
  },
  {
    name: "health-start-period",
    value: "DURATION",
    form: "duration",
    summary: "failures this soon after the start do not count",
    fallback: "0s",
    group: HEALTH,
  },
];

const RESTART_FLAGS: readonly Flag[] = [
  {
    name: "restart",
    value: "WHEN",
    choices: ["none", "on-failure", "any"],
    olderChoices: ["never", "always"],
    summary: "when a task that ended is started again",
    fallback: "any; on-failure for a job",
    group: RESTART,
  },
  {
    name: "restart-delay",
    value: "DURATION",
    form: "duration",
    summary: "wait before the first restart; later ones wait longer",
    fallback: "1s",
    group: RESTART,
  },
  {
    name: "restart-max-attempts",
    value: "N",
    form: "count",
    summary: "restarts within the window",
    fallback: "no limit",
    group: RESTART,
  },
  {
    name: "restart-window",
    value: "DURATION",
    form: "duration",
    summary: "window in which restarts are counted",
    fallback: "the task's whole life",
    group: RESTART,
  },
  {
    name: "stop-timeout",
    value: "DURATION",
    form: "duration",
    summary: "time between the stop signal and SIGKILL",
    fallback: "10s",
    group: RESTART,
  },
  {
    name: "stop-signal",
    value: "SIGNAL",
    summary: "signal that asks it to stop",
    fallback: "SIGTERM, or the image's own",
    group: RESTART,
  },
];

const UPDATE_FLAGS: readonly Flag[] = [
  {
    name: "update-parallelism",
    value: "N",
    form: "count",
    summary: "tasks replaced at a time",
    fallback: "1",
    group: UPDATE,
  },
  {
    name: "update-delay",
    value: "DURATION",
    form: "duration",
    summary: "pause between them",
    fallback: "0s",
    group: UPDATE,
  },
  {
    name: "update-order",
    value: "ORDER",
    choices: ["auto", "start-first", "stop-first"],
    summary: "auto starts the new task first unless a host port or a volume forbids it",
    fallback: "auto",
    group: UPDATE,
  },
  {
    name: "update-monitor",
    value: "DURATION",
    form: "duration",
    summary: "how long a new task must run to count as good",
    fallback: "5s",
    group: UPDATE,
  },
  {
    name: "update-failure-action",
    value: "ACTION",
    choices: ["pause", "continue", "rollback"],
    summary: "what to do when new tasks fail",
    fallback: "pause",
    group: UPDATE,
  },
  {
    name: "update-max-failure-ratio",
    value: "RATIO",
    form: "ratio",
    summary: "share of new tasks that may fail, 0 to 1",
    fallback: "0",
    group: UPDATE,
  },
];

/** Flags that describe a service. */
export const SPEC_FLAGS: readonly Flag[] = [
  ...CONTAINER_FLAGS,
  ...SCALE,
  ...NETWORK_FLAGS,
  ...FILE_FLAGS,
  ...PLACEMENT_FLAGS,
  ...RESOURCE_FLAGS,
  ...HEALTH_FLAGS,
  ...RESTART_FLAGS,
  ...UPDATE_FLAGS,
];

/** Only for `service update`: the same flags, with `--env-add` for `--env`, and removals. */
export const UPDATE_SPEC_FLAGS: readonly Flag[] = [
  ...SPEC_FLAGS.map((flag) => {
    const isRemovable = REMOVABLE.some(([name]) => name === flag.name);
    return isRemovable ? { ...flag, synonyms: [`${flag.name}-add`] } : flag;
  }),
  ...REMOVABLE.map(([name, value, noun]): Flag => ({
    name: `${name}-rm`,
    value,
    repeats: true,
    summary: `remove a ${noun}`.replace(/ a e/, " an e"),
    group: "Removals",
  })),
  { name: "no-health-check", summary: "remove the health check", group: "Removals" },
];
