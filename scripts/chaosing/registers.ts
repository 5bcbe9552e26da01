/**
 * Operations on one register, as API calls whose outcome is written into the history.
 *
 * Used by the load's writers and readers and by probes. Each register has one writer at a time.
 */
import type { Operation } from "../../tests/sim/checks/linearizability.ts";
import { ConfigServiceService as configs } from "../../src/rpc/gen/warren/v1/resource.ts";
import { WarrenError } from "../../src/lib/mod.ts";
import type { Caller, Outcome, Patience } from "./caller.ts";
import type { History } from "./history.ts";

/** How one operation is carried out. */
export interface Way {
  /** Who it is, in the history. */
  readonly client: number;
  readonly patience: Patience;
  /** Asked instead of the usual one. */
  readonly caller?: Caller;
}

/** Told of every accepted write: when the answered attempt began, and when the answer came. */
export type Accepted = (attemptMs: number, nowMs: number) => void;

/** Patience of an ordinary client. */
export const USUAL: Patience = { attemptMs: 2_000, totalMs: 15_000 };

/** All registers of a cluster. */
export class Registers {
  readonly #caller: Caller;
  readonly #history: History;
  readonly #valueBytes: number;
  readonly #onAccepted: Accepted;
  readonly #counts = { writes: 0, reads: 0, failed: 0, wrong: 0 };
  /** What clients were told when nothing worked. */
  readonly failures: string[] = [];

  constructor(
    caller: Caller,
    history: History,
    { valueBytes, onAccepted }: { readonly valueBytes: number; readonly onAccepted: Accepted },
  ) {
    this.#caller = caller;
    this.#history = history;
    this.#valueBytes = valueBytes;
    this.#onAccepted = onAccepted;
  }

  /** Answered writes and reads, requests that failed, and answers that nobody had written. */
  get counts(): Readonly<{ writes: number; reads: number; failed: number; wrong: number }> {
    return { ...this.#counts };
  }

  /** Sets the empty register `key` to `tag`. Answers with the config's id; null when unknown. */
  async set(key: string, tag: string, way: Way): Promise<string | null> {
    const data = Buffer.from(this.#valueOf(tag));
    const call = performance.now();
    const outcome = await this.#callerOf(way).run(async ({ channel, options }) => {
      const request = { name: key, data, labels: {} };
      return (await channel.unary(configs.createConfig, request, options)).config?.id ?? "";
    }, way.patience);
    const seen = this.#note(key, { ...way, call, expected: "", value: tag }, outcome);
    return seen && outcome.kind === "done" ? outcome.value : null;
  }

  /** Empties `key`, which holds `tag` as the config `id`. Whether that is known to have happened. */
  async clear(key: string, { id, tag }: { id: string; tag: string }, way: Way): Promise<boolean> {
    const call = performance.now();
    let outcome = await this.#callerOf(way).run(async ({ channel, options }) => {
      return (await channel.unary(configs.removeConfig, { ref: id }, options)).id;
    }, way.patience);
    // An earlier attempt did it: nobody else removes this id, and no other config will have it.
    if (outcome.kind === "refused" && outcome.attempts > 1) {
      outcome = { kind: "done", value: id, attemptMs: call };
    }
    return this.#note(key, { ...way, call, expected: tag, value: "" }, outcome);
  }

  /** Reads `key`. */
  async get(key: string, way: Way): Promise<void> {
    const call = performance.now();
    const outcome = await this.#callerOf(way).run(async ({ channel, options }) => {
      const { config } = await channel.unary(
        configs.getConfig,
        { ref: key, stale: false },
        options,
      );
      return this.#tagOf(config?.data.toString() ?? "");
    }, way.patience);
    const isAbsent = outcome.kind === "refused" && outcome.reason === "CONFIG_NOT_FOUND";
    const seen = outcome.kind === "done" ? outcome.value : isAbsent ? "" : null;
    if (seen === null) this.#fail(outcome);
    else this.#counts.reads += 1;
    const ret = seen === null ? Infinity : performance.now();
    const { client } = way;
    this.#history.add(key, { client, kind: "get", value: "", expected: "", call, ret, seen });
  }

  /** Writes one outcome of a compare-and-set down. Whether it is known to have taken effect. */
  #note(
    key: string,
    { client, call, expected, value }: Pick<Operation, "client" | "call" | "expected" | "value">,
    outcome: Outcome<unknown>,
  ): boolean {
    const nowMs = performance.now();
    const ret = outcome.kind === "failed" ? Infinity : nowMs;
    const seen = outcome.kind === "failed" ? null : outcome.kind === "done";
    this.#history.add(key, { client, kind: "cas", value, expected, call, ret, seen });
    if (outcome.kind === "failed") this.#fail(outcome);
    if (outcome.kind !== "done") return false;
    this.#counts.writes += 1;
    this.#onAccepted(outcome.attemptMs, nowMs);
    return true;
  }

  #callerOf({ caller }: Way): Caller {
    return caller ?? this.#caller;
  }

  #fail(outcome: Outcome<unknown>): void {
    this.#counts.failed += 1;
    const error = outcome.kind === "failed" ? outcome.error : outcome.kind;
    if (this.failures.length < 20) this.failures.push(error);
  }

  #valueOf(tag: string): string {
    return `${tag} `.padEnd(this.#valueBytes, "x");
  }

  #tagOf(value: string): string {
    const tag = value.split(" ", 1)[0] ?? "";
    if (value === this.#valueOf(tag)) return tag;
    this.#counts.wrong += 1;
    throw new WarrenError("DATA_CORRUPT", `a value that nobody wrote: "${value.slice(0, 60)}"`);
  }
}
