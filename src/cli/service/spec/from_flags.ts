/**
 * From flags to a service's spec: the one place that knows what each flag of `service create` and
 * `service update` means. Pure, so that every flag is a row in a test.
 *
 * A flag that is not given leaves the base as it is. Lists are merged by key; `service update` removes
 * with the `-rm` flags, before it adds.
 */
import { DEFAULT_RESTART, DEFAULT_UPDATE } from "../../../model/mod.ts";
import { quoted, usageError } from "../../parse/usage.ts";
import { type FlagValues, splitPair } from "../../parse/values.ts";
import type { ServiceSpec, TaskSpec } from "../../../client/wire/mod.ts";
import { healthFromFlags } from "./health.ts";
import { isPortNamed, parseFileRef, parseMount, parsePort } from "./ports.ts";
import { splitWords } from "./words.ts";

/** What a spec is made from. */
export interface SpecInputs {
  readonly flags: FlagValues;
  /** Words after `--`; `null` when there were none. */
  readonly command: readonly string[] | null;
  /** `KEY=VALUE` lines of all `--env-file`s. */
  readonly envFileLines: readonly string[];
  /** The operator's own environment, for `--env KEY`. */
  readonly env: (name: string) => string | undefined;
  /** Whether the `-rm` flags are declared. */
  readonly isUpdate: boolean;
}

const EMPTY_TASK: TaskSpec = {
  image: "",
  entrypoint: [],
  command: [],
  env: {},
  user: "",
  workdir: "",
  hostname: "",
  limits: undefined,
  reservations: undefined,
  restart: undefined,
  health: undefined,
  stopTimeoutMs: undefined,
  stopSignal: "",
  mounts: [],
  secrets: [],
  configs: [],
  ports: [],
  networks: [],
  runtime: "",
};

/** A spec in which nothing is given but the name. */
export function emptySpec(name: string): ServiceSpec {
  return {
    name,
    labels: {},
    mode: "",
    replicas: undefined,
    jobParallelism: 0,
    task: EMPTY_TASK,
    placement: undefined,
    update: undefined,
  };
}

/** `base` with what the flags say. @throws WarrenError USAGE */
export function specFromFlags(base: ServiceSpec, inputs: SpecInputs): ServiceSpec {
  const { flags } = inputs;
  const mode = flags.text("mode") ?? base.mode;
  const replicas = flags.count("replicas") ?? base.replicas;
  if (mode === "global" && flags.has("replicas")) {
    throw usageError("A global service has one task on every node: leave --replicas out");
  }
  if (mode !== "job" && flags.has("max-concurrent")) {
    throw usageError("Flag --max-concurrent needs --mode job");
  }
  return {
    ...base,
    labels: mergeKeys(base.labels, flags.pairs("label"), removed(inputs, "label")),
    mode,
    replicas,
    jobParallelism: flags.count("max-concurrent") ?? base.jobParallelism,
    task: taskFromFlags(base.task ?? EMPTY_TASK, inputs),
    placement: placementFromFlags(base, inputs),
    update: updateFromFlags(base, flags),
  };
}

function taskFromFlags(base: TaskSpec, inputs: SpecInputs): TaskSpec {
  const { flags } = inputs;
  const entrypoint = flags.text("entrypoint");
  return {
    ...base,
    image: flags.text("image") ?? base.image,
    entrypoint: entrypoint === undefined
      ? base.entrypoint
      : [...splitWords(entrypoint, "entrypoint")],
    command: commandFromFlags(base, inputs),
    env: envFromFlags(base, inputs),
    user: flags.text("user") ?? base.user,
    workdir: flags.text("workdir") ?? base.workdir,
    hostname: flags.text("hostname") ?? base.hostname,
    limits: amounts(base.limits, flags.milliCpus("cpus"), flags.bytes("memory")),
    reservations: amounts(
      base.reservations,
      flags.milliCpus("reserve-cpus"),
      flags.bytes("reserve-memory"),
    ),
    restart: restartFromFlags(base, flags),
    health: inputs.isUpdate && flags.isOn("no-health-check")
      ? undefined
      : healthFromFlags(base.health, flags),
    stopTimeoutMs: flags.durationMs("stop-timeout") ?? base.stopTimeoutMs,
    stopSignal: flags.text("stop-signal") ?? base.stopSignal,
    ...filesFromFlags(base, inputs),
    ports: portsFromFlags(base, inputs),
    networks: mergeTexts(base.networks, flags.all("network"), removed(inputs, "network")),
    runtime: flags.text("runtime") ?? base.runtime,
  };
}

function commandFromFlags(base: TaskSpec, { flags, command }: SpecInputs): string[] {
  const text = flags.text("command");
  if (text !== undefined && command !== null) {
    throw usageError('The command is given twice: with --command and after "--"');
  }
  if (text !== undefined) return [...splitWords(text, "command")];
  return command === null ? base.command : [...command];
}

function envFromFlags(base: TaskSpec, inputs: SpecInputs): Record<string, string> {
  const given = inputs.flags.all("env").map((text): readonly [string, string] => {
    if (/^[^=\s]+=/.test(text)) return splitPair(text);
    const value = /^[^=\s]+$/.test(text) ? inputs.env(text) : undefined;
    if (value !== undefined) return [text, value];
    throw usageError(
      `Bad value ${quoted(text)} for --env`,
      "write KEY=VALUE, or KEY alone for a variable that is set in your own environment",
    );
  });
  const entries = [...inputs.envFileLines.map(splitPair), ...given];
  return mergeKeys(base.env, Object.fromEntries(entries), removed(inputs, "env"));
}

function portsFromFlags(base: TaskSpec, inputs: SpecInputs): TaskSpec["ports"] {
  const { flags } = inputs;
  const mode = flags.text("publish-mode");
  const added = flags.all("publish").map((text) => parsePort(text, mode ?? "host"));
  const gone = removed(inputs, "publish");
  for (const text of gone) {
    if (!base.ports.some((port) => isPortNamed(port, text))) throw notThere("publish", text);
  }
  const kept = base.ports.filter((port) =>
    !gone.some((text) => isPortNamed(port, text)) &&
    !added.some((other) => isSamePort(other, port))
  ).map((port) => mode !== undefined && added.length === 0 ? { ...port, publishMode: mode } : port);
  return [...kept, ...added];
}

/** One host port has one meaning; without one, one container port is published once. */
function isSamePort(a: TaskSpec["ports"][number], b: TaskSpec["ports"][number]): boolean {
  return a.protocol === b.protocol &&
    (a.containerPort === b.containerPort || (a.hostPort !== 0 && a.hostPort === b.hostPort));
}

function filesFromFlags(
  base: TaskSpec,
  inputs: SpecInputs,
): Pick<TaskSpec, "mounts" | "secrets" | "configs"> {
  const { flags } = inputs;
  const refs = (flag: "secret" | "config", before: TaskSpec["secrets"]) => {
    const added = flags.all(flag).map((text) => parseFileRef(text, flag));
    const gone = removed(inputs, flag);
    for (const name of gone) {
      if (!before.some((ref) => ref.name === name)) throw notThere(flag, name);
    }
    const replaced = new Set([...gone, ...added.map((ref) => ref.name)]);
    return [...before.filter((ref) => !replaced.has(ref.name)), ...added];
  };
  const mounts = flags.all("volume").map(parseMount);
  const gone = removed(inputs, "volume");
  const isNamed = (mount: TaskSpec["mounts"][number], name: string) =>
    mount.volume === name || mount.target === name;
  for (const name of gone) {
    if (!base.mounts.some((mount) => isNamed(mount, name))) throw notThere("volume", name);
  }
  const kept = base.mounts.filter((mount) =>
    !gone.some((name) => isNamed(mount, name)) &&
    !mounts.some((added) => added.target === mount.target)
  );
  return {
    mounts: [...kept, ...mounts],
    secrets: refs("secret", base.secrets),
    configs: refs("config", base.configs),
  };
}

function placementFromFlags(base: ServiceSpec, inputs: SpecInputs): ServiceSpec["placement"] {
  const { flags } = inputs;
  const { constraints = [], spread = [], maxPerNode = 0 } = base.placement ?? {};
  return {
    constraints: mergeTexts(constraints, flags.all("constraint"), removed(inputs, "constraint")),
    spread: mergeTexts(spread, flags.all("spread"), removed(inputs, "spread")),
    maxPerNode: flags.count("max-per-node") ?? maxPerNode,
  };
}

function amounts(
  base: TaskSpec["limits"],
  milliCpus: number | undefined,
  memoryBytes: number | undefined,
): TaskSpec["limits"] {
  if (milliCpus === undefined && memoryBytes === undefined) return base;
  return {
    milliCpus: milliCpus ?? base?.milliCpus ?? 0,
    memoryBytes: memoryBytes ?? base?.memoryBytes ?? 0,
  };
}

/** Older words for the same conditions. */
const RESTART_WORDS: Readonly<Record<string, string>> = { never: "none", always: "any" };

function restartFromFlags({ restart }: TaskSpec, flags: FlagValues): TaskSpec["restart"] {
  const condition = flags.text("restart");
  const delayMs = flags.durationMs("restart-delay");
  const maxAttempts = flags.count("restart-max-attempts");
  const windowMs = flags.durationMs("restart-window");
  const given = [condition, delayMs, maxAttempts, windowMs];
  if (given.every((value) => value === undefined)) return restart;
  // Without a condition the manager chooses, since a job's default is another one.
  const base = restart ?? { ...DEFAULT_RESTART, condition: "" };
  return {
    condition: condition === undefined ? base.condition : RESTART_WORDS[condition] ?? condition,
    delayMs: delayMs ?? base.delayMs,
    maxAttempts: maxAttempts ?? base.maxAttempts,
    windowMs: windowMs ?? base.windowMs,
  };
}

function updateFromFlags({ update }: ServiceSpec, flags: FlagValues): ServiceSpec["update"] {
  const parallelism = flags.count("update-parallelism");
  const delayMs = flags.durationMs("update-delay");
  const order = flags.text("update-order");
  const monitorMs = flags.durationMs("update-monitor");
  const failureAction = flags.text("update-failure-action");
  const maxFailureRatio = flags.ratio("update-max-failure-ratio");
  const given = [parallelism, delayMs, order, monitorMs, failureAction, maxFailureRatio];
  if (given.every((value) => value === undefined)) return update;
  const base = update ?? DEFAULT_UPDATE;
  return {
    parallelism: parallelism ?? base.parallelism,
    delayMs: delayMs ?? base.delayMs,
    order: order ?? base.order,
    monitorMs: monitorMs ?? base.monitorMs,
    failureAction: failureAction ?? base.failureAction,
    maxFailureRatio: maxFailureRatio ?? base.maxFailureRatio,
  };
}

function removed({ flags, isUpdate }: SpecInputs, name: string): readonly string[] {
  return isUpdate ? flags.all(`${name}-rm`) : [];
}

function mergeKeys(
  base: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
  gone: readonly string[],
): Record<string, string> {
  const kept = Object.entries(base).filter(([key]) => !gone.includes(key));
  return Object.fromEntries([...kept, ...Object.entries(added)]);
}

function mergeTexts(
  base: readonly string[],
  added: readonly string[],
  gone: readonly string[],
): string[] {
  return [...new Set([...base.filter((text) => !gone.includes(text)), ...added])];
}

function notThere(flag: string, text: string): Error {
  return usageError(
    `Cannot remove ${quoted(text)} with --${flag}-rm: the service does not have it`,
  );
}
