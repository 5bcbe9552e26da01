/**
 * The control loop: woken by the change feed, it asks the planner what to do and proposes it.
 *
 * Level-triggered: changes only say where to look; the planner reads state. One pass is in flight
 * at a time, and the next one waits until everything it proposed was applied or refused. The loop
 * itself decides nothing.
 */
import {
  type Clock,
  type IdSource,
  isRetryable,
  type Log,
  type Metrics,
  TaskGroup,
  Waker,
  WarrenError,
} from "../lib/mod.ts";
import { type DirtySet, type Plan, plan } from "../orchestrator/mod.ts";
import type { Action, ChangeFeed, Proposer, StateView } from "../store/mod.ts";
import { orAborted } from "./abortable.ts";
import { orchestrationMetrics } from "./orchestration_metrics.ts";

/** A full pass runs this often even when nothing woke the loop: a lost wake-up costs time only. */
const FULL_PASS_INTERVAL_MS = 30_000;
/** Pause after a pass whose proposals failed for a passing reason. */
const RETRY_DELAY_MS = 200;
/** Pause after a pass that could not be planned at all; doubles up to the interval of full passes. */
const FAULT_DELAY_MS = 1_000;

/** What the loop works with. */
export interface ControlLoopParts {
  readonly view: StateView;
  readonly feed: ChangeFeed;
  readonly proposer: Proposer;
  readonly dirty: DirtySet;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Runs passes from {@link start} to {@link stop}, for one leadership: made anew for the next one. */
export class ControlLoop {
  readonly #parts: ControlLoopParts;
  readonly #metrics: ReturnType<typeof orchestrationMetrics>;
  readonly #group: TaskGroup;
  readonly #waker = new Waker();
  #retryAtMs = Infinity;
  #faults = 0;
  #trouble = "";
  #unsubscribe: () => void = () => {};

  constructor(parts: ControlLoopParts) {
    this.#parts = parts;
    this.#metrics = orchestrationMetrics(parts.metrics);
    this.#group = new TaskGroup((name, error) => {
      parts.log.error("background work failed", { component: name, error: String(error) });
    });
  }

  /** Why the last pass could not be planned, or "": a bug, which the loop outlives. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Begins with a full pass. Call once. */
  start(): void {
    const { dirty, feed } = this.#parts;
    dirty.markAll();
    this.#unsubscribe = feed.subscribe((set) => {
      dirty.note(set);
      if (!dirty.isEmpty) this.#waker.wake();
    });
    this.#waker.wake();
    this.#group.run("control_loop", (signal) => this.#run(signal));
  }

  /** Ends promptly. What is proposed and not answered may still be applied: the next one will see. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#group.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, dirty } = this.#parts;
    let fullAtMs = clock.monoNow() + FULL_PASS_INTERVAL_MS;
    while (!signal.aborted) {
      await this.#waitUntil(fullAtMs, signal);
      if (signal.aborted) return;
      if (this.#faults > 0 && clock.monoNow() < this.#retryAtMs) continue;
      this.#retryAtMs = Infinity;
      if (clock.monoNow() >= fullAtMs) {
        dirty.markAll();
        fullAtMs = clock.monoNow() + FULL_PASS_INTERVAL_MS;
      }
      dirty.markDue(clock.wallNow());
      if (!dirty.isEmpty) await this.#pass(signal);
    }
  }

  /** Waits for a change, for a service's wish to be looked at again, or for the next full pass. */
  async #waitUntil(fullAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock, dirty } = this.#parts;
    const { wakeAtMs } = dirty;
    const untilWakeMs = wakeAtMs === null ? Infinity : wakeAtMs - clock.wallNow();
    const untilLookMs = Math.min(fullAtMs, this.#retryAtMs) - clock.monoNow();
    const delayMs = Math.min(untilLookMs, untilWakeMs);
    await this.#waker.wait({ clock, delayMs, signal });
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { dirty, clock, log } = this.#parts;
    const startedMs = clock.monoNow();
    const planned = this.#plan();
    if (!planned) return;
    this.#metrics.passTook((clock.monoNow() - startedMs) / 1_000);
    dirty.noteWakes(planned.wakes);
    if (planned.groups.length === 0) return;
    log.debug("planned", { component: "control_loop", groups: planned.groups.length });
    const isWhole = await this.#propose(planned, signal);
    if (!isWhole) this.#retryAtMs = clock.monoNow() + RETRY_DELAY_MS;
  }

  /**
   * The plan for what is noted, or null when planning threw. That is a bug, and planning leaves
   * nothing half done: the API stays up so that the cause can be removed, `trouble` makes the
   * manager unhealthy, and everything is looked at again after a growing pause.
   */
  #plan(): Plan | null {
    const { view, dirty, clock, ids, log } = this.#parts;
    try {
      const planned = plan(view, dirty.take(), { nowMs: clock.wallNow(), ids });
      this.#faults = 0;
      this.#trouble = "";
      return planned;
    } catch (thrown) {
      const delayMs = Math.min(FULL_PASS_INTERVAL_MS, FAULT_DELAY_MS * 2 ** this.#faults++);
      this.#retryAtMs = clock.monoNow() + delayMs;
      dirty.markAll();
      this.#trouble = `planning failed: ${thrown instanceof Error ? thrown.message : thrown}`;
      const error = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
      log.error("planning failed, which is a bug", { component: "control_loop", error });
      return null;
    }
  }

  /** Proposes every group, in order; marks the services of those that were not applied. */
  async #propose({ groups, owners }: Plan, signal: AbortSignal): Promise<boolean> {
    const outcomes = await Promise.all(
      groups.map((actions) => this.#proposeGroup(actions, signal)),
    );
    for (const [at, isApplied] of outcomes.entries()) {
      const owner = owners[at];
      if (!isApplied && owner !== undefined) this.#parts.dirty.markService(owner);
    }
    return outcomes.every((isApplied) => isApplied);
  }

  async #proposeGroup(actions: readonly Action[], signal: AbortSignal): Promise<boolean> {
    const { proposer, log } = this.#parts;
    try {
      const applied = await orAborted(proposer.propose(actions, { signal }), signal);
      if (applied.ok) this.#metrics.count(actions);
      else log.debug("a planned change was stale", { error: applied.error.message });
      return applied.ok;
    } catch (thrown) {
      if (signal.aborted) return false;
      const error = WarrenError.from(thrown, "Cannot propose a planned change");
      const write = isRetryable(error) ? log.warn : log.error;
      write.call(log, "a planned change was not proposed", { error: error.message });
      return false;
    }
  }
}
