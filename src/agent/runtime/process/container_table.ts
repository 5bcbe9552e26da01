/**
 * All containers of the runtime as they are on disk, and waiting for one of them to change.
 *
 * Owned by the runtime. It changes nothing but what `observe` must record. Invariant: it remembers
 * nothing, so every answer is as of now.
 */
import { type Clock, WarrenError } from "../../../lib/mod.ts";
import type { ChangeHub } from "./change_hub.ts";
import { isContainerId, type ProcessLayout } from "./layout.ts";
import { type Observation, observe } from "./observe.ts";

/** Everybody who waits for a change looks again after this time, in case none was noticed. */
const RECHECK_MS = 1_000;

/** How long to wait for what. */
export interface UntilOptions {
  readonly timeoutMs: number;
  readonly isDone: (seen: Observation) => boolean;
  readonly signal: AbortSignal;
}

/** The containers below one directory. */
export class ContainerTable {
  readonly #layout: ProcessLayout;
  readonly #hub: ChangeHub;
  readonly #clock: Clock;

  constructor(layout: ProcessLayout, hub: ChangeHub, clock: Clock) {
    this.#layout = layout;
    this.#hub = hub;
    this.#clock = clock;
  }

  /** Ids of all containers. */
  async ids(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { name } of Deno.readDir(this.#layout.root)) {
      if (isContainerId(name)) ids.push(name);
    }
    return ids;
  }

  /** One container now; undefined when there is none. */
  find(id: string): Promise<Observation | undefined> {
    if (!isContainerId(id)) return Promise.resolve(undefined);
    return observe(this.#layout, id, this.#clock);
  }

  /** One container now. @throws ENGINE_FAILED when there is none */
  async get(id: string): Promise<Observation> {
    const seen = await this.find(id);
    if (seen !== undefined) return seen;
    throw new WarrenError("ENGINE_FAILED", `There is no process container "${id}"`);
  }

  /** The one that runs: has started and has not ended. */
  async findRunning(id: string) {
    const seen = await this.find(id);
    if (seen?.run === undefined || seen.exit !== undefined) return undefined;
    return { definition: seen.definition, run: seen.run };
  }

  /** Looks after each change until `isDone` or the time is up; gives the last look. */
  async until(id: string, options: UntilOptions): Promise<Observation | undefined> {
    using changes = this.#hub.subscribe();
    const deadlineMs = this.#clock.monoNow() + options.timeoutMs;
    while (true) {
      const seen = await this.find(id);
      const leftMs = deadlineMs - this.#clock.monoNow();
      if (seen === undefined || options.isDone(seen) || leftMs <= 0) return seen;
      await changes.next(Math.min(leftMs, RECHECK_MS), options.signal);
      options.signal.throwIfAborted();
    }
  }

  /** Whether it ended, or was removed, within `timeoutMs`. */
  async hasExited(id: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const isDone = (seen: Observation) => seen.exit !== undefined;
    const seen = await this.until(id, { timeoutMs, isDone, signal });
    return seen === undefined || seen.exit !== undefined;
  }
}
