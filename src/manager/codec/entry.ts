/**
 * Entries, memberships and snapshot marks as bytes: one form for the disk and the wire.
 *
 * Called by the log of `disk/` and by the transport. It carries no checksum and no version: both are
 * with the frame around it. Invariant: reading what was written gives the same, and nothing but what
 * was written by a writer of this form can be read without a DATA_CORRUPT error or a plain value.
 */
import type { Entry, Membership, Payload, SnapshotMeta } from "../../raft/mod.ts";
import { assertNever } from "../../lib/mod.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
export { ByteReader, ByteWriter };

const NOOP = 0;
const DATA = 1;
const MEMBERSHIP = 2;

/** Appends `entry`. */
export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.u53(entry.index);
  writer.u53(entry.term);
  writePayload(writer, entry.payload);
}

/** The next entry. @throws WarrenError DATA_CORRUPT */
export function readEntry(reader: ByteReader): Entry {
  return { index: reader.u53(), term: reader.u53(), payload: readPayload(reader) };
}

/** Appends `membership`. */
export function writeMembership(writer: ByteWriter, membership: Membership): void {
  for (const list of [membership.voters, membership.outgoing, membership.learners]) {
    writer.u53(list.length);
    for (const id of list) writer.string(id);
  }
}

/** The next membership. @throws WarrenError DATA_CORRUPT */
export function readMembership(reader: ByteReader): Membership {
  return { voters: readIds(reader), outgoing: readIds(reader), learners: readIds(reader) };
}

/** Appends what identifies a snapshot. */
export function writeSnapshotMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer.u53(meta.index);
  writer.u53(meta.term);
  writeMembership(writer, meta.membership);
}

/** The next snapshot mark. @throws WarrenError DATA_CORRUPT */
export function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  return { index: reader.u53(), term: reader.u53(), membership: readMembership(reader) };
}

function writePayload(writer: ByteWriter, payload: Payload): void {
  switch (payload.kind) {
    case "noop":
      return writer.u8(NOOP);
    case "data":
      writer.u8(DATA);
      return writer.bytes(payload.data);
    case "membership":
      writer.u8(MEMBERSHIP);
      return writeMembership(writer, payload.membership);
    default:
      return assertNever(payload, "payload");
  }
}

function readPayload(reader: ByteReader): Payload {
  const kind = reader.u8();
  if (kind === NOOP) return { kind: "noop" };
  if (kind === DATA) return { kind: "data", data: reader.bytes() };
  if (kind === MEMBERSHIP) return { kind: "membership", membership: readMembership(reader) };
  throw reader.fault(`${kind} is no kind of entry`);
}

function readIds(reader: ByteReader): readonly string[] {
  return Array.from({ length: reader.count() }, () => reader.string());
}
