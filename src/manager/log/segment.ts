/**
 * One segment file of the log: a header and frames. Reading tells a torn end from corruption.
 *
 * A segment gets its name only when its header is durable, so a header is never torn. Its first
 * frame chains to the last frame of the segment before.
 */
import { crc32 } from "node:zlib";
import { WarrenError } from "../../lib/mod.ts";
import { decodeFrame, findFrameAfter, type LogRecord, previousChecksumAt } from "./frame.ts";

/** Format that segments are written in. */
export const SEGMENT_FORMAT = 1;

/** Bytes of a segment's header: mark 8 | format 4 | first index 8 | previous checksum 4 | checksum 4. */
export const SEGMENT_HEADER_BYTES = 28;

const MARK = "WRNLOG\r\n";

/** What a header says. */
export interface SegmentHeader {
  /** Index of the first entry that this segment may hold. */
  readonly firstIndex: number;
  /** Checksum of the last frame before it; 0 for the first segment. */
  readonly previousChecksum: number;
}

/** A segment as it was found. */
export interface SegmentContent {
  readonly header: SegmentHeader;
  readonly records: readonly LogRecord[];
  /** Checksum of its last frame, or the header's previous one when it has none. */
  readonly checksum: number;
  /** Index that follows its last entry. */
  readonly nextIndex: number;
  /** Bytes that are good; what follows was torn by a crash. */
  readonly goodBytes: number;
}

/** The file name of the segment that begins with `firstIndex`; names sort like indices. */
export function segmentName(firstIndex: number): string {
  return `${String(firstIndex).padStart(16, "0")}.log`;
}

/** The first index in a segment's file name, or undefined for a file of another kind. */
export function parseSegmentName(name: string): number | undefined {
  const match = /^(\d{16})\.log$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** A header as bytes. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MARK));
  view.setUint32(8, SEGMENT_FORMAT);
  view.setBigUint64(12, BigInt(header.firstIndex));
  view.setUint32(20, header.previousChecksum);
  view.setUint32(24, crc32(bytes.subarray(0, 24)));
  return bytes;
}

/**
 * Reads the segment `path` from its bytes. Only the last segment may have a torn end.
 *
 * @throws WarrenError DATA_CORRUPT naming file and offset.
 */
export function readSegment(path: string, file: Uint8Array, isLast: boolean): SegmentContent {
  const header = readHeader(path, file);
  const records: LogRecord[] = [];
  let { previousChecksum: checksum, firstIndex: nextIndex } = header;
  let offset = SEGMENT_HEADER_BYTES;
  while (offset < file.length) {
    const frame = decodeFrame(file, offset);
    if (!frame) {
      refuseUnlessTorn(path, file, { offset, isLast });
      break;
    }
    if (previousChecksumAt(file, offset) !== checksum || frame.firstIndex !== nextIndex) {
      throw corruptAt(path, offset, `the batch of entry ${frame.firstIndex} does not follow`);
    }
    for (const record of frame.records) records.push(record);
    checksum = frame.checksum;
    nextIndex += frame.records.length;
    offset = frame.endOffset;
  }
  return { header, records, checksum, nextIndex, goodBytes: offset };
}

function refuseUnlessTorn(
  path: string,
  file: Uint8Array,
  { offset, isLast }: { readonly offset: number; readonly isLast: boolean },
): void {
  if (!isLast) throw corruptAt(path, offset, "a batch is damaged, and a later file follows");
  const later = findFrameAfter(file, offset);
  if (later !== undefined) {
    throw corruptAt(path, offset, `a batch is damaged, and a good one follows at ${later}`);
  }
}

function readHeader(path: string, file: Uint8Array): SegmentHeader {
  if (file.length < SEGMENT_HEADER_BYTES) throw corruptAt(path, 0, "the header is cut");
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (new TextDecoder().decode(file.subarray(0, 8)) !== MARK) {
    throw corruptAt(path, 0, "it is not a log file");
  }
  if (view.getUint32(24) !== crc32(file.subarray(0, 24))) {
    throw corruptAt(path, 0, "the header is damaged");
  }
  const format = view.getUint32(8);
  if (format !== SEGMENT_FORMAT) {
    throw corruptAt(path, 8, `format ${format} was written by a newer version`);
  }
  return { firstIndex: Number(view.getBigUint64(12)), previousChecksum: view.getUint32(20) };
}

/** The error for damage at `offset` bytes into `path`. */
export function corruptAt(path: string, offset: number, what: string): WarrenError {
  return new WarrenError("DATA_CORRUPT", `Cannot read "${path}" at byte ${offset}: ${what}`);
}
