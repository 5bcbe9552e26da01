/**
 * The receiving end of a snapshot: offer, chunks, end, and the message once all is durable.
 *
 * Served by the transport's server through `incoming.ts`. It does not know what a snapshot holds.
 * Invariant: the message of the offer is delivered exactly when `finish` resolved and the caller's
 * life is the same; in every other case the receiver is aborted.
 */
import { crc32 } from "node:zlib";
import { WarrenError } from "../../lib/mod.ts";
import type { StreamCall } from "../../rpc/mod.ts";
import type { SnapshotRequest, SnapshotResponse } from "../../rpc/gen/warren/v1/raft.ts";
import { decodeMessages } from "../codec/message.ts";
import { type Incoming, malformed, nextOf, type Slot } from "./incoming.ts";
import type { SnapshotMessage, SnapshotReceiver, TransportEvents } from "./transport.ts";

type Requests = AsyncIterator<SnapshotRequest>;
type Call = StreamCall<SnapshotResponse>;

/** What is needed of the driver. */
export type SnapshotEvents = Pick<TransportEvents, "receiveSnapshot" | "onMessages">;

interface Offer {
  readonly message: SnapshotMessage;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Serves one transfer. @throws WarrenError BAD_REQUEST when the stream is malformed */
export async function receiveSnapshot(
  incoming: Incoming,
  events: SnapshotEvents,
  requests: AsyncIterable<SnapshotRequest>,
  call: Call,
): Promise<void> {
  const stream = requests[Symbol.asyncIterator]();
  const slot = await incoming.greet("snapshot", stream, (answer) => call.write({ kind: answer }));
  if (slot === null) return;
  try {
    const offer = await readOffer(incoming, stream, slot);
    // The same file may be open in the transfer that this one replaces.
    await slot.after;
    const receiver = offer && await events.receiveSnapshot({
      from: slot.caller,
      meta: offer.message.snapshot,
      digest: offer.digest,
      sizeBytes: offer.sizeBytes,
    });
    if (!receiver) return await decide(call, { isWanted: false, offset: 0 });
    await take({ stream, call, slot, offer, receiver }, events);
  } finally {
    incoming.release("snapshot", slot);
  }
}

interface Transfer {
  readonly stream: Requests;
  readonly call: Call;
  readonly slot: Slot;
  readonly offer: Offer;
  readonly receiver: SnapshotReceiver;
}

async function take(transfer: Transfer, events: SnapshotEvents): Promise<void> {
  const { slot, call, offer, receiver } = transfer;
  try {
    await decide(call, { isWanted: true, offset: receiver.offset });
    await takeChunks(transfer);
    await receiver.finish();
    if (!slot.isOpen) throw new WarrenError("ABORTED_BY_USER", "the sender was restarted");
  } catch (error) {
    await receiver.abort();
    const { message } = WarrenError.from(error, "cannot take the snapshot");
    return await call.write({ kind: { $case: "result", value: { isOk: false, message } } });
  }
  events.onMessages([offer.message]);
  await call.write({ kind: { $case: "result", value: { isOk: true, message: "" } } });
}

async function takeChunks({ stream, call, slot, offer, receiver }: Transfer): Promise<void> {
  let offset = receiver.offset;
  for (let request = await nextOf(stream); request; request = await nextOf(stream)) {
    if (!slot.isOpen) break;
    const { kind } = request;
    if (kind?.$case === "end") {
      if (offset !== offer.sizeBytes) throw malformed(`${offset} of ${offer.sizeBytes} bytes came`);
      return;
    }
    if (kind?.$case !== "chunk") throw malformed("neither a chunk nor the end");
    const { data } = kind.value;
    if (kind.value.offset !== offset) throw malformed(`a chunk at ${kind.value.offset}`);
    if (offset + data.length > offer.sizeBytes) throw malformed("more than was offered");
    if (crc32(data) !== kind.value.crc32) throw malformed(`a damaged chunk at ${offset}`);
    // Counted before: whoever takes the bytes may hand them to another thread, and they are gone here.
    offset += data.length;
    await receiver.write(data);
    await call.write({ kind: { $case: "acknowledged", value: offset } });
  }
  throw new WarrenError("NODE_UNREACHABLE", "the transfer was cut");
}

async function readOffer(incoming: Incoming, stream: Requests, slot: Slot): Promise<Offer | null> {
  const { kind } = await nextOf(stream) ?? {};
  if (kind === undefined) return null;
  if (kind.$case !== "offer") throw malformed("a stream without an offer");
  const { digest, sizeBytes } = kind.value;
  const [message] = decodeMessages(kind.value.message);
  if (message?.kind !== "snapshot") throw malformed("an offer without its message");
  incoming.check(message, slot.caller);
  if (!/^[0-9a-f]{64}$/.test(digest)) throw malformed("an offer without a digest");
  return { message, digest, sizeBytes };
}

function decide(call: Call, value: { isWanted: boolean; offset: number }): Promise<void> {
  return call.write({ kind: { $case: "decision", value } });
}
