/**
 * Messages of consensus as bytes: all that one member has to say to another, in one frame.
 *
 * Called by the transport. It carries no checksum and no version: the connection has both. Invariant:
 * reading what was written gives the same; any other bytes give DATA_CORRUPT or plain, shaped values.
 *
 *     from | to | per message until the end: kind 1 | term | fields of its kind
 */
import { assert, assertNever } from "../../lib/mod.ts";
import type { MemberId, Message } from "../../raft/mod.ts";
import {
  ByteReader,
  ByteWriter,
  readEntry,
  readSnapshotMeta,
  writeEntry,
  writeSnapshotMeta,
} from "./entry.ts";

/** Numbers on the wire: never reused, never renumbered. */
const KINDS = {
  "vote": 1,
  "vote.reply": 2,
  "append": 3,
  "append.reply": 4,
  "heartbeat": 5,
  "heartbeat.reply": 6,
  "snapshot": 7,
  "timeout.now": 8,
  "read": 9,
  "read.reply": 10,
} as const satisfies Record<Message["kind"], number>;

/** Index, term and kind of payload: no entry is shorter. */
const ENTRY_BYTES_MIN = 3;

/** Writes the messages of one frame. */
export class MessageFrame {
  readonly #from: MemberId;
  readonly #to: MemberId;
  #writer: ByteWriter;

  /** A frame from one member to another. */
  constructor(from: MemberId, to: MemberId) {
    this.#from = from;
    this.#to = to;
    this.#writer = this.#begin();
  }

  #begin(): ByteWriter {
    const writer = new ByteWriter();
    writer.string(this.#from);
    writer.string(this.#to);
    return writer;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#writer.length;
  }

  /** Appends `message`, which must be between the frame's two members. */
  add(message: Message): void {
    assert(message.from === this.#from && message.to === this.#to, "a frame has one sender");
    writeMessage(this.#writer, message);
  }

  /** The frame as bytes of its own, and begins the next one. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#writer.finish();
    this.#writer = this.#begin();
    return bytes;
  }
}

/** One message as a frame of its own. */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  const frame = new MessageFrame(message.from, message.to);
  frame.add(message);
  return frame.take();
}

/** The messages of a frame, at least one. @throws WarrenError DATA_CORRUPT */
export function decodeMessages(bytes: Uint8Array): readonly Message[] {
  const reader = new ByteReader(bytes, "a message");
  const envelope = { from: reader.string(), to: reader.string() };
  const messages: Message[] = [];
  do messages.push(readMessage(reader, envelope)); while (reader.remaining > 0);
  return messages;
}

/** About how many bytes `message` takes: for the bounds of queues, not for buffers. */
export function roughBytes(message: Message): number {
  if (message.kind !== "append") return 64;
  return message.entries.reduce((sum, { payload }) => {
    return sum + (payload.kind === "data" ? payload.data.length + 32 : 512);
  }, 64);
}

function writeMessage(writer: ByteWriter, message: Message): void {
  writer.u8(KINDS[message.kind]);
  writer.u53(message.term);
  switch (message.kind) {
    case "vote":
      writer.bool(message.isPre);
      writer.bool(message.isTransfer);
      writer.u53(message.lastIndex);
      return writer.u53(message.lastTerm);
    case "vote.reply":
      writer.bool(message.isPre);
      return writer.bool(message.isGranted);
    case "append":
      writer.u53(message.prevIndex);
      writer.u53(message.prevTerm);
      writer.u53(message.commit);
      writer.u53(message.entries.length);
      for (const entry of message.entries) writeEntry(writer, entry);
      return;
    case "append.reply":
      writer.bool(message.isOk);
      writer.u53(message.index);
      writer.u53(message.hintIndex);
      return writer.u53(message.hintTerm);
    case "heartbeat":
      writer.u53(message.round);
      writer.u53(message.commit);
      return writer.bool(message.isAll);
    case "heartbeat.reply":
      return writer.u53(message.round);
    case "snapshot":
      return writeSnapshotMeta(writer, message.snapshot);
    case "timeout.now":
      return;
    case "read":
      return writer.u53(message.id);
    case "read.reply":
      writer.u53(message.id);
      writer.bool(message.index !== null);
      return writer.u53(message.index ?? 0);
    default:
      return assertNever(message, "message");
  }
}

function readMessage(
  reader: ByteReader,
  { from, to }: { readonly from: MemberId; readonly to: MemberId },
): Message {
  const kind = reader.u8();
  const envelope = { from, to, term: reader.u53() };
  switch (kind) {
    case KINDS.vote:
      return {
        kind: "vote",
        ...envelope,
        isPre: reader.bool(),
        isTransfer: reader.bool(),
        lastIndex: reader.u53(),
        lastTerm: reader.u53(),
      };
    case KINDS["vote.reply"]:
      return { kind: "vote.reply", ...envelope, isPre: reader.bool(), isGranted: reader.bool() };
    case KINDS.append:
      return {
        kind: "append",
        ...envelope,
        prevIndex: reader.u53(),
        prevTerm: reader.u53(),
        commit: reader.u53(),
        entries: Array.from({ length: reader.count(ENTRY_BYTES_MIN) }, () => readEntry(reader)),
      };
    case KINDS["append.reply"]:
      return {
        kind: "append.reply",
        ...envelope,
        isOk: reader.bool(),
        index: reader.u53(),
        hintIndex: reader.u53(),
        hintTerm: reader.u53(),
      };
    case KINDS.heartbeat:
      return {
        kind: "heartbeat",
        ...envelope,
        round: reader.u53(),
        commit: reader.u53(),
        isAll: reader.bool(),
      };
    case KINDS["heartbeat.reply"]:
      return { kind: "heartbeat.reply", ...envelope, round: reader.u53() };
    case KINDS.snapshot:
      return { kind: "snapshot", ...envelope, snapshot: readSnapshotMeta(reader) };
    case KINDS["timeout.now"]:
      return { kind: "timeout.now", ...envelope };
    case KINDS.read:
      return { kind: "read", ...envelope, id: reader.u53() };
    case KINDS["read.reply"]:
      return { kind: "read.reply", ...envelope, id: reader.u53(), index: readIndex(reader) };
    default:
      throw reader.fault(`${kind} is no kind of message`);
  }
}

function readIndex(reader: ByteReader): number | null {
  const isKnown = reader.bool();
  const index = reader.u53();
  return isKnown ? index : null;
}
