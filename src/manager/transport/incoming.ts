/**
 * The streams that others have opened to this member: hello, then their messages, in order.
 *
 * Served by the transport's server. A stream that the same caller opens again replaces the earlier
 * one. Invariant: once a stream was closed here, nothing more of it is delivered; a malformed frame
 * closes its stream and nothing else.
 */
import { type Clock, type Log, WarrenError } from "../../lib/mod.ts";
import { isWellFormed, type MemberId, type Message } from "../../raft/mod.ts";
import type { StreamCall } from "../../rpc/mod.ts";
import type {
  ControlRequest,
  ControlResponse,
  PeerHello,
  SnapshotRequest,
} from "../../rpc/gen/warren/v1/raft.ts";
import { decodeMessages } from "../codec/message.ts";
import { refusalOf, type RefusalReason, welcomeOf } from "./hello.ts";
import type { LaneKind } from "./connection.ts";
import type { TransportLimits } from "./limits.ts";
import type { SelfIdentity } from "./transport.ts";

/** What is served to a peer, at most one of each. */
export type SlotKind = LaneKind | "snapshot";

/** What incoming streams need of their member. */
export interface IncomingContext {
  readonly self: () => SelfIdentity;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes note of the caller, its life included; null when it is accepted. */
  judge(hello: PeerHello): RefusalReason | null;
  /** The caller is accepted and its stream is open. */
  onOpen(kind: SlotKind, hello: PeerHello): void;
  /** A stream ended that no other has replaced. */
  onClose(kind: SlotKind, caller: MemberId): void;
  onMessages(messages: readonly Message[]): void;
}

/** One stream being served. */
export interface Slot {
  readonly caller: MemberId;
  readonly isOpen: boolean;
  /** Settles when the stream that this one has replaced, if any, has cleaned up. */
  readonly after: Promise<void>;
}

interface OpenSlot extends Slot {
  isOpen: boolean;
  readonly over: Promise<void>;
  readonly close: () => void;
  readonly finish: () => void;
}

/** The incoming streams of one member. */
export class Incoming {
  readonly #context: IncomingContext;
  readonly #slots = new Map<string, OpenSlot>();

  constructor(context: IncomingContext) {
    this.#context = context;
  }

  /** Closes what `caller` has open: it is in another life, or no peer any more. */
  closeAll(caller: MemberId): void {
    for (const kind of ["control", "append", "snapshot"] as const) {
      this.#slots.get(slotKey(kind, caller))?.close();
    }
  }

  /** Whether `caller` has a stream for control messages open. */
  hasControl(caller: MemberId): boolean {
    return this.#slots.has(slotKey("control", caller));
  }

  /** Serves a stream of messages until it ends. @throws WarrenError BAD_REQUEST when it is malformed */
  async messages(
    kind: LaneKind,
    requests: AsyncIterable<ControlRequest>,
    call: StreamCall<ControlResponse>,
  ): Promise<void> {
    const stream = requests[Symbol.asyncIterator]();
    const slot = await this.greet(kind, stream, (answer) => call.write({ kind: answer }));
    if (slot === null) return;
    const acks = new Acknowledger(this.#context, (count) => {
      return call.write({ kind: { $case: "acknowledged", value: count } });
    });
    try {
      for (let frame = await nextOf(stream); frame; frame = await nextOf(stream)) {
        if (!slot.isOpen) break;
        if (frame.kind?.$case !== "messages") throw malformed("a frame without messages");
        this.#context.onMessages(this.#read(kind, slot, frame.kind.value));
        acks.arrived();
      }
    } finally {
      acks.stop();
      this.release(kind, slot);
    }
  }

  #read(kind: LaneKind, { caller }: Slot, bytes: Uint8Array): readonly Message[] {
    try {
      const messages = decodeMessages(bytes);
      for (const message of messages) {
        this.check(message, caller);
        const isBulk = message.kind === "append" || message.kind === "append.reply";
        const isRight = message.kind !== "snapshot" && isBulk === (kind === "append");
        if (!isRight) throw malformed(`"${message.kind}" on the ${kind} stream`);
      }
      return messages;
    } catch (error) {
      const fault = malformed(error instanceof Error ? error.message : String(error));
      this.#context.log.error("malformed frame", { peer: caller, kind, error: fault.message });
      throw fault;
    }
  }

  /** @throws WarrenError BAD_REQUEST unless `message` makes sense and is from `caller` to this member */
  check(message: Message, caller: MemberId): void {
    const self = this.#context.self();
    if (message.from !== caller) throw malformed(`a message of "${message.from}"`);
    if (message.to !== self.memberId) throw malformed(`a message to "${message.to}"`);
    if (!isWellFormed(message)) throw malformed(`a "${message.kind}" that makes no sense`);
  }

  /** Answers the hello that a stream begins with; null when the caller was refused. */
  async greet(
    kind: SlotKind,
    stream: AsyncIterator<ControlRequest | SnapshotRequest>,
    answer: (
      kind: Extract<ControlResponse["kind"], { $case: "welcome" | "refusal" }>,
    ) => Promise<void>,
  ): Promise<OpenSlot | null> {
    const { clock, limits } = this.#context;
    const self = this.#context.self();
    const close = () => void stream.return?.();
    const cancel = clock.after(limits.helloTimeoutMs, close);
    const first = await nextOf(stream).finally(cancel);
    if (first?.kind?.$case !== "hello") {
      throw malformed("a stream that does not begin with a hello");
    }
    const hello = first.kind.value;
    const refusal = this.#context.judge(hello);
    if (refusal !== null) {
      await answer({ $case: "refusal", value: refusalOf(self, hello, refusal) });
      return null;
    }
    const slot = this.#open(kind, hello, close);
    try {
      await answer({ $case: "welcome", value: welcomeOf(self) });
    } catch (error) {
      this.release(kind, slot);
      throw error;
    }
    return slot;
  }

  #open(kind: SlotKind, hello: PeerHello, close: () => void): OpenSlot {
    const { promise, resolve } = Promise.withResolvers<void>();
    const key = slotKey(kind, hello.memberId);
    const before = this.#slots.get(key);
    const slot: OpenSlot = {
      caller: hello.memberId,
      isOpen: true,
      after: before?.over ?? Promise.resolve(),
      over: promise,
      finish: resolve,
      close: () => {
        slot.isOpen = false;
        close();
      },
    };
    before?.close();
    this.#slots.set(key, slot);
    this.#context.onOpen(kind, hello);
    return slot;
  }

  /** The stream is over. Nobody is told when another one has replaced it. */
  release(kind: SlotKind, slot: OpenSlot): void {
    const key = slotKey(kind, slot.caller);
    slot.isOpen = false;
    slot.finish();
    if (this.#slots.get(key) !== slot) return;
    this.#slots.delete(key);
    this.#context.onClose(kind, slot.caller);
  }
}

/** Says how many frames have come, soon after the first that was not yet told. */
class Acknowledger {
  readonly #context: IncomingContext;
  readonly #tell: (count: number) => Promise<void>;
  #count = 0;
  #cancel: (() => void) | null = null;

  constructor(context: IncomingContext, tell: (count: number) => Promise<void>) {
    this.#context = context;
    this.#tell = tell;
  }

  arrived(): void {
    this.#count += 1;
    this.#cancel ??= this.#context.clock.after(this.#context.limits.ackDelayMs, () => {
      this.#cancel = null;
      // A stream that cannot be written to ends in its reading loop too, which reports it.
      this.#tell(this.#count).catch(() => this.stop());
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

function slotKey(kind: SlotKind, caller: MemberId): string {
  return `${kind} ${caller}`;
}

/** The next message of a stream; undefined at its end. */
export async function nextOf<T>(stream: AsyncIterator<T>): Promise<T | undefined> {
  const { done, value } = await stream.next();
  return done ? undefined : value;
}

/** What is wrong with what a peer has sent. */
export function malformed(why: string): WarrenError {
  return new WarrenError("BAD_REQUEST", `cannot take what the peer sent: ${why}`);
}
