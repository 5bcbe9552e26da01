/**
 * The way to one peer: queues, and a connection that is made again whenever it breaks.
 *
 * Made for each peer that `setPeers` names; runs until it is stopped. It does not know incoming
 * streams. Invariant: nothing that was queued for one life of the peer reaches the next one.
 */
import { backoffDelayMs, type Log, type Prng, Waker, WarrenError } from "../../lib/mod.ts";
import type { MemberId, Message } from "../../raft/mod.ts";
import type { Channel } from "../../rpc/mod.ts";
import {
  Connection,
  type ConnectionContext,
  type LaneKind,
  type SendQueues,
} from "./connection.ts";
import { RefusedError } from "./hello.ts";
import { PeerStatus } from "./peer_status.ts";
import { SendQueue } from "./send_queue.ts";
import type { PeerAddress } from "./transport.ts";

/** What a link needs of its member. */
export interface LinkContext extends ConnectionContext {
  readonly prng: Prng;
  readonly log: Log;
  /** The peer said which life it is in. @throws WarrenError when that one is over */
  onIncarnation(peer: MemberId, incarnation: number): void;
  /** The peer's state changed, as the driver is told. */
  onStatus(peer: MemberId, what: "unreachable" | "connected"): void;
  /** The peer says that this member was removed. */
  onRemoved(by: MemberId): void;
}

/** The link to one peer. */
export class PeerLink {
  readonly peer: PeerAddress;
  readonly status: PeerStatus;
  readonly #context: LinkContext;
  readonly #queues: SendQueues;
  readonly #waker = new Waker();
  readonly #over = Promise.withResolvers<void>();
  #dialling: Connection | null = null;
  #up: Connection | null = null;
  #isStopped = false;
  /** What was logged last of this loss: a reason of the peer's, or "unreachable". */
  #lastFailure = "";

  /** Nothing is dialled before `run`. */
  constructor(context: LinkContext, peer: PeerAddress) {
    const { self, limits } = context;
    const { frameBytes } = limits;
    this.#context = context;
    this.peer = peer;
    this.status = new PeerStatus((what) => context.onStatus(peer.id, what));
    this.#queues = {
      control: new SendQueue(self.memberId, peer.id, {
        messages: limits.controlMessages,
        bytes: Infinity,
        frameBytes,
        drops: "oldest",
      }),
      append: new SendQueue(self.memberId, peer.id, {
        messages: limits.appendMessages,
        bytes: limits.appendBytes,
        frameBytes,
        drops: "newest",
      }),
    };
  }

  /** For snapshots and forwarded proposals; null while there is no connection. */
  get bulk(): Channel | null {
    return this.#up?.bulk ?? null;
  }

  /** Settles when `run` has returned. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Queues `message`; `flush` sends. */
  push(message: Message): void {
    const isBulk = message.kind === "append" || message.kind === "append.reply";
    if (!isBulk) {
      this.#queues.control.push(message);
      if (!this.#up) this.#queues.control.trim(this.#context.limits.controlMessagesDown);
    } else if (this.#up && !this.#queues.append.push(message)) this.status.begin("queue full");
  }

  /** Sends what `push` has queued, as far as the connection takes it. */
  flush(): void {
    for (const kind of ["control", "append"] as const) this.#pump(kind);
  }

  #pump(kind: LaneKind): void {
    if (this.#queues[kind].size > 0) this.#up?.pump(kind);
    if (kind === "append" && this.#queues.append.size === 0 && this.#up) {
      this.status.end("queue full");
    }
  }

  /** Tries again now if it was waiting: the peer has shown up. */
  wake(): void {
    this.#waker.wake();
  }

  /** The peer is in another life: forgets all that was meant for the former one. */
  restart(): void {
    this.#clear();
    this.#down(new WarrenError("NODE_UNREACHABLE", "the peer was restarted"));
  }

  /** Sends the rest, then ends the connection; `run` returns soon. */
  end(): void {
    this.#isStopped = true;
    this.#dialling?.break(stopped());
    this.#up?.end();
    this.#waker.wake();
  }

  /** Dials and dials again until ended, or aborted: then nothing more is sent. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => {
      this.#isStopped = true;
      this.#dialling?.break(stopped());
      this.#up?.break(stopped());
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { clock, limits, prng } = this.#context;
      for (let attempt = 0; !this.#isStopped && !signal.aborted; attempt++) {
        const sinceMs = clock.monoNow();
        await this.#attempt();
        const tookMs = clock.monoNow() - sinceMs;
        // What broke at once after it was made must not be made again at once for ever.
        if (tookMs > limits.reconnect.maxMs) attempt = 0;
        const delayMs = backoffDelayMs(limits.reconnect, attempt, prng.float()) - tookMs;
        if (!this.#isStopped) {
          await this.#waker.wait({ clock, delayMs: Math.max(delayMs, 5), signal });
        }
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#over.resolve();
    }
  }

  async #attempt(): Promise<void> {
    let connection: Connection | null = null;
    try {
      connection = new Connection(this.#context, this.peer, this.#queues);
      this.#dialling = connection;
      const incarnation = await connection.open();
      this.#context.onIncarnation(this.peer.id, incarnation);
      this.#up = connection;
      this.#connected();
      await connection.serve();
      this.#down(stopped());
    } catch (error) {
      const fault = WarrenError.from(error, "the connection failed");
      connection?.break(fault);
      this.#failed(fault);
    } finally {
      this.#dialling = null;
      await connection?.closed();
    }
  }

  #connected(): void {
    this.#dialling = null;
    this.#lastFailure = "";
    this.#context.log.info("peer connected", this.#fields);
    // That it answers says more than that it has not called again yet.
    for (const trouble of ["queue full", "caller gone"] as const) this.status.end(trouble);
    this.status.end("no connection");
  }

  #failed(error: WarrenError): void {
    this.#down(error);
    if (this.#isStopped) return;
    this.status.begin("no connection");
    const failure = error instanceof RefusedError ? error.refusal.reason : "unreachable";
    if (failure === "removed") this.#context.onRemoved(this.peer.id);
    if (failure === this.#lastFailure) return;
    this.#lastFailure = failure;
    this.#context.log.warn("peer unreachable", { ...this.#fields, error: error.message });
  }

  #down(why: WarrenError): void {
    if (this.#up === null) return;
    this.#up.break(why);
    this.#up = null;
    this.#clear();
    if (!this.#isStopped) this.status.begin("no connection");
  }

  #clear(): void {
    this.#queues.control.clear();
    this.#queues.append.clear();
  }

  get #fields() {
    return { peer: this.peer.id, address: this.peer.address };
  }
}

function stopped(): WarrenError {
  return new WarrenError("STOPPING", "the manager is stopping");
}
