/**
 * What waits to be sent on one stream of one peer, bounded, and cut into frames.
 *
 * Filled by `send`, emptied by the stream's pump. Pure. Invariant: at most the limits of
 * `limits.ts` are held; control and appends wait apart, so neither displaces the other.
 */
import { MessageFrame, roughBytes } from "../codec/message.ts";
import type { MemberId, Message } from "../../raft/mod.ts";

/** Bounds of one queue. */
export interface QueueBounds {
  readonly messages: number;
  /** By rough size; at least one message is always held. */
  readonly bytes: number;
  readonly frameBytes: number;
  /** Who goes when it is full. */
  readonly drops: "oldest" | "newest";
}

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
}

/** The queue of one stream. */
export class SendQueue {
  readonly #bounds: QueueBounds;
  readonly #frame: MessageFrame;
  #waiting: Waiting[] = [];
  #bytes = 0;

  /** For what `from` says to `to`. */
  constructor(from: MemberId, to: MemberId, bounds: QueueBounds) {
    this.#bounds = bounds;
    this.#frame = new MessageFrame(from, to);
  }

  /** Messages that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Adds `message`; false when one was dropped for want of room. */
  push(message: Message): boolean {
    const bytes = roughBytes(message);
    const isFull = this.#waiting.length > 0 &&
      (this.#waiting.length >= this.#bounds.messages || this.#bytes + bytes > this.#bounds.bytes);
    if (isFull && this.#bounds.drops === "newest") return false;
    if (isFull) this.trim(this.#bounds.messages - 1);
    this.#waiting.push({ message, bytes });
    this.#bytes += bytes;
    return !isFull;
  }

  /** Keeps the newest `count` only. */
  trim(count: number): void {
    const gone = this.#waiting.splice(0, Math.max(0, this.#waiting.length - count));
    for (const { bytes } of gone) this.#bytes -= bytes;
  }

  /** Forgets everything. */
  clear(): void {
    this.trim(0);
  }

  /** The next frame: all that waits, up to the size of a frame; null when nothing does. */
  takeFrame(): Uint8Array<ArrayBuffer> | null {
    if (this.#waiting.length === 0) return null;
    let count = 0;
    for (const { message, bytes } of this.#waiting) {
      if (count > 0 && this.#frame.length + bytes > this.#bounds.frameBytes) break;
      this.#frame.add(message);
      this.#bytes -= bytes;
      count += 1;
    }
    this.#waiting = this.#waiting.slice(count);
    return this.#frame.take();
  }
}
