/**
 * Writes to a grpc-js object stream with backpressure: `write` settles when there is room.
 *
 * Used on both sides. A writer that does not wait is refused once a bounded number of messages is
 * queued, so a slow reader can never make the sender's memory grow.
 */
import type { Writable } from "node:stream";
import { WarrenError } from "../lib/mod.ts";

/** Messages that may be queued by writers that do not wait. */
const MAX_QUEUED = 1_024;

/** Turns writes into promises. */
export class StreamWriter<Message> {
  readonly #stream: Writable;
  readonly #signal: AbortSignal;
  #room: Promise<void> | undefined;

  /** Waiting writes reject with the signal's reason once it is aborted. */
  constructor(stream: Writable, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  /** @throws the signal's reason; WarrenError TOO_MANY when too much is queued. */
  async write(message: Message): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#stream.writableLength >= MAX_QUEUED) {
      throw new WarrenError("TOO_MANY", "cannot send: the other side reads too slowly");
    }
    if (this.#stream.write(message)) return;
    await (this.#room ??= this.#nextRoom());
  }

  #nextRoom(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        this.#room = undefined;
        this.#stream.removeListener("drain", onDrain);
        this.#signal.removeEventListener("abort", onAbort);
        done();
      };
      const onDrain = () => settle(resolve);
      const onAbort = () => settle(() => reject(this.#signal.reason));
      this.#stream.once("drain", onDrain);
      this.#signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
