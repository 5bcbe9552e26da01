/**
 * What a manager runs only while it leads: made in order when it wins, ended in reverse when it
 * loses, one step after another however fast the two follow each other.
 *
 * Driven by the callbacks of consensus; it knows nothing of what the parts do. Call `gain` only when
 * everything of earlier terms is applied here. Invariant: a part is started only after all parts of
 * the former leadership have ended, so no two sets of parts ever run at the same time.
 */
import { type Log, TaskGroup, WarrenError } from "../lib/mod.ts";

/** The leadership that a part belongs to. */
export interface LeaderTurn {
  readonly term: number;
  /** Aborted when the leadership is lost, also while the part is still starting. */
  readonly signal: AbortSignal;
}

/** One thing that only a leader runs. */
export interface LeaderPart {
  readonly name: string;
  /** Starts it; disposing what it gives must end promptly. */
  start(turn: LeaderTurn): AsyncDisposable | Promise<AsyncDisposable>;
}

/** What a leadership works with. */
export interface LeadershipParts {
  /** Started in this order. */
  readonly parts: readonly LeaderPart[];
  readonly log: Log;
  /** A part could not start: this manager should not lead. Nothing is tried again in this term. */
  readonly onFault: (fault: WarrenError) => void;
}

interface Running {
  readonly name: string;
  readonly held: AsyncDisposable;
}

/** Starts and ends the parts of a leader. Disposing it loses the leadership for good. */
export class Leadership implements AsyncDisposable {
  readonly #parts: LeadershipParts;
  readonly #running: Running[] = [];
  readonly #group: TaskGroup;
  #turn: { readonly term: number; readonly abort: AbortController } | null = null;
  /** The turn whose parts run, or could not all start; null when none run. */
  #madeFor: object | null = null;
  #isMoving = false;
  #hasStopped = false;
  #idle = Promise.resolve();

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
    this.#group = new TaskGroup((name, error) => {
      parts.log.error("background work failed", { component: name, error: String(error) });
    });
  }

  /** Whether every part runs. */
  get isComplete(): boolean {
    return this.#turn !== null && this.#running.length === this.#parts.parts.length;
  }

  /** Settles when what was gained or lost so far has been carried out. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  /** This manager leads in `term`; again with the same term changes nothing. */
  gain(term: number): void {
    if (this.#hasStopped || this.#turn?.term === term) return;
    this.#turn?.abort.abort(lost());
    this.#turn = { term, abort: new AbortController() };
    this.#maybeMove();
  }

  /** It leads no more; idempotent. */
  lose(): void {
    this.#turn?.abort.abort(lost());
    this.#turn = null;
    this.#maybeMove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasStopped = true;
    this.lose();
    await this.#idle;
    await this.#group.stop();
  }

  /** One line, for tests and logs. */
  describe(): string {
    const names = this.#running.map(({ name }) => name).join(",");
    return `term=${this.#turn?.term ?? "-"} running=[${names}]`;
  }

  #maybeMove(): void {
    if (this.#isMoving || this.#turn === this.#madeFor) return;
    this.#isMoving = true;
    const moved = Promise.withResolvers<void>();
    this.#idle = moved.promise;
    this.#group.run("leadership", async () => {
      try {
        while (this.#turn !== this.#madeFor) await this.#move();
      } finally {
        this.#isMoving = false;
        moved.resolve();
      }
    });
  }

  /** One whole step from one leadership, or none, to the one that is wanted now. */
  async #move(): Promise<void> {
    await this.#end();
    const turn = this.#turn;
    this.#madeFor = turn;
    if (!turn) return;
    const { signal } = turn.abort;
    try {
      for (const part of this.#parts.parts) {
        if (signal.aborted) return;
        const held = await part.start({ term: turn.term, signal });
        this.#running.push({ name: part.name, held });
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const fault = WarrenError.from(thrown, "Cannot take up the work of a leader");
      await this.#end();
      this.#parts.onFault(fault);
    }
  }

  /** What cannot be ended well is recorded, and the parts below it are ended all the same. */
  async #end(): Promise<void> {
    for (let part = this.#running.pop(); part; part = this.#running.pop()) {
      try {
        await part.held[Symbol.asyncDispose]();
      } catch (thrown) {
        const { message } = WarrenError.from(thrown, "Cannot end a part of the leader");
        this.#parts.log.error("a part of the leader did not end well", {
          component: part.name,
          error: message,
        });
      }
    }
  }
}

function lost(): WarrenError {
  return new WarrenError("NO_LEADER", "This manager does not lead any more");
}
