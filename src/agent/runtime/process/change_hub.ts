/**
 * Wakes whoever waits for a container to change, without polling.
 *
 * Owned by the runtime. It watches the directories of records and says which containers may have
 * changed; what is true is read from disk by those who were woken. A lost notice costs time only:
 * everybody looks again after a while anyway. Invariant: a change after `subscribe` wakes the
 * subscriber.
 */
import { type Clock, type Log, sleep, type TaskGroup } from "../../../lib/mod.ts";
import { containerOfPath, type ProcessLayout } from "./layout.ts";

/** Pause before watching again when the system refused, in milliseconds; then it is polling. */
const RETRY_MS = 500;

/** Which containers may have changed. */
export type Changed = ReadonlySet<string> | "all";

/** One waiting party. Dispose it. */
export interface Subscription extends Disposable {
  /**
   * Waits for a change or `timeoutMs`; then "all", because something may have been missed. Resolves
   * early, with nothing, when `signal` aborts.
   */
  next(timeoutMs: number, signal: AbortSignal): Promise<Changed>;
}

interface Subscriber {
  ids: Set<string>;
  isAll: boolean;
  wake: () => void;
}

/** Spreads notices of changes. */
export class ChangeHub {
  readonly #layout: ProcessLayout;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #subscribers = new Set<Subscriber>();
  #hasWarned = false;

  constructor(layout: ProcessLayout, clock: Clock, log: Log) {
    this.#layout = layout;
    this.#clock = clock;
    this.#log = log;
  }

  /** Watches in `tasks` until that stops. */
  start(tasks: TaskGroup): void {
    tasks.run("watch processes", (signal) => this.#watch(signal));
  }

  /** Wakes everybody: container `id` may have changed. */
  note(id: string): void {
    for (const subscriber of this.#subscribers) {
      subscriber.ids.add(id);
      subscriber.wake();
    }
  }

  subscribe(): Subscription {
    const self: Subscriber = { ids: new Set(), isAll: false, wake: () => {} };
    this.#subscribers.add(self);
    return {
      next: (timeoutMs, signal) => this.#next(self, timeoutMs, signal),
      [Symbol.dispose]: () => void this.#subscribers.delete(self),
    };
  }

  async #next(self: Subscriber, timeoutMs: number, signal: AbortSignal): Promise<Changed> {
    if (self.ids.size === 0 && !self.isAll && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(timeoutMs, () => {
          self.isAll = true;
          self.wake();
        });
        self.wake = () => {
          cancel();
          signal.removeEventListener("abort", self.wake);
          self.wake = () => {};
          resolve();
        };
        signal.addEventListener("abort", self.wake);
      });
    }
    const changed = self.isAll ? "all" : self.ids;
    self.ids = new Set();
    self.isAll = false;
    return changed;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#watchOnce(signal);
      } catch (error) {
        this.#warn(error);
      }
      this.#noteAll();
      await sleep(this.#clock, RETRY_MS, signal).catch(() => {});
    }
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    using watcher = Deno.watchFs([this.#layout.root, this.#layout.stateDir], { recursive: false });
    const close = () => watcher.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      this.#noteAll();
      for await (const event of watcher) {
        if (event.flag === "rescan") this.#noteAll();
        if (event.kind === "access") continue;
        for (const path of event.paths) {
          const id = containerOfPath(path);
          if (id !== undefined) this.note(id);
        }
      }
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  #noteAll(): void {
    for (const subscriber of this.#subscribers) {
      subscriber.isAll = true;
      subscriber.wake();
    }
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn("Cannot watch for changes of processes: looking every half second instead", {
      component: "runtime",
      error: error instanceof Error ? error.message : String(error),
    });
  }
}
