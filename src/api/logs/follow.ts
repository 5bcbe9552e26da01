/**
 * Follows the output of several tasks: those there are, and those that come while it follows.
 *
 * Woken by the change feed. A task is read again after each restart, from where it stopped; a node
 * that is away is told once and tried again after a change or a pause. Bounded by MAX_STREAMS.
 */
import { type Code, TaskGroup, WarrenError } from "../../lib/mod.ts";
import { isTerminal, type NodeId, type Task, type TaskId } from "../../model/mod.ts";
import type { ReadLogsResponse } from "../../rpc/gen/warren/v1/task.ts";
import type { ApiContext } from "../context.ts";
import { taskName } from "../convert/task.ts";
import { type LogWish, notice, readTask, reasonText } from "./log_source.ts";

/** Tasks that are read at the same time; further ones are told as a notice. */
export const MAX_STREAMS = 100;

/** What is followed, and where lines go. */
export interface FollowTarget {
  /** The tasks to read, as they are now. */
  tasks(): readonly Task[];
  /** Whether there can be more: a service that exists, or a task that has not ended. */
  isOpen(): boolean;
  write(line: ReadLogsResponse): Promise<void>;
}

/** Pause before a node that is away is asked again although nothing changed. */
const RETRY_MS = 2_000;

/** How the loss of a node shows: it cannot be asked, or its stream breaks off. */
const AWAY: ReadonlySet<Code> = new Set<Code>(["UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED"]);

/** How far a task was read. */
interface Reading {
  /** The container that is or was read; a restart makes another. */
  containerId: string;
  isRunning: boolean;
  /** Count of changes when the last attempt began; it is tried again after a later one. */
  triedAt: number;
  /** The last attempt ended because its node was away. */
  isAway: boolean;
  /** Time of the last line. */
  lastMs: number;
  isTold: boolean;
}

/** Runs until the target is closed and read to its end, or `signal` aborts. */
export class LogFollower {
  readonly #context: ApiContext;
  readonly #target: FollowTarget;
  readonly #wish: LogWish;
  readonly #readings = new Map<TaskId, Reading>();
  #wake: () => void = () => {};
  /** Occasions to try again what failed. */
  #changes = 0;
  #failure: { readonly error: unknown } | undefined;
  #isCrowdTold = false;

  constructor(context: ApiContext, target: FollowTarget, wish: LogWish) {
    this.#context = context;
    this.#target = target;
    this.#wish = wish;
  }

  /** @throws the signal's reason, or what a write failed with. */
  async run(signal: AbortSignal): Promise<void> {
    await using group = new TaskGroup((_, error) => this.#fail(error));
    const unsubscribe = this.#context.feed.subscribe(({ changes }) => {
      if (changes.some(({ table }) => table === "tasks" || table === "nodes")) this.#changed();
    });
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted && !this.#failure) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await this.#startReadings(group);
        if (!this.#target.isOpen() && this.#active === 0) break;
        const cancel = this.#retryLater();
        await promise;
        cancel();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      unsubscribe();
    }
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
  }

  #changed(): void {
    this.#changes++;
    this.#wake();
  }

  /** A node can be back without any change that is announced. */
  #retryLater(): () => void {
    for (const { isAway } of this.#readings.values()) {
      if (isAway) return this.#context.clock.after(RETRY_MS, () => this.#changed());
    }
    return () => {};
  }

  get #active(): number {
    let active = 0;
    for (const { isRunning } of this.#readings.values()) if (isRunning) active++;
    return active;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  async #startReadings(group: TaskGroup): Promise<void> {
    const tasks = this.#target.tasks();
    const present = new Set(tasks.map(({ id }) => id));
    for (const [id, { isRunning }] of this.#readings) {
      if (!isRunning && !present.has(id)) this.#readings.delete(id);
    }
    for (const task of tasks) {
      if (!this.#isNew(task)) continue;
      if (this.#active >= MAX_STREAMS) return await this.#tellCrowd(task);
      this.#start(group, task);
    }
  }

  /** Whether the task has output that nobody reads yet. */
  #isNew({ id, nodeId, status }: Task): boolean {
    if (nodeId === null || status.containerId === "") return false;
    const reading = this.#readings.get(id);
    if (!reading) return true;
    if (reading.isRunning) return false;
    if (reading.isAway && this.#changes > reading.triedAt) return true;
    return reading.containerId !== status.containerId;
  }

  #start(group: TaskGroup, task: Task): void {
    const { nodeId, status: { containerId } } = task;
    if (nodeId === null) return;
    const known = this.#readings.get(task.id);
    const reading: Reading = {
      lastMs: 0,
      isTold: false,
      ...known,
      containerId,
      isRunning: true,
      triedAt: this.#changes,
      isAway: false,
    };
    this.#readings.set(task.id, reading);
    const wish = known && known.lastMs > 0
      ? { follow: true, tail: undefined, sinceMs: known.lastMs + 1 }
      : this.#wish;
    group.run(`logs of ${task.id}`, async (signal) => {
      try {
        await this.#read({ task, nodeId, reading }, wish, signal);
      } finally {
        reading.isRunning = false;
        this.#wake();
      }
    });
  }

  async #read(
    { task, nodeId, reading }: { task: Task; nodeId: NodeId; reading: Reading },
    wish: LogWish,
    signal: AbortSignal,
  ): Promise<void> {
    const lines = readTask(this.#context, { task, nodeId }, wish, signal);
    try {
      while (true) {
        const next = await this.#nextLine(lines, { task, reading }, signal);
        if (!next) return;
        reading.lastMs = Math.max(reading.lastMs, next.timeMs);
        await this.#target.write(next);
      }
    } finally {
      await lines.return(undefined);
    }
  }

  /** The next line; a failure of the agent's becomes a notice and ends the reading. */
  async #nextLine(
    lines: AsyncIterator<ReadLogsResponse>,
    { task, reading }: { readonly task: Task; readonly reading: Reading },
    signal: AbortSignal,
  ): Promise<ReadLogsResponse | undefined> {
    try {
      const next = await lines.next();
      if (next.done) return undefined;
      reading.isTold = false;
      return next.value;
    } catch (error) {
      if (signal.aborted) throw error;
      const isAway = error instanceof WarrenError && AWAY.has(error.code);
      // Its container may still be running there.
      reading.isAway = isAway && !isTerminal(task.status.state);
      if (!reading.isTold) await this.#tell(task, reasonText(error));
      reading.isTold = true;
      return undefined;
    }
  }

  async #tell(task: Task, text: string): Promise<void> {
    const { view, clock } = this.#context;
    const named = { id: task.id, name: taskName(view, task) };
    await this.#target.write(notice(named, clock.wallNow(), text));
  }

  async #tellCrowd(task: Task): Promise<void> {
    if (this.#isCrowdTold) return;
    this.#isCrowdTold = true;
    const text = `more than ${MAX_STREAMS} tasks have output: name one of them to see it`;
    await this.#tell(task, text);
  }
}
