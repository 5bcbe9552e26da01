/**
 * Gathers what one turn has to say to another thread into one message.
 *
 * Used by both ends of the Raft Worker: a message between threads costs as much as the work it
 * carries, and a commit answers many proposals at once. Invariant: everything arrives in its order.
 */

/** Messages of one turn. */
export class TurnOutbox<T> {
  readonly #send: (messages: readonly T[]) => void;
  #messages: T[] = [];

  /** `send` is given everything of a turn when it ends; never nothing. */
  constructor(send: (messages: readonly T[]) => void) {
    this.#send = send;
  }

  push(message: T): void {
    this.#messages.push(message);
    if (this.#messages.length === 1) queueMicrotask(() => this.flush());
  }

  /** Sends what there is now, so that something may follow by another way. */
  flush(): void {
    const messages = this.#messages;
    if (messages.length === 0) return;
    this.#messages = [];
    this.#send(messages);
  }
}
