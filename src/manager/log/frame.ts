/**
 * Frames: the checksummed, chained units that the log file is made of. Pure bytes in, bytes out.
 *
 * One frame is one batch, written by one call: so a write that a crash tore is always the last
 * frame, and damage before a later valid frame is corruption. Each frame names the checksum of the
 * one before it; entries are JSON, in which the frame's mark cannot occur.
 *
 *     mark 4 | payload length 4 | first index 8 | entries 4 | previous checksum 4 | checksum 4
 *     payload: per entry, length 4 | bytes
 */
import { crc32 } from "node:zlib";

/** One entry: its place in the log and its bytes. */
export interface LogRecord {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** A frame that was read. */
export interface Frame {
  readonly records: readonly LogRecord[];
  readonly firstIndex: number;
  readonly checksum: number;
  /** Where the next frame begins. */
  readonly endOffset: number;
}

/** Bytes before the payload of a frame. */
export const FRAME_HEADER_BYTES = 28;

const MARK = [0xff, 0x57, 0x52, 0x4e] as const;
const CHECKSUM_AT = 24;

/** A batch as a frame. `records` are in order of index without gaps; none makes a closing frame. */
export function encodeFrame(
  records: readonly LogRecord[],
  firstIndex: number,
  previousChecksum: number,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  const payloadBytes = records.reduce((sum, { bytes }) => sum + 4 + bytes.length, 0);
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payloadBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(MARK);
  view.setUint32(4, payloadBytes);
  view.setBigUint64(8, BigInt(firstIndex));
  view.setUint32(16, records.length);
  view.setUint32(20, previousChecksum);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    view.setUint32(at, record.bytes.length);
    bytes.set(record.bytes, at + 4);
    at += 4 + record.bytes.length;
  }
  const checksum = checksumOf(bytes);
  view.setUint32(CHECKSUM_AT, checksum);
  return { bytes, checksum };
}

/** The frame at `offset`, or undefined when there is no whole and valid one. */
export function decodeFrame(file: Uint8Array, offset: number): Frame | undefined {
  if (file.length - offset < FRAME_HEADER_BYTES || !isMark(file, offset)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset + offset, file.length - offset);
  const endOffset = offset + FRAME_HEADER_BYTES + view.getUint32(4);
  if (endOffset > file.length) return undefined;
  const checksum = view.getUint32(CHECKSUM_AT);
  const bytes = file.subarray(offset, endOffset);
  if (checksumOf(bytes) !== checksum) return undefined;
  const firstIndex = Number(view.getBigUint64(8));
  const records: LogRecord[] = [];
  let at = FRAME_HEADER_BYTES;
  for (let number = 0; number < view.getUint32(16); number++) {
    const length = view.getUint32(at);
    records.push({ index: firstIndex + number, bytes: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return { records, firstIndex, checksum, endOffset };
}

/** The checksum that the frame at `offset` expects of the one before it. */
export function previousChecksumAt(file: Uint8Array, offset: number): number {
  return new DataView(file.buffer, file.byteOffset + offset).getUint32(20);
}

/** Where the first valid frame after `offset` begins, or undefined when there is none. */
export function findFrameAfter(file: Uint8Array, offset: number): number | undefined {
  for (let at = file.indexOf(MARK[0], offset + 1); at !== -1; at = file.indexOf(MARK[0], at + 1)) {
    if (decodeFrame(file, at)) return at;
  }
  return undefined;
}

function checksumOf(frame: Uint8Array): number {
  const head = crc32(frame.subarray(0, CHECKSUM_AT));
  return crc32(frame.subarray(FRAME_HEADER_BYTES), head);
}

function isMark(file: Uint8Array, offset: number): boolean {
  return MARK.every((byte, at) => file[offset + at] === byte);
}
