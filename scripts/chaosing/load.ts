/**
 * Clients that write and read all the time, and the questions that a fault asks of them: how long
 * until the next write was accepted, how long was the longest time without one.
 *
 * Owned by a stage. Writers change keys often, so that every history stays short.
 */
import { Prng, TaskGroup } from "../../src/lib/mod.ts";
import type { Caller } from "./caller.ts";
import { History } from "./history.ts";
import { Registers, USUAL, type Way } from "./registers.ts";

/** How much is asked. */
export interface LoadOptions {
  readonly writers: number;
  readonly readers: number;
  /** Between two operations of one client, in milliseconds. */
  readonly pauseMs: number;
  readonly valueBytes: number;
}

/** A load that leaves the processors room for what is measured. */
export const LIGHT: LoadOptions = { writers: 6, readers: 3, pauseMs: 5, valueBytes: 100 };

const WRITES_A_KEY = 40;
const PROBE_EVERY_MS = 10;
const MAX_PROBES = 400;
/** A group that accepts nothing for so long is called dead. */
export const DEAD_MS = 30_000;

/** The clients. */
export class Load {
  readonly history = new History();
  readonly registers: Registers;
  /** For requests that are meant to fail: they count neither as accepted nor as failed. */
  readonly lonely: Registers;
  readonly #options: LoadOptions;
  readonly #prng: Prng;
  readonly #tasks: TaskGroup;
  readonly #watchers = new Set<(attemptMs: number, nowMs: number) => void>();
  /** Keys that writers are at, by writer. */
  readonly #live = new Map<number, string>();
  readonly #faults: string[] = [];
  #keys = 0;
  #clients = 0;

  constructor(caller: Caller, options: LoadOptions, seed: number) {
    this.#options = options;
    this.#prng = new Prng(seed);
    this.#tasks = new TaskGroup((name, error) => void this.#faults.push(`${name}: ${error}`));
    const { valueBytes } = options;
    this.lonely = new Registers(caller, this.history, { valueBytes, onAccepted: () => {} });
    this.registers = new Registers(caller, this.history, {
      valueBytes,
      onAccepted: (attemptMs, nowMs) => {
        for (const watcher of this.#watchers) watcher(attemptMs, nowMs);
      },
    });
  }

  /** Faults of the harness itself. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  start(): void {
    for (let writer = 0; writer < this.#options.writers; writer++) {
      this.#tasks.run("writer", (signal) => this.#write(signal));
    }
    for (let reader = 0; reader < this.#options.readers; reader++) {
      this.#tasks.run("reader", (signal) => this.#read(signal));
    }
  }

  /** Waits until every client has its last answer. */
  async stop(): Promise<void> {
    await this.#tasks.stop();
  }

  /** A key that was never used. */
  newKey(kind: string): string {
    return `${kind}-${this.#keys++}`;
  }

  /** A name in the history for one more client. */
  newClient(): number {
    return this.#clients++;
  }

  /**
   * Milliseconds from `sinceMs` until a write that was sent afterwards was accepted, by whomever.
   * Besides the usual clients, a new one asks every few milliseconds.
   *
   * @throws Error when nothing was accepted for {@link DEAD_MS}
   */
  async timeToAccept(sinceMs: number): Promise<number> {
    let acceptedMs: number | undefined;
    const watcher = (attemptMs: number, nowMs: number) => {
      if (attemptMs >= sinceMs) acceptedMs ??= nowMs;
    };
    this.#watchers.add(watcher);
    try {
      for (let probes = 0; acceptedMs === undefined; probes++) {
        if (performance.now() - sinceMs > DEAD_MS) {
          throw new Error(`no write was accepted for ${DEAD_MS} ms`);
        }
        if (probes < MAX_PROBES) this.#tasks.run("probe", () => this.#probe());
        await pause(PROBE_EVERY_MS);
      }
      return acceptedMs - sinceMs;
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** The longest time without an accepted write while `work` goes on, in milliseconds. */
  async longestGap<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly gapMs: number; readonly result: T }> {
    let [lastMs, gapMs] = [performance.now(), 0];
    const watcher = (_: number, nowMs: number) => {
      gapMs = Math.max(gapMs, nowMs - lastMs);
      lastMs = nowMs;
    };
    this.#watchers.add(watcher);
    try {
      const result = await work();
      return { gapMs: Math.max(gapMs, performance.now() - lastMs), result };
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async #probe(): Promise<void> {
    const way = { client: this.newClient(), patience: USUAL };
    await this.turn(this.newKey("probe"), 2, way, new AbortController().signal);
  }

  async #write(signal: AbortSignal): Promise<void> {
    const way = { client: this.newClient(), patience: USUAL };
    while (!signal.aborted) {
      const key = this.newKey("key");
      this.#live.set(way.client, key);
      // An odd number leaves the register set, an even one empty.
      await this.turn(key, WRITES_A_KEY + this.#prng.below(2), way, signal);
    }
  }

  /** Sets and clears `key` in turn, `writes` times, or until an outcome is not known. */
  async turn(key: string, writes: number, way: Way, signal: AbortSignal): Promise<void> {
    let held: { readonly id: string; readonly tag: string } | null = null;
    for (let write = 0; write < writes && !signal.aborted; write++) {
      this.history.settle(key, null);
      if (held) {
        if (!await this.registers.clear(key, held, way)) return;
        held = null;
      } else {
        const tag = `${key}.${write}`;
        const id = await this.registers.set(key, tag, way);
        if (id === null) return;
        held = { id, tag };
      }
      this.history.settle(key, held?.id ?? "");
      await pause(this.#options.pauseMs);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const way = { client: this.newClient(), patience: USUAL };
    while (!signal.aborted) {
      await pause(this.#options.pauseMs);
      const keys = [...this.#live.values()].filter((key) => this.history.hasRoom(key));
      if (keys.length > 0) await this.registers.get(this.#prng.pick(keys), way);
    }
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
