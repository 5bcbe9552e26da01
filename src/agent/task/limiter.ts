/**
 * Lets a bounded number of engine calls run at a time; the others wait in their order.
 *
 * The queue is bounded by the number of tasks, each of which has one step at a time.
 */

/** A counting gate. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** At most `limit` at a time. */
  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs `work` when there is room. Aborting while waiting rejects with the signal's reason. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
