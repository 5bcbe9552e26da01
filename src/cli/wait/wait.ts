/**
 * Waits until a service is where it should be, following the cluster's watch. Called by every command
 * that changes services.
 *
 * What to make of a state is decided by `judge.ts`; this only listens, keeps time and shows progress.
 * A watch that breaks is opened again, at most ten times in a row. Invariant: it ends by the deadline.
 */
import { isRetryable, sleep, WarrenError } from "../../lib/mod.ts";
import type { Clock } from "../../lib/mod.ts";
import type { WatchServiceResponse } from "../../client/wire/mod.ts";
import { type Board, progressText } from "./board.ts";
import { judge, NO_MEMORY, type WaitGoal, type WaitMemory } from "./judge.ts";
import { interruptedError, problemError, timeoutError } from "./report.ts";

const MAX_REOPENS = 10;
const REOPEN_DELAY_MS = 500;
const TICK_MS = 1_000;

/** One wait. */
export interface WaitOptions {
  /** Name for messages. */
  readonly service: string;
  readonly goal: WaitGoal;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly board: Board;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Opens the watch. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<WatchServiceResponse>;
}

/** How a waiting loop is woken. */
type Woken =
  | { readonly kind: "update"; readonly result: IteratorResult<WatchServiceResponse> }
  | { readonly kind: "time" };

/** Returns once the goal is reached. @throws WarrenError NOT_SETTLED, ABORTED_BY_USER, or of the watch */
export async function waitForService(options: WaitOptions): Promise<void> {
  const startMs = options.clock.monoNow();
  const state: WaitState = {
    memory: NO_MEMORY,
    last: null,
    deadlineMs: startMs + options.timeoutMs,
  };
  for (let broken = 0;; broken++) {
    try {
      await follow(options, state, () => broken = 0);
      const elapsedS = ((options.clock.monoNow() - startMs) / 1_000).toFixed(1);
      const text = options.goal.kind === "removed"
        ? "removed"
        : state.last === null
        ? "done"
        : progressText(state.last);
      options.board.finish(options.service, `${options.service}: ${text} (${elapsedS} s)`);
      return;
    } catch (error) {
      if (!(error instanceof BrokenWatch) || broken >= MAX_REOPENS) {
        options.board.clear();
        throw error instanceof BrokenWatch ? error.cause : error;
      }
      await sleep(options.clock, REOPEN_DELAY_MS, options.signal).catch(() => {});
    }
  }
}

interface WaitState {
  memory: WaitMemory;
  last: WatchServiceResponse | null;
  readonly deadlineMs: number;
}

/** The watch failed in a way that may pass. */
class BrokenWatch extends Error {}

async function follow(options: WaitOptions, state: WaitState, onUpdate: () => void): Promise<void> {
  const { clock, service, goal, board, signal } = options;
  const abort = new AbortController();
  const stream = options.watch(abort.signal)[Symbol.asyncIterator]();
  let next = stream.next();
  let wakeAtMs: number | null = null;
  try {
    while (true) {
      if (signal.aborted) throw interruptedError(service);
      const nowMs = clock.monoNow();
      if (nowMs >= state.deadlineMs) throw timeoutError(service, options.timeoutMs, state.last);
      const untilMs = Math.min(nowMs + TICK_MS, state.deadlineMs, wakeAtMs ?? Infinity);
      const woken = await firstOf(next, untilMs - nowMs, options);
      if (woken.kind === "update") {
        if (woken.result.done) return ended(state, goal);
        onUpdate();
        state.last = woken.result.value;
        board.show(service, state.last);
        next = stream.next();
      } else board.tick();
      if (state.last === null) continue;
      const judged = judge(state.last, goal, state.memory, clock.monoNow());
      state.memory = judged.memory;
      if (judged.verdict.kind === "done") return;
      if (judged.verdict.kind === "give_up") throw problemError(service, judged.verdict.problem);
      wakeAtMs = judged.verdict.wakeAtMs;
    }
  } catch (error) {
    if (isGone(error, goal)) return;
    throw isRetryable(error) && !signal.aborted ? new BrokenWatch("", { cause: error }) : error;
  } finally {
    abort.abort();
    // The stream was told to end; how it ends no longer matters.
    next.catch(() => {});
    await stream.return?.().catch(() => {});
  }
}

/** The watch of a removed service ends by itself, or there is nothing left to watch. */
function isGone(error: unknown, goal: WaitGoal): boolean {
  return goal.kind === "removed" && error instanceof WarrenError && error.code === "NOT_FOUND";
}

function ended(state: WaitState, goal: WaitGoal): void {
  const isRemoved = state.last?.service === undefined;
  if (goal.kind === "removed" && isRemoved) return;
  const cause = new WarrenError("STOPPING", "The manager ended the watch");
  throw new BrokenWatch("", { cause });
}

async function firstOf(
  next: Promise<IteratorResult<WatchServiceResponse>>,
  delayMs: number,
  { clock, signal }: WaitOptions,
): Promise<Woken> {
  const timer = Promise.withResolvers<Woken>();
  const wake = () => timer.resolve({ kind: "time" });
  const cancel = clock.after(Math.max(0, delayMs), wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    const update = next.then((result): Woken => ({ kind: "update", result }));
    return await Promise.race([update, timer.promise]);
  } finally {
    cancel();
    signal.removeEventListener("abort", wake);
  }
}
