/**
 * The one way to start background work: named, abortable, awaited at stop.
 *
 * A failing member is reported to the sink and does not stop the others; whoever owns the group
 * decides what a failure means. No promise is left floating.
 */

/** Told about a member that ended by an exception other than the group's own abort. */
export type ErrorSink = (name: string, error: unknown) => void;

/** Background work of one owner. `await using` stops it. */
export class TaskGroup implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #onError: ErrorSink;

  /** `onError` is called at most once per member. */
  constructor(onError: ErrorSink) {
    this.#onError = onError;
  }

  /** Aborted when the group stops. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Members that have not ended. */
  get size(): number {
    return this.#running.size;
  }

  /** Starts `work`; it gets the group's signal and must end soon after it aborts. */
  run(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    const member = (async () => {
      try {
        await work(this.#abort.signal);
      } catch (error) {
        if (!this.#abort.signal.aborted) this.#onError(name, error);
      }
    })();
    this.#running.add(member);
    void member.finally(() => this.#running.delete(member));
  }

  /** Aborts the signal and waits until every member ended. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new DOMException("stopped", "AbortError"));
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
