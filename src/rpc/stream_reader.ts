/**
 * Reads a grpc-js object stream one message at a time, without ever destroying it.
 *
 * Used on both sides. The language's own `for await` over a stream destroys it when the loop is
 * left, and with a two-way stream that would also throw away the status that is still to be sent.
 * Nothing is read ahead beyond the stream's own small buffer, so a slow reader slows the sender.
 */
import type { Readable } from "node:stream";

/** How a stream ended: undefined is a good end. */
type End = { readonly error: unknown } | undefined;

/** The messages of one stream, in order. One reader at a time. */
export class StreamReader implements AsyncIterable<unknown> {
  readonly #stream: Readable;
  #ended = false;
  #end: End;
  #wake: (() => void) | undefined;

  /** Starts to listen at once, so that no event is missed. */
  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake?.());
    stream.on("end", () => this.#finish(undefined));
    stream.on("error", (error) => this.#finish({ error }));
  }

  /** Ends the reader with `error`, whatever the stream still holds; later calls change nothing. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  #finish(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end = end;
    this.#wake?.();
  }

  /** @throws whatever the stream ended with. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    while (true) {
      const message: unknown = this.#end ? null : this.#stream.read();
      if (message !== null) {
        yield message;
      } else if (this.#ended) {
        if (this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#wake = undefined;
      }
    }
  }
}
