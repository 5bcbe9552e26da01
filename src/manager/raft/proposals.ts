/**
 * Changes on their way into the log, seen from the main thread: bounded, and tried again where that is safe.
 *
 * Owned by `RaftNode`. A change that surely was not taken is proposed again when there is news of a
 * leader; one whose outcome is unknown only if it carries a request id, by which it is applied once.
 */
import { type Clock, WarrenError } from "../../lib/mod.ts";
import type { Applied } from "../../store/mod.ts";
import { orAborted } from "../abortable.ts";
import type { Outcomes } from "./outcomes.ts";
import type { ProposalOutcome, ProposalRequest } from "./protocol.ts";

/** Bounds of what waits for an answer. */
export const PROPOSAL_LIMITS = {
  proposals: 4_096,
  bytes: 64 * 1024 * 1024,
  proposalBytes: 4 * 1024 * 1024,
} as const;
/** Patience with a cluster without a leader, in milliseconds. */
export const PROPOSE_LIMIT_MS = 10_000;

/** How an entry is proposed. */
export interface EntryOptions {
  /** Ends the waiting, not the proposal. */
  readonly signal?: AbortSignal;
  /** Only while this member leads in this term; null for whoever leads. */
  readonly term: number | null;
  /** It carries a request id: proposed twice, it is applied once. */
  readonly mayRepeat: boolean;
}

/** What proposals need. */
export interface ProposalParts {
  readonly clock: Clock;
  readonly outcomes: Outcomes;
  /** Hands proposals to consensus. */
  readonly send: (proposals: readonly ProposalRequest[]) => void;
  /** One was committed after so many seconds. */
  readonly onCommitted: (seconds: number) => void;
  /** Settles when there is news of a leader, or after a moment. */
  readonly anotherLeader: (signal?: AbortSignal) => Promise<void>;
}

/** Proposals of one member. */
export class Proposals {
  readonly #parts: ProposalParts;
  readonly #waiting = new Map<number, (outcome: ProposalOutcome) => void>();
  #outbox: ProposalRequest[] = [];
  #bytes = 0;
  #count = 0;
  #nextId = 1;
  #refusal: WarrenError | null = null;

  constructor(parts: ProposalParts) {
    this.#parts = parts;
  }

  /**
   * Proposes `data`; answers once it is committed and applied here.
   *
   * @throws WarrenError PROPOSAL_TOO_LARGE, TOO_MANY, NO_LEADER, UNKNOWN_OUTCOME, STOPPING
   */
  async propose(data: Uint8Array, options: EntryOptions): Promise<Applied> {
    this.#refuseExcess(data.length);
    this.#bytes += data.length;
    this.#count += 1;
    try {
      return await this.#untilApplied(data, options);
    } finally {
      this.#bytes -= data.length;
      this.#count -= 1;
    }
  }

  /** What became of the proposal `id`. */
  ended(id: number, outcome: ProposalOutcome): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(outcome);
  }

  /** Takes no more; what waits goes on. */
  refuseMore(): void {
    this.#refusal ??= new WarrenError(
      "STOPPING",
      "Cannot propose the change: this manager is stopping",
    );
  }

  /** Nothing is answered any more: whoever waits is told that the outcome is unknown. */
  end(error: WarrenError): void {
    this.#refusal = error;
    const info = error.toInfo();
    for (const settle of this.#waiting.values()) settle({ kind: "unknown", error: info });
    this.#waiting.clear();
  }

  async #untilApplied(data: Uint8Array, options: EntryOptions): Promise<Applied> {
    const { clock, onCommitted, anotherLeader } = this.#parts;
    const { signal, term, mayRepeat } = options;
    const startMs = clock.monoNow();
    for (;;) {
      const outcome = await unlessAborted(this.#attempt(data, term), signal);
      if (outcome.kind === "committed") {
        onCommitted((clock.monoNow() - startMs) / 1_000);
        const applied = await unlessAborted(this.#answerOf(outcome, mayRepeat), signal);
        if (applied) return applied;
      } else {
        const error = WarrenError.fromInfo(outcome.error);
        const isFinal = outcome.kind === "unknown" ? !mayRepeat : error.reason !== "NO_LEADER";
        const isLate = clock.monoNow() - startMs >= PROPOSE_LIMIT_MS;
        if (isFinal || isLate || term !== null || this.#refusal) throw error;
      }
      await anotherLeader(signal);
    }
  }

  /** Null when it may be asked for again. */
  async #answerOf(
    { index, term }: { readonly index: number; readonly term: number },
    mayRepeat: boolean,
  ): Promise<Applied | null> {
    try {
      return await this.#parts.outcomes.of(index, term);
    } catch (error) {
      if (this.#refusal || !mayRepeat) throw error;
      return null;
    }
  }

  #attempt(data: Uint8Array, term: number | null): Promise<ProposalOutcome> {
    return new Promise((resolve) => {
      if (this.#refusal) return resolve({ kind: "not taken", error: this.#refusal.toInfo() });
      const id = this.#nextId++;
      this.#waiting.set(id, resolve);
      this.#outbox.push({ id, data, term });
      // Everything that is proposed in one turn goes to the Worker in one message.
      if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  #flush(): void {
    const proposals = this.#outbox;
    this.#outbox = [];
    this.#parts.send(proposals);
  }

  #refuseExcess(length: number): void {
    if (this.#refusal) throw this.#refusal;
    const { proposals, bytes, proposalBytes } = PROPOSAL_LIMITS;
    if (length > proposalBytes) {
      const what = `it has ${length} bytes, more than ${proposalBytes}`;
      throw new WarrenError("PROPOSAL_TOO_LARGE", `Cannot propose the change: ${what}`);
    }
    if (this.#count < proposals && this.#bytes + length <= bytes) return;
    throw new WarrenError("TOO_MANY", `Cannot propose the change: ${this.#count} others wait`);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal ? orAborted(work, signal) : work;
}
