/**
 * Whether waiting for a service still makes sense. Pure: one state of the service in, a verdict and
 * what to remember out.
 *
 * Called by `wait.ts` for each message of the watch and when a time that it named has come. It decides
 * nothing about the service itself; the cluster goes on in any case.
 */
import { isTerminal, type TaskState } from "../../model/mod.ts";
import type { Rollout, Service, Task, WatchServiceResponse } from "../../client/wire/mod.ts";

/** A task that has no suitable node for this long will not get one by itself. */
export const UNPLACED_MS = 5_000;
/** A task that failed for good is believed only this long after, in case it is replaced. */
export const FAILED_MS = 1_000;
/**
 * Tasks without a health check must have run for this long to count as up: long enough to see a command
 * that ends at once, short enough not to be noticed.
 */
export const STEADY_MS = 250;
/** Restarts after which the same failure is not expected to go away. */
export const MAX_RESTARTS = 3;

/** What a command waits for. */
export interface WaitGoal {
  readonly kind: "running" | "removed";
  /** Rollouts that began before this time do not count; `Infinity` when none counts. */
  readonly rolloutsSinceMs: number;
}

/** What has been seen so far. */
export interface WaitMemory {
  /** Since when nothing moved and a task failed or was without a node; `null` when not so. */
  readonly stuckSinceMs: number | null;
  /** Since when all is as it should be, and what it would change with; `null` when it is not. */
  readonly steady: { readonly sinceMs: number; readonly signature: string } | null;
  /** Restarts that a task already had when it was seen running. */
  readonly goodRestarts: Readonly<Record<string, number>>;
  /** Tasks as they were when they last failed: the next attempt forgets why. */
  readonly lastTrouble: Readonly<Record<string, Task>>;
}

/** Why waiting ends without success. */
export interface Problem {
  readonly kind: "failed" | "restarting" | "unplaced" | "rollout" | "removed";
  /** Without the service's name; no full stop. */
  readonly message: string;
  /** The tasks that show it, at most {@link MAX_SHOWN}. */
  readonly tasks: readonly Task[];
}

/** How to go on. */
export type Verdict =
  | { readonly kind: "wait"; readonly wakeAtMs: number | null }
  | { readonly kind: "done" }
  | { readonly kind: "give_up"; readonly problem: Problem };

/** Tasks shown of one problem. */
export const MAX_SHOWN = 3;

/** Nothing seen yet. */
export const NO_MEMORY: WaitMemory = {
  stuckSinceMs: null,
  steady: null,
  goodRestarts: {},
  lastTrouble: {},
};

/** Judges the newest state of a service at `nowMs`, any monotonic milliseconds. */
export function judge(
  update: WatchServiceResponse,
  goal: WaitGoal,
  memory: WaitMemory,
  nowMs: number,
): { readonly verdict: Verdict; readonly memory: WaitMemory } {
  const { service, tasks } = update;
  const goodRestarts = rememberGood(memory.goodRestarts, tasks);
  const lastTrouble = rememberTrouble(memory.lastTrouble, tasks);
  const kept: WaitMemory = { stuckSinceMs: null, steady: null, goodRestarts, lastTrouble };
  const say = (verdict: Verdict, stuckSinceMs: number | null = null) => ({
    verdict,
    memory: { ...kept, stuckSinceMs },
  });
  if (goal.kind === "removed") {
    const isGone = service === undefined && tasks.every((task) => hasEnded(task));
    return say(isGone ? { kind: "done" } : { kind: "wait", wakeAtMs: null });
  }
  if (service === undefined) {
    const message = "somebody removed it meanwhile";
    return say({ kind: "give_up", problem: { kind: "removed", message, tasks: [] } });
  }
  const rollout = rolloutProblem(service.rollout, goal, tasks);
  if (rollout !== null) return say({ kind: "give_up", problem: rollout });
  if (update.settled && isFilled(service, tasks)) {
    const { verdict, steady } = judgeSteady(tasks, memory, nowMs);
    return { verdict, memory: { ...kept, steady } };
  }
  const looping = loopingProblem(tasks, kept);
  if (looping !== null) return say({ kind: "give_up", problem: looping });
  const stuck = stuckProblem(service, tasks);
  if (stuck === null) return say({ kind: "wait", wakeAtMs: null });
  const sinceMs = memory.stuckSinceMs ?? nowMs;
  const wakeAtMs = sinceMs + (stuck.kind === "unplaced" ? UNPLACED_MS : FAILED_MS);
  const verdict: Verdict = nowMs >= wakeAtMs
    ? { kind: "give_up", problem: stuck }
    : { kind: "wait", wakeAtMs };
  return say(verdict, sinceMs);
}

/** Done once everything has been as it should be for a moment; health checks have waited already. */
function judgeSteady(
  tasks: readonly Task[],
  memory: WaitMemory,
  nowMs: number,
): { readonly verdict: Verdict; readonly steady: WaitMemory["steady"] } {
  const unproven = tasks.filter((task) => task.state === "running" && task.health === "none");
  if (unproven.length === 0) return { verdict: { kind: "done" }, steady: null };
  const signature = unproven.map(({ id, restarts }) => `${id} ${restarts}`).sort().join();
  const sinceMs = memory.steady?.signature === signature ? memory.steady.sinceMs : nowMs;
  const wakeAtMs = sinceMs + STEADY_MS;
  const verdict: Verdict = nowMs >= wakeAtMs ? { kind: "done" } : { kind: "wait", wakeAtMs };
  return { verdict, steady: { sinceMs, signature } };
}

function rememberGood(
  known: Readonly<Record<string, number>>,
  tasks: readonly Task[],
): Readonly<Record<string, number>> {
  const good: Record<string, number> = {};
  for (const task of tasks) {
    const before = known[task.id];
    if (before !== undefined) good[task.id] = before;
    else if (task.state === "running") good[task.id] = task.restarts;
  }
  return good;
}

function rememberTrouble(
  known: Readonly<Record<string, Task>>,
  tasks: readonly Task[],
): Readonly<Record<string, Task>> {
  const trouble: Record<string, Task> = {};
  for (const task of tasks) {
    const isTrouble = task.state === "restarting" || task.state === "failed";
    const last = isTrouble ? task : known[task.id];
    if (last !== undefined) trouble[task.id] = last;
  }
  return trouble;
}

function rolloutProblem(
  rollout: Rollout | undefined,
  goal: WaitGoal,
  tasks: readonly Task[],
): Problem | null {
  if (rollout === undefined || rollout.startedMs < goal.rolloutsSinceMs) return null;
  const words: Readonly<Record<string, string>> = {
    paused: "the update is paused",
    failed: "the update failed",
    rolled_back: "the update failed and was rolled back",
  };
  const word = words[rollout.state];
  if (word === undefined) return null;
  const message = rollout.message === "" ? word : `${word}: ${rollout.message}`;
  return { kind: "rollout", message, tasks: worst(tasks.filter(hasTrouble)) };
}

/** The server's word, and ours: a service is not done while one of its tasks is known to be missing. */
function isFilled(service: Service, tasks: readonly Task[]): boolean {
  if (service.spec?.mode === "job") return !tasks.some((task) => task.state === "failed");
  return service.running >= service.desired;
}

function loopingProblem(
  tasks: readonly Task[],
  { goodRestarts, lastTrouble }: WaitMemory,
): Problem | null {
  const looping = tasks.filter((task) =>
    isWanted(task) && task.state !== "running" && !hasEnded(task) &&
    task.restarts - (goodRestarts[task.id] ?? 0) >= MAX_RESTARTS
  );
  if (looping.length === 0) return null;
  const shown = worst(looping.map((task) => lastTrouble[task.id] ?? task));
  return { kind: "restarting", message: "its task does not stay up", tasks: shown };
}

/** A problem that would pass if anything still moved; `null` while something does. */
function stuckProblem(service: Service, tasks: readonly Task[]): Problem | null {
  const isMoving = tasks.some((task) =>
    !hasEnded(task) && task.state !== "running" && !isUnplaced(task)
  );
  if (isMoving) return null;
  const unplaced = tasks.filter((task) => isUnplaced(task) && isWanted(task));
  if (unplaced.length > 0) {
    const message = unplaced.length === 1
      ? "no node can take its task"
      : `no node can take ${unplaced.length} of its tasks`;
    return { kind: "unplaced", message, tasks: worst(unplaced) };
  }
  const failed = tasks.filter((task) =>
    task.state === "failed" && isWanted(task) && task.revision === service.revision &&
    !tasks.some((other) => isSameSlot(other, task) && !hasEnded(other))
  );
  if (failed.length === 0) return null;
  const message = failed.length === 1 ? "its task failed" : `${failed.length} of its tasks failed`;
  return { kind: "failed", message, tasks: worst(failed) };
}

function isSameSlot(a: Task, b: Task): boolean {
  return a.slot === b.slot && (a.slot !== 0 || a.nodeId === b.nodeId);
}

function isWanted(task: Task): boolean {
  return task.desiredState === "running";
}

function isUnplaced(task: Task): boolean {
  return task.state === "pending" && task.unplaced !== "";
}

function hasTrouble(task: Task): boolean {
  return task.state === "failed" || task.restarts > 0 || isUnplaced(task);
}

function hasEnded(task: Task): boolean {
  return isTerminal(task.state as TaskState);
}

/** The tasks that say most: with output, then with a message. */
function worst(tasks: readonly Task[]): readonly Task[] {
  const weight = (task: Task) => task.lastLines.length > 0 ? 0 : task.message !== "" ? 1 : 2;
  return [...tasks].sort((a, b) => weight(a) - weight(b)).slice(0, MAX_SHOWN);
}
