/**
 * The sending end of a snapshot: a window of chunks, paced, from where the receiver says.
 *
 * Called by the transport for each transfer. It tries once; the driver decides about another time.
 * Invariant: at most `chunkWindow` chunks are unacknowledged, and none is read ahead of that.
 */
import { crc32 } from "node:zlib";
import { type Clock, sleep, WarrenError } from "../../lib/mod.ts";
import type { Channel, MeteredCall } from "../../rpc/mod.ts";
import {
  RaftServiceService,
  type SnapshotRequest,
  type SnapshotResponse,
} from "../../rpc/gen/warren/v1/raft.ts";
import { encodeMessage } from "../codec/message.ts";
import { checkWelcome, helloTo, RefusedError } from "./hello.ts";
import type { TransportLimits } from "./limits.ts";
import type { SelfIdentity, SnapshotMessage, SnapshotSource } from "./transport.ts";

type Call = MeteredCall<SnapshotRequest, SnapshotResponse>;
type Answers = AsyncIterator<SnapshotResponse>;

/** What a transfer needs of its member. */
export interface SendContext {
  readonly self: SelfIdentity;
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

/** What is sent. */
export interface Outgoing {
  readonly message: SnapshotMessage;
  readonly source: SnapshotSource;
}

/** Sends it; see `Transport.sendSnapshot` for the errors. */
export async function sendSnapshot(
  context: SendContext,
  bulk: Channel,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<void> {
  const call = bulk.bidi(RaftServiceService.snapshot, { signal });
  const answers = call.responses[Symbol.asyncIterator]();
  try {
    await greet(context, call, answers, outgoing);
    const offset = await offer(call, answers, outgoing);
    await new Chunks(context, call, answers, outgoing.source).send(offset, signal);
    call.send({ kind: { $case: "end", value: {} } }, () => {});
    call.end();
    await awaitResult(answers);
  } catch (error) {
    throw asFailure(error, outgoing, signal);
  } finally {
    call.cancel();
    await answers.return?.();
  }
}

async function greet(
  { self }: SendContext,
  call: Call,
  answers: Answers,
  { message }: Outgoing,
): Promise<void> {
  call.send({ kind: { $case: "hello", value: helloTo(self, message.to) } }, () => {});
  const kind = await nextKind(answers);
  if (kind.$case === "refusal") throw new RefusedError(kind.value);
  if (kind.$case !== "welcome") throw refused(`"${kind.$case}" instead of a welcome`);
  checkWelcome(kind.value, self, message.to);
}

async function offer(call: Call, answers: Answers, { message, source }: Outgoing): Promise<number> {
  const { digest, sizeBytes } = source;
  const value = { message: Buffer.from(encodeMessage(message).buffer), digest, sizeBytes };
  call.send({ kind: { $case: "offer", value } }, () => {});
  const kind = await nextKind(answers);
  if (kind.$case !== "decision") throw refused(`"${kind.$case}" instead of a decision`);
  if (!kind.value.isWanted) throw refused("the peer does not want it");
  if (kind.value.offset > sizeBytes) throw refused(`the peer wants byte ${kind.value.offset}`);
  return kind.value.offset;
}

async function awaitResult(answers: Answers): Promise<void> {
  const kind = await nextKind(answers);
  if (kind.$case !== "result") throw refused(`"${kind.$case}" instead of a result`);
  if (!kind.value.isOk) throw refused(kind.value.message);
}

/** The chunks of one transfer. */
class Chunks {
  readonly #context: SendContext;
  readonly #call: Call;
  readonly #answers: Answers;
  readonly #source: SnapshotSource;
  #unacknowledged = 0;

  constructor(context: SendContext, call: Call, answers: Answers, source: SnapshotSource) {
    this.#context = context;
    this.#call = call;
    this.#answers = answers;
    this.#source = source;
  }

  async send(from: number, signal: AbortSignal): Promise<void> {
    const { limits, clock } = this.#context;
    const sinceMs = clock.monoNow();
    for (let offset = from; offset < this.#source.sizeBytes;) {
      const data = await this.#source.read(offset, limits.chunkBytes);
      if (data === null || data.length === 0) {
        throw new WarrenError("SNAPSHOT_GONE", "the snapshot is not on the disk any more");
      }
      if (this.#unacknowledged >= limits.chunkWindow) await this.#takeAcknowledgement();
      this.#write(offset, data);
      offset += data.length;
      const dueMs = sinceMs + (offset - from) / limits.snapshotBytesPerSecond * 1_000;
      const aheadMs = dueMs - clock.monoNow();
      if (aheadMs >= 1) await sleep(clock, aheadMs, signal);
    }
    while (this.#unacknowledged > 0) await this.#takeAcknowledgement();
  }

  #write(offset: number, data: Uint8Array): void {
    const value = {
      offset,
      crc32: crc32(data),
      data: Buffer.from(data.buffer, data.byteOffset, data.length),
    };
    this.#unacknowledged += 1;
    this.#call.send({ kind: { $case: "chunk", value } }, () => {});
  }

  async #takeAcknowledgement(): Promise<void> {
    const kind = await nextKind(this.#answers);
    if (kind.$case === "result") throw refused(kind.value.message);
    if (kind.$case !== "acknowledged") throw refused(`"${kind.$case}" among the chunks`);
    this.#unacknowledged -= 1;
  }
}

async function nextKind(answers: Answers): Promise<NonNullable<SnapshotResponse["kind"]>> {
  const { done, value } = await answers.next();
  if (done || !value.kind) throw new WarrenError("NODE_UNREACHABLE", "the peer ended the transfer");
  return value.kind;
}

function refused(why: string): WarrenError {
  return new WarrenError("SNAPSHOT_REFUSED", why);
}

function asFailure(
  error: unknown,
  { message, source }: Outgoing,
  signal: AbortSignal,
): WarrenError {
  const doing = `cannot send snapshot ${source.meta.index} to manager ${message.to}`;
  if (signal.aborted) return new WarrenError("ABORTED_BY_USER", `${doing}: it was given up`);
  const fault = WarrenError.from(error, doing);
  const isOwn = fault.reason === "SNAPSHOT_REFUSED" || fault.reason === "SNAPSHOT_GONE";
  const reason = isOwn ? fault.reason : "NODE_UNREACHABLE";
  return new WarrenError(reason, `${doing}: ${fault.message}`, { cause: error });
}
