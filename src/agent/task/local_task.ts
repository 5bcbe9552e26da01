/**
 * What the agent knows of one task on its node, and how that changes with what a step brought. Pure.
 *
 * One value per task, replaced and never edited. `transition.ts` reads it to find the next step;
 * `task_status.ts` to tell the managers. An attempt is one container; attempts count from 0.
 */
import { assertNever } from "../../lib/mod.ts";
import type { ResourceAmounts, TaskStatus } from "../../model/mod.ts";
import type { ContainerState } from "../runtime/runtime.ts";

/** Why an attempt ended, or could not begin. */
export interface Failure {
  /** A stable word: `COMMAND_FAILED`, `OUT_OF_MEMORY`, … or "" for a plain exit. */
  readonly reason: string;
  /** In plain words, without the output. */
  readonly message: string;
  /** Null when no container ended. */
  readonly exitCode: number | null;
  readonly lastLines: readonly string[];
  readonly atMs: number;
}

/** How a task ended for good. */
export interface Outcome extends Failure {
  readonly state: "stopped" | "completed" | "failed";
}

/** What the agent knows of a task. */
export interface LocalTask {
  readonly attempt: number;
  /** Image, volumes and files of this attempt are there. */
  readonly isPrepared: boolean;
  /** This attempt's container, as last seen. */
  readonly container: ContainerState | null;
  /** Limits the container has; null before it is made. */
  readonly limits: ResourceAmounts | null;
  readonly health: TaskStatus["health"];
  /** Why the probe calls it unhealthy, or "". */
  readonly unhealthy: string;
  /** Set when this attempt is over and it is not yet decided what follows. */
  readonly failure: Failure | null;
  /** Set while the next attempt waits: its time, and what to say meanwhile. */
  readonly retry: { readonly atMs: number; readonly after: Failure } | null;
  /** Wall times of restarts that count against the policy's window; at most 1,000. */
  readonly restartTimesMs: readonly number[];
  /** Restarts in a row without a run that lasted; doubles the delay. */
  readonly streak: number;
  readonly outcome: Outcome | null;
  /** Its files are removed: only after the outcome. */
  readonly isClean: boolean;
  /** Its containers are removed too: only when the managers asked for it. */
  readonly isDiscarded: boolean;
  /** What is being waited for, for people; "" when nothing is. */
  readonly notice: string;
  /** Steps are not tried again before this wall time: the engine was away. */
  readonly pauseUntilMs: number;
}

/** A task that was never worked on here. */
export function newLocalTask(attempt: number, hasHealthCheck: boolean): LocalTask {
  return {
    attempt,
    isPrepared: false,
    container: null,
    limits: null,
    health: hasHealthCheck ? "starting" : "none",
    unhealthy: "",
    failure: null,
    retry: null,
    restartTimesMs: [],
    streak: 0,
    outcome: null,
    isClean: false,
    isDiscarded: false,
    notice: "",
    pauseUntilMs: 0,
  };
}

/** What a step brought, or what was observed meanwhile. */
export type StepResult =
  | { readonly kind: "prepared" }
  | {
    readonly kind: "created";
    readonly container: ContainerState;
    readonly limits: ResourceAmounts;
  }
  /** The container was looked at; null when it is gone. */
  | { readonly kind: "seen"; readonly container: ContainerState | null; readonly atMs: number }
  | { readonly kind: "limited"; readonly limits: ResourceAmounts; readonly notice: string }
  | { readonly kind: "probed"; readonly health: "healthy" | "unhealthy"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "retry_at"; readonly atMs: number }
  | { readonly kind: "next_attempt"; readonly atMs: number; readonly hasHealthCheck: boolean }
  | { readonly kind: "ended"; readonly outcome: Outcome }
  | { readonly kind: "cleaned" }
  | { readonly kind: "discarded" }
  | { readonly kind: "notice"; readonly notice: string }
  /** The engine did not answer: nothing is known to have changed. */
  | { readonly kind: "engine_away"; readonly notice: string; readonly untilMs: number }
  /** The step was given up because something more important came. */
  | { readonly kind: "cancelled" };

/** Restart times kept. */
const MAX_RESTART_TIMES = 1_000;

/** `local` after `result`. */
export function applyResult(local: LocalTask, result: StepResult): LocalTask {
  switch (result.kind) {
    case "prepared":
      return { ...local, isPrepared: true, notice: "" };
    case "created":
      return { ...local, container: result.container, limits: result.limits, notice: "" };
    case "seen":
      return seen(local, result.container, result.atMs);
    case "limited":
      return { ...local, limits: result.limits, notice: result.notice };
    case "probed":
      return probed(local, result.health, result.message);
    case "failed":
      return { ...local, failure: result.failure, notice: "" };
    case "retry_at":
      return local.failure
        ? { ...local, failure: null, retry: { atMs: result.atMs, after: local.failure } }
        : local;
    case "next_attempt":
      return nextAttempt(local, result);
    case "ended":
      return { ...local, outcome: result.outcome, failure: null, retry: null, notice: "" };
    case "cleaned":
      return { ...local, isClean: true };
    case "discarded":
      return { ...local, isClean: true, isDiscarded: true, container: null };
    case "notice":
      return { ...local, notice: result.notice };
    case "engine_away":
      return { ...local, notice: result.notice, pauseUntilMs: result.untilMs };
    case "cancelled":
      return { ...local, notice: "" };
    default:
      return assertNever(result, "step result");
  }
}

const STATUS_ORDER: readonly ContainerState["status"][] = ["created", "running", "exited"];

/** A container never goes back: a look that was overtaken by a newer one changes nothing. */
function seen(local: LocalTask, container: ContainerState | null, atMs: number): LocalTask {
  const known = local.container;
  if (!known) return local;
  if (!container) return known.status === "exited" ? local : vanished(local, atMs);
  if (container.id !== known.id) return local;
  const isOlder = STATUS_ORDER.indexOf(container.status) < STATUS_ORDER.indexOf(known.status);
  return isOlder ? local : { ...local, container, notice: "" };
}

/** Somebody removed the container under the agent: that attempt is over. */
function vanished(local: LocalTask, atMs: number): LocalTask {
  if (local.failure || local.retry || local.outcome) return { ...local, container: null };
  const message = "the container was removed by somebody else";
  const failure = { reason: "CONTAINER_GONE", message, exitCode: null, lastLines: [], atMs };
  return { ...local, container: null, failure };
}

function probed(local: LocalTask, health: "healthy" | "unhealthy", message: string): LocalTask {
  if (local.container?.status !== "running") return local;
  return { ...local, health, unhealthy: health === "unhealthy" ? message : "" };
}

function nextAttempt(
  local: LocalTask,
  { atMs, hasHealthCheck }: { readonly atMs: number; readonly hasHealthCheck: boolean },
): LocalTask {
  return {
    ...newLocalTask(local.attempt + 1, hasHealthCheck),
    restartTimesMs: [...local.restartTimesMs, atMs].slice(-MAX_RESTART_TIMES),
    streak: ranLong(local) ? 1 : local.streak + 1,
  };
}

/** A run of this long shows that the task works, so the next delay starts small again. */
export const STABLE_RUN_MS = 10_000;

/** Whether the attempt's container ran long enough to count as working. */
export function ranLong(local: LocalTask): boolean {
  const { startedMs, finishedMs } = local.container ?? { startedMs: null, finishedMs: null };
  return startedMs !== null && finishedMs !== null && finishedMs - startedMs >= STABLE_RUN_MS;
}
