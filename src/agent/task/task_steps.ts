/**
 * Carries out one step of one task: the only place of the agent that changes things on an engine.
 *
 * Called by the task runner with the step that `transition.ts` chose. It decides nothing: whatever
 * happens becomes a result. It never throws for an operating fault.
 */
import { type Clock, type Histogram, WarrenError } from "../../lib/mod.ts";
import type { TaskFiles } from "../files/task_files.ts";
import {
  type ContainerState,
  type LogLine,
  type Runtime,
  RUNTIME_LABELS,
} from "../runtime/runtime.ts";
import type { Step } from "../transition.ts";
import type { Assignment } from "./assignment.ts";
import { bounded } from "./bounded.ts";
import { containerSpec, type Owner, ownerLabels } from "./container_spec.ts";
import { explainExit, lastLines } from "./explain.ts";
import type { ImagePulls } from "./image_pulls.ts";
import type { Limiter } from "./limiter.ts";
import type { Failure, LocalTask, StepResult } from "./local_task.ts";

/** A step that touches the engine or the disk. */
export type EngineStep = Exclude<Step["kind"], "wait" | "schedule_retry" | "end">;

/** What steps work with. */
export interface StepParts {
  readonly runtime: Runtime;
  readonly pulls: ImagePulls;
  readonly files: TaskFiles;
  readonly engine: Limiter;
  readonly owner: Owner;
  readonly clock: Clock;
  /** Seconds of each step, by step. */
  readonly durations: Readonly<Partial<Record<EngineStep, Histogram>>>;
}

/** The task that the step is for. */
export interface StepTask {
  readonly assignment: Assignment;
  readonly local: LocalTask;
  /** Aborted when the step is not wanted any more. */
  readonly signal: AbortSignal;
  /** Says what is being waited for while the step runs. */
  readonly notice: (notice: string) => void;
}

/** An engine that does not answer a call for this long counts as away. */
const CALL_TIMEOUT_MS = 120_000;
/** Pause before a step is tried again. */
const AWAY_PAUSE_MS = 1_000;

/** Runs `step` to its end. */
export async function runStep(
  step: EngineStep,
  task: StepTask,
  parts: StepParts,
): Promise<StepResult> {
  const startedMs = parts.clock.monoNow();
  try {
    const result = await STEPS[step](task, parts);
    parts.durations[step]?.observe((parts.clock.monoNow() - startedMs) / 1_000);
    return result;
  } catch (thrown) {
    if (task.signal.aborted) return { kind: "cancelled" };
    return failedStep(step, WarrenError.from(thrown, `Cannot ${step} the task`), parts.clock);
  }
}

const STEPS: Readonly<
  Record<EngineStep, (task: StepTask, parts: StepParts) => Promise<StepResult>>
> = {
  prepare,
  create,
  start,
  limit,
  stop,
  collect,
  retry,
  clean,
  discard,
};

/** Steps whose failure is the task's own: its attempt is over. The others are tried again. */
const ENDS_ATTEMPT: ReadonlySet<EngineStep> = new Set(["prepare", "create", "start"]);

function failedStep(step: EngineStep, error: WarrenError, clock: Clock): StepResult {
  const nowMs = clock.wallNow();
  const isAway = error.reason === "ENGINE_UNREACHABLE" || error.reason === "SECRET_AWAITED";
  if (isAway || !ENDS_ATTEMPT.has(step)) {
    return { kind: "engine_away", notice: error.message, untilMs: nowMs + AWAY_PAUSE_MS };
  }
  const failure: Failure = {
    reason: error.reason,
    message: error.message,
    exitCode: null,
    lastLines: [],
    atMs: nowMs,
  };
  return { kind: "failed", failure };
}

async function prepare({ assignment, signal, notice }: StepTask, parts: StepParts) {
  const { runtime, pulls, files } = parts;
  const { image } = assignment.spec;
  const onPulling = () => notice(`pulling image "${image}"`);
  await Promise.all([
    files.write(assignment),
    image === "" ? undefined : pulls.ensure(image, { signal, onPulling }),
    ...assignment.volumes.map((volume) => runtime.ensureVolume(volume, signal)),
  ]);
  return { kind: "prepared" } as const;
}

async function create(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { assignment, local } = task;
  const { owner, files, runtime } = parts;
  const binds = await files.binds(assignment);
  const spec = containerSpec(assignment, local.attempt, { owner, binds });
  const id = await call(task, parts, (signal) => runtime.create(spec, signal));
  const container: ContainerState = {
    id,
    name: spec.name,
    labels: spec.labels,
    status: "created",
    exitCode: null,
    oomKilled: false,
    error: "",
    startedMs: null,
    finishedMs: null,
    address: "",
    ports: [],
    pid: 0,
  };
  return { kind: "created", container, limits: spec.limits };
}

async function start(task: StepTask, parts: StepParts): Promise<StepResult> {
  const id = containerId(task);
  return await call(task, parts, async (signal) => {
    await parts.runtime.start(id, signal);
    return await look(id, signal, parts);
  });
}

async function limit(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { limits } = task.assignment.spec.resources;
  try {
    await call(task, parts, (signal) => parts.runtime.update(containerId(task), limits, signal));
    return { kind: "limited", limits, notice: "" };
  } catch (thrown) {
    const error = WarrenError.from(thrown, "Cannot change the limits");
    if (task.signal.aborted || error.reason === "ENGINE_UNREACHABLE") throw error;
    // The container runs on with the limits it has; asking again would bring the same answer.
    return { kind: "limited", limits, notice: error.message };
  }
}

/** Waits outside the limiter: a grace period must not hold up the starts of others. */
async function stop(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { stopTimeoutMs, stopSignal } = task.assignment.spec;
  const id = containerId(task);
  const timeoutMs = stopTimeoutMs + CALL_TIMEOUT_MS;
  return await bounded(parts.clock, timeoutMs, task.signal, async (signal) => {
    await parts.runtime.stop(id, { timeoutMs: stopTimeoutMs, stopSignal, signal });
    return await look(id, signal, parts);
  });
}

async function collect(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { assignment, local } = task;
  const { container } = local;
  if (!container) return { kind: "cancelled" };
  const lines = await call(task, parts, async (signal) => {
    const options = { follow: false, tail: 10, sinceMs: 0, signal };
    return await readLines(parts.runtime.logs(container.id, options));
  });
  const why = local.unhealthy
    ? { reason: "UNHEALTHY", message: `stopped: ${local.unhealthy}` }
    : explainExit(container, assignment.spec.resources.limits.memoryBytes);
  const failure: Failure = {
    ...why,
    exitCode: container.exitCode,
    lastLines: lastLines(lines),
    atMs: parts.clock.wallNow(),
  };
  return { kind: "failed", failure };
}

async function readLines(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const read: LogLine[] = [];
  for await (const line of lines) read.push(line);
  return read;
}

async function retry(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { container } = task.local;
  if (container) {
    await call(task, parts, (signal) => parts.runtime.remove(container.id, signal));
  }
  const hasHealthCheck = task.assignment.spec.health !== null;
  return { kind: "next_attempt", atMs: parts.clock.wallNow(), hasHealthCheck };
}

async function clean({ assignment }: StepTask, { files }: StepParts): Promise<StepResult> {
  await files.remove(assignment.id);
  return { kind: "cleaned" };
}

async function discard(task: StepTask, parts: StepParts): Promise<StepResult> {
  const { runtime, files, owner } = parts;
  const labels = { ...ownerLabels(owner), [RUNTIME_LABELS.task]: task.assignment.id };
  await call(task, parts, async (signal) => {
    for (const { id } of await runtime.list(labels, signal)) await runtime.remove(id, signal);
  });
  await files.remove(task.assignment.id);
  return { kind: "discarded" };
}

async function look(id: string, signal: AbortSignal, parts: StepParts): Promise<StepResult> {
  const container = await parts.runtime.inspect(id, signal) ?? null;
  return { kind: "seen", container, atMs: parts.clock.wallNow() };
}

function containerId({ local }: StepTask): string {
  return local.container?.id ?? "";
}

/** One engine call: when there is room, and not for ever. */
function call<T>(
  task: StepTask,
  parts: StepParts,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return parts.engine.run(
    task.signal,
    () => bounded(parts.clock, CALL_TIMEOUT_MS, task.signal, work),
  );
}
