/**
 * A first-in first-out queue with a bound and an async reader.
 *
 * `push` never waits: at the bound it refuses, and the caller decides (reject, drop, push back).
 * One reader at a time; `close` ends the reader after what is queued.
 */

/** Bounded queue between one synchronous producer side and one asynchronous consumer. */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #limit: number;
  #head = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  /** `limit` is the largest number of items held. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Items waiting. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds `item`; false when the queue is full or closed, and then nothing changed. */
  push(item: T): boolean {
    if (this.#closed || this.size >= this.#limit) return false;
    this.#items.push(item);
    this.#wake?.();
    return true;
  }

  /** Takes the oldest item without waiting. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Ends the queue; the reader still gets what is queued. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      while (this.size > 0) yield this.shift() as T;
      if (this.#closed) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }
}
