/** Scripts of one task's life: what the agent does next, and what it tells, after each event. */
import { assert, wallMs } from "../lib/mod.ts";
import { asId, DEFAULT_TASK, defaultHealthCheck, type TaskSpec } from "../model/mod.ts";
import {
  type ScriptCommand,
  type ScriptRunner,
  testScripts,
} from "../../tests/harness/datadriven.ts";
import type { ContainerState } from "./runtime/runtime.ts";
import type { Assignment } from "./task/assignment.ts";
import { explainExit } from "./task/explain.ts";
import { applyResult, type LocalTask, newLocalTask, type StepResult } from "./task/local_task.ts";
import { statusOf } from "./task/task_status.ts";
import { nextStep, type Step } from "./transition.ts";

testScripts("nextStep", new URL("./testdata/", import.meta.url), makeRunner);

/** A task without an engine: results come from the script. */
function makeRunner(): ScriptRunner {
  let nowMs = 1_000_000;
  let task = assignmentOf(DEFAULT_TASK);
  let local: LocalTask = newLocalTask(0, false);

  const apply = (result: StepResult) => {
    local = applyResult(local, result);
  };
  /** As the runner does: what needs no engine is applied at once. */
  const settle = (): Step => {
    while (true) {
      const step = nextStep(task, local, nowMs);
      if (step.kind === "schedule_retry") apply({ kind: "retry_at", atMs: step.atMs });
      else if (step.kind === "end") apply({ kind: "ended", outcome: step.outcome });
      else return step;
    }
  };
  const describe = () => {
    const step = settle();
    const { state, restarts, health, message, reason, exitCode } = statusOf(task, local, nowMs);
    const facts = [
      state,
      `restarts=${restarts}`,
      ...(health === "none" ? [] : [health]),
      ...(reason ? [reason] : []),
      ...(exitCode === null ? [] : [`exit=${exitCode}`]),
      ...(message ? [`"${message}"`] : []),
    ];
    const waits = step.kind === "wait" && step.wakeAtMs !== null
      ? `wait ${step.wakeAtMs - nowMs}ms`
      : step.kind;
    return `${facts.join(" ")}\nnext: ${waits}`;
  };
  const see = (change: Partial<ContainerState>) => {
    assert(local.container, "there is a container");
    apply({ kind: "seen", container: { ...local.container, ...change }, atMs: nowMs });
  };
  const commands: Readonly<Record<string, (command: ScriptCommand) => void>> = {
    task({ options }) {
      task = assignmentOf(specOf(options));
      local = newLocalTask(0, task.spec.health !== null);
    },
    desire({ words }) {
      const desired = words[0] === "remove" ? "remove" : "shutdown";
      task = { ...task, desired };
    },
    limits({ options }) {
      const limits = { milliCpus: Number(options["cpus"]), memoryBytes: Number(options["memory"]) };
      task = { ...task, spec: { ...task.spec, resources: { ...task.spec.resources, limits } } };
    },
    after: ({ options }) => void (nowMs += Number(options["ms"])),
    prepared: () => apply({ kind: "prepared" }),
    created: () => {
      const container = { ...CREATED, id: `c${local.attempt}` };
      apply({ kind: "created", container, limits: task.spec.resources.limits });
    },
    started: () => see({ status: "running", startedMs: wallMs(nowMs) }),
    exited: ({ options, words }) =>
      see({
        status: "exited",
        exitCode: Number(options["code"]),
        oomKilled: words.includes("oom"),
        finishedMs: wallMs(nowMs),
      }),
    vanished: () => apply({ kind: "seen", container: null, atMs: nowMs }),
    collected: () => {
      assert(local.container, "there is a container");
      const why = local.unhealthy
        ? { reason: "UNHEALTHY", message: `stopped: ${local.unhealthy}` }
        : explainExit(local.container, task.spec.resources.limits.memoryBytes);
      const { exitCode } = local.container;
      apply({ kind: "failed", failure: { ...why, exitCode, lastLines: [], atMs: nowMs } });
    },
    failed: ({ options }) => {
      const { reason = "", message = "" } = options;
      const failure = { reason, message, exitCode: null, lastLines: [], atMs: nowMs };
      apply({ kind: "failed", failure });
    },
    retried: () => {
      const hasHealthCheck = task.spec.health !== null;
      apply({ kind: "next_attempt", atMs: nowMs, hasHealthCheck });
    },
    limited: () => apply({ kind: "limited", limits: task.spec.resources.limits, notice: "" }),
    probed: ({ words, options }) => {
      const health = words[0] === "healthy" ? "healthy" : "unhealthy";
      apply({ kind: "probed", health, message: options["message"] ?? "" });
    },
    away: () => {
      apply({ kind: "engine_away", notice: "the engine does not answer", untilMs: nowMs + 1_000 });
    },
    cancelled: () => apply({ kind: "cancelled" }),
    cleaned: () => apply({ kind: "cleaned" }),
    discarded: () => apply({ kind: "discarded" }),
  };
  return (command) => {
    const run = commands[command.name];
    assert(run, `"${command.name}" is a command of these scripts`);
    run(command);
    return describe();
  };
}

function specOf(options: Readonly<Record<string, string>>): TaskSpec {
  const condition = (["none", "on-failure"] as const).find((word) => word === options["restart"]);
  return {
    ...DEFAULT_TASK,
    image: "web",
    health: options["health"] ? defaultHealthCheck({ kind: "tcp", port: 80 }) : null,
    restart: {
      condition: condition ?? "any",
      delayMs: Number(options["delay"] ?? 1_000),
      maxAttempts: Number(options["max"] ?? 0),
      windowMs: Number(options["window"] ?? 0),
    },
  };
}

function assignmentOf(spec: TaskSpec): Assignment {
  return {
    id: asId("t1"),
    serviceId: "s1",
    serviceName: "web",
    slot: 1,
    revision: 1,
    desired: "running",
    spec,
    secrets: [],
    configs: [],
    volumes: [],
    known: { restarts: 0, sequence: 0, isTerminal: false },
  };
}

const CREATED: ContainerState = {
  id: "c0",
  name: "web.1",
  labels: {},
  status: "created",
  exitCode: null,
  oomKilled: false,
  error: "",
  startedMs: null,
  finishedMs: null,
  address: "10.0.0.2",
  ports: [],
  pid: 0,
};
