/**
 * One segment file of the log: a header block, then frames, then zeros up to its size.
 *
 * A segment is made of zeros beforehand and gets its name only when its header is durable: a header
 * is never torn, and a file is never shorter than its header says. The header repeats all that older
 * segments would be needed for, so that those can go. Reading decides nothing about damage but
 * describes it; `recover.ts` judges.
 */
import { crc32 } from "node:zlib";
import type { HardState } from "../../raft/mod.ts";
import { assert, WarrenError } from "../../lib/mod.ts";
import { ByteReader, ByteWriter } from "../codec/entry.ts";
import {
  type Batch,
  readBatch,
  readHardState,
  readSnapshotMark,
  type SnapshotMark,
  writeHardState,
  writeSnapshotMark,
} from "./batch.ts";
import {
  type ChainEnd,
  findHeadAfter,
  FRAME_HEAD_BYTES,
  type FrameKind,
  readHead,
  readPayload,
} from "./frame.ts";

/** Format that segments are written in. */
export const SEGMENT_FORMAT = 1;

/** Bytes of a header block, and what a firm frame is padded to: more than any disk tears at once. */
export const BLOCK_BYTES = 4096;

/** What a member says when it cannot read its own disk. */
export const REJOIN_HINT = "keep a copy of this directory, remove this member with " +
  '"warren node rm" on a healthy manager, then join again with an empty data directory';

const MARK = "WRNRAFT\n";
const ID_BYTES = 16;

/** What a header says. */
export interface SegmentHeader {
  readonly sequence: number;
  /** Random: bytes of another segment never pass for this one's. */
  readonly id: Uint8Array;
  readonly sizeBytes: number;
  readonly clusterId: string;
  readonly memberId: string;
  /** The last entry before this segment. */
  readonly base: { readonly index: number; readonly term: number };
  readonly hard: HardState;
  readonly mark: SnapshotMark;
  /** The last frame before this segment. */
  readonly previous: ChainEnd;
}

/** One frame that was read. */
export interface ReadFrame {
  readonly kind: FrameKind;
  readonly offset: number;
  readonly number: number;
  readonly batches: readonly Batch[];
}

/** Bytes after the last good frame that are not zero. */
export interface Damage {
  readonly offset: number;
  /** Where the last of them ends. */
  readonly endOffset: number;
  /** What kind of frame it was, when its head is whole. */
  readonly kind: FrameKind | null;
  /** Where a later frame begins, which proves that this one was durable. */
  readonly laterOffset: number | null;
}

/** A segment as it was found. */
export interface SegmentContent {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly frames: readonly ReadFrame[];
  readonly end: ChainEnd;
  /** Where the next frame belongs. */
  readonly endOffset: number;
  readonly damage: Damage | null;
}

/** The file name of a segment; names sort like sequence numbers. */
export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(16, "0")}.log`;
}

/** The sequence number in a segment's file name, or null for a file of another kind. */
export function parseSegmentName(name: string): number | null {
  const match = /^(\d{16})\.log$/.exec(name);
  return match ? Number(match[1]) : null;
}

/** The error for damage at `offset` bytes into `path`. */
export function corruptAt(path: string, offset: number, why: string): WarrenError {
  const message = `Cannot read "${path}" at byte ${offset}: ${why}`;
  return new WarrenError("DATA_CORRUPT", message, { hint: REJOIN_HINT });
}

/** A header block as bytes. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const writer = new ByteWriter(BLOCK_BYTES);
  writer.raw(new TextEncoder().encode(MARK));
  writer.u32(SEGMENT_FORMAT);
  writer.u53(header.sequence);
  writer.raw(header.id);
  writer.u53(header.sizeBytes);
  writer.string(header.clusterId);
  writer.string(header.memberId);
  writer.u53(header.base.index);
  writer.u53(header.base.term);
  writeHardState(writer, header.hard);
  writeSnapshotMark(writer, header.mark);
  writer.u53(header.previous.number);
  writer.u53(header.previous.lengthBytes);
  writer.u32(header.previous.chain);
  assert(writer.length <= BLOCK_BYTES - 4, "the header of a segment fits into its block");
  writer.raw(new Uint8Array(BLOCK_BYTES - 4 - writer.length));
  writer.u32(crc32(writer.view()));
  return writer.finish();
}

/**
 * What the header of the file `path` says. @throws WarrenError DATA_CORRUPT when it is damaged, of
 * a newer format, or the file is not as long as it says.
 */
export function readHeader(path: string, file: Uint8Array): SegmentHeader {
  if (file.length < BLOCK_BYTES) {
    throw corruptAt(path, file.length, "the file is cut in its header");
  }
  const block = file.subarray(0, BLOCK_BYTES);
  const mark = new TextDecoder().decode(block.subarray(0, MARK.length));
  if (mark !== MARK) throw corruptAt(path, 0, "it is not a segment of a log");
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES);
  if (view.getUint32(BLOCK_BYTES - 4, true) !== crc32(block.subarray(0, BLOCK_BYTES - 4))) {
    throw corruptAt(path, 0, "the header is damaged");
  }
  const reader = new ByteReader(block.subarray(MARK.length), `"${path}"`, MARK.length);
  const format = reader.u32();
  if (format !== SEGMENT_FORMAT) {
    throw corruptAt(path, MARK.length, `format ${format} was written by a newer version`);
  }
  const header: SegmentHeader = {
    sequence: reader.u53(),
    id: reader.raw(ID_BYTES),
    sizeBytes: reader.u53(),
    clusterId: reader.string(),
    memberId: reader.string(),
    base: { index: reader.u53(), term: reader.u53() },
    hard: readHardState(reader),
    mark: readSnapshotMark(reader),
    previous: { number: reader.u53(), lengthBytes: reader.u53(), chain: reader.u32() },
  };
  if (file.length < header.sizeBytes) {
    const why = `the file is cut: ${file.length} bytes of ${header.sizeBytes} are left`;
    throw corruptAt(path, file.length, why);
  }
  return header;
}

/**
 * Reads the segment `path` up to its end or the first damage.
 *
 * @throws WarrenError DATA_CORRUPT when a valid frame does not follow the one before it
 */
export function readSegment(path: string, file: Uint8Array): SegmentContent {
  const header = readHeader(path, file);
  const frames: ReadFrame[] = [];
  let end = header.previous;
  let offset = BLOCK_BYTES;
  while (frames.at(-1)?.kind !== "end") {
    const head = readHead(file, header.id, offset);
    const payload = head && readPayload(file, offset, head);
    if (!head || !payload) break;
    const { kind, number, previous, chain, batches } = head;
    if (
      number !== end.number + 1 || previous.chain !== end.chain ||
      previous.lengthBytes !== end.lengthBytes
    ) throw corruptAt(path, offset, `frame ${number} does not follow frame ${end.number}`);
    frames.push({ kind, offset, number, batches: readBatches(path, payload, { offset, batches }) });
    end = { number, lengthBytes: FRAME_HEAD_BYTES + payload.length, chain };
    offset += end.lengthBytes;
  }
  return {
    path,
    header,
    frames,
    end,
    endOffset: offset,
    damage: findDamage(file, header.id, offset),
  };
}

function readBatches(
  path: string,
  payload: Uint8Array,
  { offset, batches }: { readonly offset: number; readonly batches: number },
): readonly Batch[] {
  const reader = new ByteReader(payload, `"${path}"`, offset + FRAME_HEAD_BYTES);
  // What follows the batches of a firm frame is padding.
  return Array.from({ length: batches }, () => readBatch(reader));
}

function findDamage(file: Uint8Array, id: Uint8Array, offset: number): Damage | null {
  const endOffset = endOfContent(file, offset);
  if (endOffset === offset) return null;
  const kind = readHead(file, id, offset)?.kind ?? null;
  return { offset, endOffset, kind, laterOffset: findHeadAfter(file, id, offset) };
}

/** The end of the last byte at or after `offset` that is not zero; `offset` when all are. */
export function endOfContent(file: Uint8Array, offset: number): number {
  let end = file.length;
  const words = new Int32Array(file.buffer, file.byteOffset, file.length >> 2);
  if (file.length % 4 === 0) {
    let word = words.length - 1;
    while (word * 4 >= offset && words[word] === 0) word--;
    end = word * 4 + 4;
  }
  while (end > offset && file[end - 1] === 0) end--;
  return Math.max(end, offset);
}
