/**
 * One outgoing stream of messages: hello, then frames, with few of them under way.
 *
 * Made by the connection for each of its two streams. What piles up while frames are under way
 * goes into one frame, so the busier it is the better it batches. Invariant: frames leave in the
 * order of the queue, and at most `framesInFlight` are in the stream's own buffer.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { MeteredCall } from "../../rpc/mod.ts";
import type {
  ControlRequest,
  ControlResponse,
  PeerHello,
  PeerWelcome,
} from "../../rpc/gen/warren/v1/raft.ts";
import { RefusedError } from "./hello.ts";
import type { SendQueue } from "./send_queue.ts";

/** Checks without progress after which a stream is broken. */
const MAX_STALLED_CHECKS = 4;

/** A stream for frames; both kinds have the same messages. */
export type LaneCall = MeteredCall<ControlRequest, ControlResponse>;

/** One stream to one peer. */
export class Lane {
  readonly #call: LaneCall;
  readonly #queue: SendQueue;
  readonly #framesInFlight: number;
  readonly #answers: AsyncIterator<ControlResponse>;
  #inFlight = 0;
  #sent = 0;
  #acknowledged = 0;
  #stalledChecks = 0;
  #isEnding = false;
  #hasEnded = false;

  /** Nothing is sent before `greet`. */
  constructor(call: LaneCall, queue: SendQueue, framesInFlight: number) {
    this.#call = call;
    this.#queue = queue;
    this.#framesInFlight = framesInFlight;
    this.#answers = call.responses[Symbol.asyncIterator]();
  }

  /** Says hello. @throws RefusedError, or WarrenError when the peer cannot be reached */
  async greet(hello: PeerHello): Promise<PeerWelcome> {
    this.#call.send({ kind: { $case: "hello", value: hello } }, () => {});
    const { kind } = await this.#next() ?? {};
    if (kind?.$case === "refusal") throw new RefusedError(kind.value);
    if (kind?.$case === "welcome") return kind.value;
    throw new WarrenError("NODE_UNREACHABLE", "the peer did not answer the hello");
  }

  async #next(): Promise<ControlResponse | undefined> {
    const { done, value } = await this.#answers.next();
    return done ? undefined : value;
  }

  /** Sends what is queued, as far as there is room. */
  pump(): void {
    while (this.#inFlight < this.#framesInFlight) {
      const bytes = this.#queue.takeFrame();
      if (bytes === null) break;
      this.#inFlight += 1;
      this.#sent += 1;
      const value = Buffer.from(bytes.buffer);
      this.#call.send({ kind: { $case: "messages", value } }, this.#left);
    }
    if (!this.#isEnding || this.#hasEnded || this.#inFlight > 0) return;
    this.#hasEnded = true;
    this.#call.end();
  }

  readonly #left = (): void => {
    this.#inFlight -= 1;
    this.pump();
  };

  /** Takes acknowledgements until the peer ends the stream. @throws WarrenError when it breaks */
  async listen(): Promise<void> {
    for (let answer = await this.#next(); answer; answer = await this.#next()) {
      if (answer.kind?.$case !== "acknowledged") continue;
      this.#acknowledged = answer.kind.value;
      this.#stalledChecks = 0;
    }
  }

  /** To be called in a steady rhythm: whether acknowledgements are due and do not come. */
  checkStalled(): boolean {
    const isDue = this.#acknowledged < this.#sent;
    // Counted in checks, not in time: a pause of this process is no fault of the peer.
    this.#stalledChecks = isDue ? this.#stalledChecks + 1 : 0;
    return this.#stalledChecks === MAX_STALLED_CHECKS;
  }

  /** Sends the rest, then ends the stream; `listen` then returns. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.pump();
  }

  /** Gives the stream up at once. */
  cancel(): void {
    this.#call.cancel();
  }
}
