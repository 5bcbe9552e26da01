/**
 * A client with the patience of a careful program: an operation is asked of one manager after the
 * other, under one request id, until somebody answers or its time is up.
 *
 * The load is made of these. What it reports tells a refusal (a definite answer) from a failure
 * (nobody knows). It changes nothing but through the API.
 */
import { type Reason, WarrenError } from "../../src/lib/mod.ts";
import { type Channel, openChannel, type RpcAddress } from "../../src/rpc/mod.ts";

/** How an operation ended. */
export type Outcome<T> =
  | {
    readonly kind: "done";
    readonly value: T;
    /** Start of the attempt that was answered, on the clock of `performance.now`. */
    readonly attemptMs: number;
  }
  | { readonly kind: "refused"; readonly reason: Reason; readonly attempts: number }
  | { readonly kind: "failed"; readonly error: string };

/** Patience of one operation. */
export interface Patience {
  /** For one manager's answer, in milliseconds. */
  readonly attemptMs: number;
  /** For the operation as a whole. */
  readonly totalMs: number;
}

/** What one attempt is given. */
export interface Attempt {
  readonly channel: Channel;
  readonly options: { readonly timeoutMs: number; readonly requestId: string };
}

/** Answers that no other manager would change. */
const DEFINITE: ReadonlySet<Reason> = new Set<Reason>([
  "CONFIG_NAME_TAKEN",
  "CONFIG_NOT_FOUND",
  "INVALID_SPEC",
]);
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 50;
/** Between two dials of a manager that is down, in milliseconds. */
export const LAST_BACKOFF_MS = 50;

/** Connections to every manager, shared by all operations. */
export class Caller implements AsyncDisposable {
  readonly #channels: readonly Channel[];
  /** How often each error was met, to see later what clients were told. */
  readonly errors = new Map<string, number>();
  #next = 0;

  constructor(addresses: readonly RpcAddress[]) {
    this.#channels = addresses.map((address) =>
      openChannel(address, { lastBackoffMs: LAST_BACKOFF_MS })
    );
  }

  /** Carries out one operation, at each manager in turn; each operation begins with the next one. */
  async run<T>(
    once: (attempt: Attempt) => Promise<T>,
    patience: Patience,
  ): Promise<Outcome<T>> {
    const first = this.#next++;
    const requestId = crypto.randomUUID();
    const endMs = performance.now() + patience.totalMs;
    for (let attempts = 1;; attempts++) {
      const channel = this.#channels[(first + attempts - 1) % this.#channels.length];
      if (!channel) throw new Error("a caller needs a manager");
      const attemptMs = performance.now();
      const timeoutMs = Math.max(1, Math.min(patience.attemptMs, endMs - attemptMs));
      try {
        const value = await once({ channel, options: { timeoutMs, requestId } });
        return { kind: "done", value, attemptMs };
      } catch (error) {
        const { reason, message } = WarrenError.from(error, "the call");
        const kind = reason === "UNKNOWN_FAULT" ? `${reason} "${message}"` : reason;
        this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
        if (DEFINITE.has(reason)) return { kind: "refused", reason, attempts };
        const pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * attempts);
        if (performance.now() + pauseMs >= endMs) {
          return { kind: "failed", error: `${reason}: ${message}` };
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.abandon()));
  }
}
