/**
 * One task in the runner: its assignment, what is known of it, and the work under way for it.
 *
 * Owned by the task runner, which alone changes it; logs, exec and stats only read.
 */
import type { CancelTimer } from "../../lib/mod.ts";
import type { TaskId, TaskStatus } from "../../model/mod.ts";
import type { ProbeOptions } from "../probe/probe.ts";
import { type Assignment, taskName } from "./assignment.ts";
import { type LocalTask, newLocalTask } from "./local_task.ts";
import type { Offer } from "./offer.ts";
import { statusOf } from "./task_status.ts";
import type { EngineStep } from "./task_steps.ts";

/** A task of this node. */
export class Actor {
  readonly id: TaskId;
  readonly offer: Offer | undefined;
  /** What a former run of the agent remembered. */
  readonly memory: LocalTask | null;
  assignment: Assignment;
  local: LocalTask;
  /** Its runtime was looked at and its container, if any, was found. */
  isAdopted = false;
  /** The managers do not know it any more. */
  isGone = false;
  /** Why its runtime does not answer, or "". */
  trouble = "";
  readonly #listeners = new Set<() => void>();
  #step: { readonly kind: EngineStep; readonly abort: AbortController } | null = null;
  #cancelTimer: CancelTimer = () => {};
  #probe: { readonly containerId: string; readonly abort: AbortController } | null = null;
  #published = "";

  constructor(assignment: Assignment, offer: Offer | undefined, memory: LocalTask | null) {
    this.id = assignment.id;
    this.assignment = assignment;
    this.offer = offer;
    this.memory = memory;
    this.local = memory ??
      newLocalTask(assignment.known.restarts, assignment.spec.health !== null);
  }

  /** `web.1`. */
  get name(): string {
    return taskName(this.assignment);
  }

  /** One line for tests and logs. */
  describe(): string {
    const { attempt, container, health, outcome } = this.local;
    const step = this.#step ? ` step=${this.#step.kind}` : "";
    const now = outcome?.state ?? container?.status ?? "none";
    return `${this.name} desired=${this.assignment.desired} attempt=${attempt} ${now} ${health}${step}`;
  }

  /** Whether a step runs. */
  get isBusy(): boolean {
    return this.#step !== null;
  }

  /** Its container ended and nobody knows yet why: there will be more to say in a moment. */
  get isUnexplained(): boolean {
    const { container, failure, retry, outcome, notice } = this.local;
    const isExplained = failure !== null || retry !== null || outcome !== null || notice !== "";
    return container?.status === "exited" && !isExplained && this.assignment.desired === "running";
  }

  /** A newer assignment; data that it leaves out is kept. A preparation is given up when it must end. */
  reassign(assignment: Assignment): void {
    this.assignment = this.isGone ? { ...assignment, desired: "remove" } : assignment;
    this.#cancelUnwanted();
  }

  /** It must end and leave nothing behind. */
  unassign(): void {
    this.isGone = true;
    this.assignment = { ...this.assignment, desired: "remove" };
    this.#cancelUnwanted();
  }

  #cancelUnwanted(): void {
    if (this.assignment.desired !== "running" && this.#step?.kind === "prepare") {
      this.#step.abort.abort(new DOMException("unwanted", "AbortError"));
    }
  }

  /** Its runtime was looked at. */
  adopted(local: LocalTask): void {
    this.local = local;
    this.isAdopted = true;
  }

  /** Begins a step; the signal is aborted when it is not wanted any more. */
  begin(kind: EngineStep): AbortSignal {
    const abort = new AbortController();
    this.#step = { kind, abort };
    return abort.signal;
  }

  /** The step is over. */
  finish(): void {
    this.#step = null;
  }

  /** Replaces the timer that wakes the task. */
  setTimer(cancel: CancelTimer): void {
    this.#cancelTimer();
    this.#cancelTimer = cancel;
  }

  /** Gives up whatever is under way. */
  close(): void {
    this.#cancelTimer();
    this.#probe?.abort.abort();
    this.#step?.abort.abort(new DOMException("stopped", "AbortError"));
    this.tellListeners();
  }

  /** What to begin to probe now, or null; a probe of a container that ended is stopped. */
  wantsProbe():
    | Pick<ProbeOptions, "check" | "target" | "isHealthy" | "signal"> & {
      readonly containerId: string;
    }
    | null {
    const { container, outcome, health } = this.local;
    const check = this.assignment.spec.health;
    const isRunning = container?.status === "running" && !outcome &&
      this.assignment.desired === "running";
    if (this.#probe && (!isRunning || this.#probe.containerId !== container.id)) {
      this.#probe.abort.abort();
      this.#probe = null;
    }
    if (!isRunning || this.#probe || !check || !this.offer || health === "unhealthy") return null;
    const abort = new AbortController();
    this.#probe = { containerId: container.id, abort };
    const target = {
      runtime: this.offer.runtime,
      containerId: container.id,
      address: container.address,
    };
    return {
      check,
      target,
      isHealthy: health === "healthy",
      signal: abort.signal,
      containerId: container.id,
    };
  }

  /** The status if it says something new; times alone are nothing new. */
  changedStatus(nowMs: number): Omit<TaskStatus, "sequence"> | null {
    const local = this.trouble && !this.local.outcome
      ? { ...this.local, notice: this.trouble }
      : this.local;
    const status = statusOf(this.assignment, local, nowMs);
    const text = JSON.stringify({ ...status, atMs: 0 });
    if (text === this.#published) return null;
    this.#published = text;
    return status;
  }

  /** Calls `listener` whenever something changes; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Something may have changed. */
  tellListeners(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
