/**
 * Tells the managers of tasks: the newest status of each that they may not have, in batches.
 *
 * A status that is overtaken before it was sent is never sent. What a broken session may have lost is
 * found on the next one: the full set says which sequence the managers have of each task.
 */
import type { Clock } from "../../lib/mod.ts";
import { sleep } from "../../lib/mod.ts";
import type { TaskId, TaskStatus } from "../../model/mod.ts";
import { statusToProto } from "../../rpc/convert/mod.ts";
import type { TaskStatus as TaskStatusMessage } from "../../rpc/gen/warren/v1/agent.ts";

/** Statuses in one message. */
export const MAX_BATCH = 500;
/** Shortest time between two messages; the first after a pause goes at once. */
const BATCH_INTERVAL_MS = 20;

/** The newest status of each task; bounded by the tasks of the node. */
export class StatusReporter {
  readonly #clock: Clock;
  readonly #newest = new Map<TaskId, TaskStatus>();
  readonly #sequences = new Map<TaskId, number>();
  readonly #unsent = new Set<TaskId>();
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A task's status changed. */
  note(id: TaskId, status: Omit<TaskStatus, "sequence">): void {
    const sequence = Math.max((this.#sequences.get(id) ?? 0) + 1, this.#clock.wallNow());
    this.#sequences.set(id, sequence);
    this.#newest.set(id, { ...status, sequence });
    this.#unsent.add(id);
    this.#wake();
  }

  /** The managers, or a former run, used sequences up to `sequence` for the task. */
  reached(id: TaskId, sequence: number): void {
    this.#sequences.set(id, Math.max(this.#sequences.get(id) ?? 0, sequence));
  }

  /** The managers have the task's status up to `sequence`; a newer one is sent again. */
  stored(id: TaskId, sequence: number): void {
    const newest = this.#newest.get(id);
    if (newest && newest.sequence > sequence) this.#unsent.add(id);
    this.reached(id, sequence);
    this.#wake();
  }

  /** The task is gone for good. */
  forget(id: TaskId): void {
    this.#newest.delete(id);
    this.#sequences.delete(id);
    this.#unsent.delete(id);
  }

  /** The newest sequence of a task, 0 when there is none. */
  sequenceOf(id: TaskId): number {
    return this.#sequences.get(id) ?? 0;
  }

  /** Sends what is unsent, now and whenever there is something, until aborted or `send` fails. */
  async run(
    send: (statuses: TaskStatusMessage[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let lastMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (this.#unsent.size === 0) await this.#untilUnsent(signal);
      const waitMs = lastMs + BATCH_INTERVAL_MS - this.#clock.monoNow();
      if (waitMs > 0) await sleep(this.#clock, waitMs, signal);
      signal.throwIfAborted();
      const batch = this.#take();
      lastMs = this.#clock.monoNow();
      if (batch.length > 0) await send(batch);
    }
  }

  #take(): TaskStatusMessage[] {
    const batch: TaskStatusMessage[] = [];
    for (const id of this.#unsent) {
      if (batch.length >= MAX_BATCH) break;
      this.#unsent.delete(id);
      const status = this.#newest.get(id);
      if (status) batch.push(statusToProto(id, status));
    }
    return batch;
  }

  #untilUnsent(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener("abort", wake);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
      if (this.#unsent.size > 0 || signal.aborted) wake();
    });
  }
}
