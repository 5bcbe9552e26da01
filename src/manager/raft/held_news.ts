/**
 * Holds back appends that only say how far the log is committed: the next entries, if they come soon,
 * say it too.
 *
 * Used by the driver of a leader. A follower that hears it a moment later loses nothing: consensus
 * allows any delay, and whoever must know asks. Invariant: at most one is held for each member, and
 * none for longer than {@link HOLD_MS}.
 */
import type { CancelTimer, Clock } from "../../lib/mod.ts";
import type { MemberId, Message } from "../../raft/mod.ts";

/** About the time from a commit to the next proposal of a client that waits for it. */
export const HOLD_MS = 1;

/** Appends without entries, on their way. */
export class HeldNews {
  readonly #clock: Clock;
  readonly #send: (messages: readonly Message[]) => void;
  readonly #held = new Map<MemberId, Message>();
  #cancel: CancelTimer | null = null;

  /** `send` is given what was held, when its time is up. */
  constructor(clock: Clock, send: (messages: readonly Message[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** What of `messages` goes now. The rest is held, in the place of what was held before. */
  sift(messages: readonly Message[]): readonly Message[] {
    const now: Message[] = [];
    for (const message of messages) {
      if (message.kind === "append" && message.entries.length === 0) {
        this.#held.set(message.to, message);
      } else {
        // Says the same and more, in the same term or a later one.
        if (message.kind === "append") this.#held.delete(message.to);
        now.push(message);
      }
    }
    if (this.#held.size > 0) this.#cancel ??= this.#clock.after(HOLD_MS, () => this.#release());
    return now;
  }

  #release(): void {
    this.#cancel = null;
    const messages = [...this.#held.values()];
    this.#held.clear();
    if (messages.length > 0) this.#send(messages);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#cancel?.();
    this.#held.clear();
  }
}
