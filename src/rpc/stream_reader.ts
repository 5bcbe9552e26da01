/**
 * Reads a grpc-js object stream one message at a time, without ever destroying it.
 *
 * Used on both sides. The language's own `for await` over a stream destroys it when the loop is
 * left, and with a two-way stream that would also throw away the status that is still to be sent.
 * Nothing is read ahead beyond the stream's own small buffer, so a slow reader slows the sender.
 */
import type { Readable } from "node:stream";

/** How a stream ended: without an error, or with one. What arrived before is still read unless `now`. */
type End = { readonly error?: unknown; readonly now?: true };

/** The messages of one stream, in order. One reader at a time. */
export class StreamReader<Message> implements AsyncIterableIterator<Message, undefined> {
  readonly #stream: Readable;
  readonly #convert: (message: unknown) => Message;
  #end: End | undefined;
  #wake: (() => void) | undefined;

  /** Listens at once, so that no event is missed; `convert` may throw, and `next` then does. */
  constructor(stream: Readable, convert: (message: unknown) => Message) {
    this.#stream = stream;
    this.#convert = convert;
    stream.on("readable", () => this.#wake?.());
    stream.on("end", () => this.#finish({}));
    stream.on("error", (error) => this.#finish({ error }));
  }

  /** Ends the reader with `error`, whatever the stream still holds; later calls change nothing. */
  fail(error: unknown): void {
    this.#finish({ error, now: true });
  }

  #finish(end: End): void {
    if (this.#end && !end.now) return;
    this.#end ??= end;
    if (end.now) this.#end = { ...this.#end, now: true };
    this.#wake?.();
  }

  /** @throws whatever the stream ended with. */
  async next(): Promise<IteratorResult<Message, undefined>> {
    while (true) {
      const message: unknown = this.#end?.now ? null : this.#stream.read();
      if (message !== null) return { done: false, value: this.#convert(message) };
      if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }

  /** Ends the reader at once, also for a `next` that waits. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.#finish({ now: true });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
