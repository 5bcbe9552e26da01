/**
 * One snapshot file: a header block, the state in chunks of one size, and a trailer with its digest.
 *
 * All chunks but the last are full, so any place is found without an index. Each chunk's checksum
 * continues that of the chunk before, and the trailer's that of the last: nothing can be damaged,
 * exchanged or missing unnoticed. A file that is being written has no trailer yet and another name.
 *
 *     header: mark 8 | format 4 | meta | zeros | checksum 4, together one block
 *     chunk: length 4 | checksum 4 | bytes; trailer: zero 4 | size 8 | sha-256 32 | checksum 4
 */
import { crc32 } from "node:zlib";
import type { SnapshotMeta } from "../../raft/mod.ts";
import { assert } from "../../lib/mod.ts";
import { ByteReader, ByteWriter, readSnapshotMeta, writeSnapshotMeta } from "../codec/entry.ts";
import type { SnapshotFile } from "./disk.ts";
import type { FsFile } from "./fs.ts";
import { BLOCK_BYTES, corruptAt } from "./segment.ts";

/** Format that snapshots are written in. */
export const SNAPSHOT_FORMAT = 1;

/** State bytes of a full chunk. */
export const CHUNK_BYTES = 65_536;

const MARK = "WRNSNAP\n";
const CHUNK_HEAD_BYTES = 8;
const TRAILER_BYTES = 48;
const DIGEST_BYTES = 32;

/** A chunk with its head, and the checksum that the next one continues. */
export function encodeChunk(
  state: Uint8Array,
  previousChecksum: number,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  const checksum = crc32(state, previousChecksum);
  const writer = new ByteWriter(CHUNK_HEAD_BYTES + state.length);
  writer.u32(state.length);
  writer.u32(checksum);
  writer.raw(state);
  return { bytes: writer.view(), checksum };
}

/** The header block, and the checksum that the first chunk continues. */
export function encodeSnapshotHeader(
  meta: SnapshotMeta,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  const writer = new ByteWriter(BLOCK_BYTES);
  writer.raw(new TextEncoder().encode(MARK));
  writer.u32(SNAPSHOT_FORMAT);
  writeSnapshotMeta(writer, meta);
  assert(writer.length <= BLOCK_BYTES - 4, "the header of a snapshot fits into its block");
  writer.raw(new Uint8Array(BLOCK_BYTES - 4 - writer.length));
  const checksum = crc32(writer.view());
  writer.u32(checksum);
  return { bytes: writer.finish(), checksum };
}

/** The trailer of a state of `sizeBytes` with `digest`, in hex. */
export function encodeTrailer(
  { sizeBytes, digest }: Pick<SnapshotFile, "sizeBytes" | "digest">,
  previousChecksum: number,
): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(4, BigInt(sizeBytes), true);
  bytes.set(fromHex(digest), 12);
  view.setUint32(44, crc32(bytes.subarray(0, 44), previousChecksum), true);
  return bytes;
}

/** What the header of `file` says. @throws WarrenError DATA_CORRUPT */
export function readSnapshotHeader(
  file: FsFile,
): { readonly meta: SnapshotMeta; readonly checksum: number } {
  const block = file.readAt(0, BLOCK_BYTES);
  if (block.length < BLOCK_BYTES) throw corruptAt(file.path, block.length, "the file is cut");
  const checksum = new DataView(block.buffer).getUint32(BLOCK_BYTES - 4, true);
  if (new TextDecoder().decode(block.subarray(0, MARK.length)) !== MARK) {
    throw corruptAt(file.path, 0, "it is not a snapshot");
  }
  if (crc32(block.subarray(0, BLOCK_BYTES - 4)) !== checksum) {
    throw corruptAt(file.path, 0, "the header is damaged");
  }
  const reader = new ByteReader(block.subarray(MARK.length), `"${file.path}"`, MARK.length);
  const format = reader.u32();
  if (format !== SNAPSHOT_FORMAT) {
    throw corruptAt(file.path, MARK.length, `format ${format} was written by a newer version`);
  }
  return { meta: readSnapshotMeta(reader), checksum };
}

/** Where the chunk `number`, counted from 0, begins. */
export function chunkOffset(number: number): number {
  return BLOCK_BYTES + number * (CHUNK_HEAD_BYTES + CHUNK_BYTES);
}

/** The bytes and checksum of the chunk `number`, or null when it is damaged or not there. */
export function readChunk(
  file: FsFile,
  number: number,
  previousChecksum: number,
): { readonly state: Uint8Array<ArrayBuffer>; readonly checksum: number } | null {
  const bytes = file.readAt(chunkOffset(number), CHUNK_HEAD_BYTES + CHUNK_BYTES);
  if (bytes.length <= CHUNK_HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer);
  const length = view.getUint32(0, true);
  const checksum = view.getUint32(4, true);
  const state = bytes.slice(CHUNK_HEAD_BYTES, CHUNK_HEAD_BYTES + length);
  const isGood = length > 0 && length <= CHUNK_BYTES && state.length === length &&
    crc32(state, previousChecksum) === checksum;
  return isGood ? { state, checksum } : null;
}

/** The checksum of the chunk `number`, unverified: what the chunk after it continues. */
export function checksumOfChunk(file: FsFile, number: number): number {
  const head = file.readAt(chunkOffset(number) + 4, 4);
  if (head.length < 4) throw corruptAt(file.path, chunkOffset(number), "the file is cut");
  return new DataView(head.buffer).getUint32(0, true);
}

/** Reads the whole of `file` and checks all of it. @throws WarrenError DATA_CORRUPT */
export function verifySnapshot(file: FsFile): SnapshotFile {
  const { meta, checksum: first } = readSnapshotHeader(file);
  const trailerAt = file.sizeBytes() - TRAILER_BYTES;
  const trailer = file.readAt(Math.max(trailerAt, 0), TRAILER_BYTES);
  const view = new DataView(trailer.buffer);
  const sizeBytes = trailerAt < BLOCK_BYTES ? -1 : Number(view.getBigUint64(4, true));
  const chunks = Math.ceil(sizeBytes / CHUNK_BYTES);
  const expected = BLOCK_BYTES + sizeBytes + chunks * CHUNK_HEAD_BYTES;
  if (trailerAt !== expected) {
    throw corruptAt(file.path, Math.max(trailerAt, 0), "the trailer is damaged or the file is cut");
  }
  let checksum = first;
  for (let number = 0; number < chunks; number++) {
    const chunk = readChunk(file, number, checksum);
    if (!chunk) throw corruptAt(file.path, chunkOffset(number), "a chunk is damaged");
    checksum = chunk.checksum;
  }
  if (view.getUint32(44, true) !== crc32(trailer.subarray(0, 44), checksum)) {
    throw corruptAt(file.path, trailerAt, "the trailer is damaged");
  }
  return { meta, sizeBytes, digest: toHex(trailer.subarray(12, 12 + DIGEST_BYTES)) };
}

/**
 * State bytes of a whole snapshot from `offset`, verified; at most `maxBytes`, empty at the end.
 *
 * @throws WarrenError DATA_CORRUPT
 */
export function readState(
  file: FsFile,
  { offset, maxBytes, sizeBytes }: {
    readonly offset: number;
    readonly maxBytes: number;
    readonly sizeBytes: number;
  },
): Uint8Array<ArrayBuffer> {
  const end = Math.min(offset + maxBytes, sizeBytes);
  const state = new Uint8Array(Math.max(0, end - offset));
  let number = Math.floor(offset / CHUNK_BYTES);
  if (state.length === 0) return state;
  let checksum = number === 0
    ? readSnapshotHeader(file).checksum
    : checksumOfChunk(file, number - 1);
  for (let at = offset; at < end; number++) {
    const chunk = readChunk(file, number, checksum);
    if (!chunk) throw corruptAt(file.path, chunkOffset(number), "a chunk is damaged");
    const from = at - number * CHUNK_BYTES;
    const part = chunk.state.subarray(from, from + end - at);
    if (part.length === 0) throw corruptAt(file.path, chunkOffset(number), "a chunk is too short");
    state.set(part, at - offset);
    at += part.length;
    checksum = chunk.checksum;
  }
  return state;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
