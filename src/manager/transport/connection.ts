/**
 * One life of the connection to a peer: two channels, two streams of messages, all or nothing.
 *
 * Made by the link for each attempt, so nothing of an attempt outlives it. Control has a TCP
 * connection of its own, or heartbeats would wait behind entries and snapshots (rule G3).
 * Invariant: when one of the streams ends, the whole connection does.
 */
import { type Clock, WarrenError } from "../../lib/mod.ts";
import { type Channel, openChannel, parseAddress } from "../../rpc/mod.ts";
import { RaftServiceService } from "../../rpc/gen/warren/v1/raft.ts";
import { checkWelcome, helloTo, RefusedError } from "./hello.ts";
import { Lane } from "./lane.ts";
import type { TransportLimits } from "./limits.ts";
import type { SendQueue } from "./send_queue.ts";
import type { PeerAddress, SelfIdentity } from "./transport.ts";

/** The two kinds of traffic. */
export type LaneKind = "control" | "append";

/** What waits for a peer, by kind. */
export type SendQueues = Readonly<Record<LaneKind, SendQueue>>;

/** What a connection needs of its member. */
export interface ConnectionContext {
  readonly self: SelfIdentity;
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

/** A connection that is being made, or is up, or is over. */
export class Connection {
  /** For appends, snapshots and forwarded proposals. */
  readonly bulk: Channel;
  readonly #control: Channel;
  readonly #lanes: Readonly<Record<LaneKind, Lane>>;
  readonly #context: ConnectionContext;
  readonly #peer: PeerAddress;
  #fault: WarrenError | null = null;
  #isEnding = false;
  #closed: Promise<unknown> = Promise.resolve();

  /** Dials at once. @throws WarrenError USAGE for an address of no known form */
  constructor(context: ConnectionContext, peer: PeerAddress, queues: SendQueues) {
    const address = parseAddress(peer.address);
    const { framesInFlight } = context.limits;
    this.#context = context;
    this.#peer = peer;
    this.#control = openChannel(address, { isAlone: true });
    this.bulk = openChannel(address, { isAlone: true });
    const { control, append } = RaftServiceService;
    this.#lanes = {
      control: new Lane(this.#control.bidi(control), queues.control, framesInFlight),
      append: new Lane(this.bulk.bidi(append), queues.append, framesInFlight),
    };
  }

  /**
   * Says hello on both streams and answers with the peer's incarnation.
   *
   * @throws RefusedError, or WarrenError when the peer cannot be reached in time
   */
  async open(): Promise<number> {
    const { self, clock, limits } = this.#context;
    const cancel = clock.after(limits.helloTimeoutMs, () => {
      this.break(unreachable(`no answer within ${limits.helloTimeoutMs} ms`));
    });
    try {
      const hello = helloTo(self, this.#peer.id);
      const lanes = Object.values(this.#lanes);
      const welcomes = await Promise.all(lanes.map((lane) => lane.greet(hello)));
      const incarnations = new Set<number>();
      for (const welcome of welcomes) {
        checkWelcome(welcome, self, this.#peer.id);
        incarnations.add(welcome.incarnation);
      }
      if (incarnations.size > 1) throw unreachable("it was restarted meanwhile");
      return Math.max(...incarnations);
    } catch (error) {
      throw error instanceof RefusedError ? error : this.#fault ?? error;
    } finally {
      cancel();
    }
  }

  /** Sends until the connection is over. @throws WarrenError unless it was ended by `end` */
  async serve(): Promise<void> {
    const lanes = Object.values(this.#lanes);
    for (const lane of lanes) lane.pump();
    const stopChecking = this.#checkStalls();
    try {
      const listening = lanes.map((lane) => lane.listen());
      await Promise.race(listening);
      if (!this.#isEnding) throw unreachable("it closed the connection");
      await Promise.all(listening);
    } catch (error) {
      throw this.#fault ?? error;
    } finally {
      stopChecking();
      this.break(unreachable("the connection is over"));
    }
  }

  #checkStalls(): () => void {
    const { clock, limits } = this.#context;
    const everyMs = Math.max(1, limits.ackTimeoutMs / 4);
    const check = () => {
      cancel = clock.after(everyMs, check);
      const isStalled = Object.values(this.#lanes).some((lane) => lane.checkStalled());
      if (isStalled) this.break(unreachable(`silent for ${limits.ackTimeoutMs} ms`));
    };
    let cancel = clock.after(everyMs, check);
    return () => cancel();
  }

  /** Sends what was queued. */
  pump(kind: LaneKind): void {
    this.#lanes[kind].pump();
  }

  /** Sends what is queued, then ends; `serve` returns when the peer has taken all of it. */
  end(): void {
    this.#isEnding = true;
    for (const lane of Object.values(this.#lanes)) lane.end();
  }

  /** Gives up at once; `open` and `serve` throw `fault`, unless something else came first. */
  break(fault: WarrenError): void {
    if (this.#fault) return;
    this.#fault = fault;
    for (const lane of Object.values(this.#lanes)) lane.cancel();
    this.#closed = Promise.all([this.#control.abandon(), this.bulk.abandon()]);
  }

  /** After `break`: settles when nothing is left. */
  async closed(): Promise<void> {
    await this.#closed;
  }
}

function unreachable(why: string): WarrenError {
  return new WarrenError("NODE_UNREACHABLE", why);
}
