/**
 * Frames: the checksummed, chained units that a segment is made of. Pure bytes in, bytes out.
 *
 * One frame is one write and one sync. So a later valid frame proves that the one before it was
 * durable, and a write that a crash tore is always the last. A frame names the one before it by
 * number, length and chain. Its checksum depends on the segment and on its place there: bytes of
 * another file, of another place or inside an entry never look like a frame.
 *
 *     mark 4 | kind 1, zero 3 | number 8 | payload length 4 | batches 4 | previous length 4 |
 *     previous chain 4 | payload checksum 4 | chain 4, then the payload
 *
 * The chain is the checksum of all before it in the head, and so of everything since the first frame.
 */
import { crc32 } from "node:zlib";

/** Bytes before the payload. */
export const FRAME_HEAD_BYTES = 40;

/**
 * What a frame is for: `plain` batches; `firm` ones, which nobody is told of before a seal follows
 * (see recover.ts); a `seal`, which says that what is before it was durable; the `end` of a segment.
 */
export type FrameKind = "plain" | "firm" | "seal" | "end";

/** Where the chain stands: what the next frame says of the one before it. */
export interface ChainEnd {
  readonly number: number;
  /** Bytes of that frame, head included. */
  readonly lengthBytes: number;
  readonly chain: number;
}

/** What a valid head says. */
export interface FrameHead {
  readonly kind: FrameKind;
  readonly number: number;
  readonly payloadBytes: number;
  readonly batches: number;
  readonly previous: Omit<ChainEnd, "number">;
  readonly payloadChecksum: number;
  readonly chain: number;
}

/** The chain before the first frame of a log. */
export const CHAIN_START: ChainEnd = { number: 0, lengthBytes: 0, chain: 0 };

const MARK = [0xf5, 0x57, 0x52, 0x46] as const;
const KINDS: readonly FrameKind[] = ["plain", "firm", "seal", "end"];
const CHAIN_AT = 36;

/** Fills in the head at the start of `frame`, whose payload is there already. */
export function sealFrame(
  frame: Uint8Array,
  { kind, batches }: { readonly kind: FrameKind; readonly batches: number },
  { previous, seed }: { readonly previous: ChainEnd; readonly seed: number },
): ChainEnd {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEAD_BYTES);
  frame.set(MARK);
  view.setUint32(4, KINDS.indexOf(kind), true);
  view.setBigUint64(8, BigInt(previous.number + 1), true);
  view.setUint32(16, frame.length - FRAME_HEAD_BYTES, true);
  view.setUint32(20, batches, true);
  view.setUint32(24, previous.lengthBytes, true);
  view.setUint32(28, previous.chain, true);
  view.setUint32(32, crc32(frame.subarray(FRAME_HEAD_BYTES)), true);
  const chain = crc32(frame.subarray(0, CHAIN_AT), seed);
  view.setUint32(CHAIN_AT, chain, true);
  return { number: previous.number + 1, lengthBytes: frame.length, chain };
}

/** The seed for checksums of the frame at `offset` of the segment `id`. */
export function frameSeed(id: Uint8Array, offset: number): number {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setFloat64(0, offset);
  return crc32(place, crc32(id));
}

/** The head at `offset` of `segment`, or null when no valid one is there. */
export function readHead(segment: Uint8Array, id: Uint8Array, offset: number): FrameHead | null {
  if (segment.length - offset < FRAME_HEAD_BYTES) return null;
  if (MARK.some((byte, at) => segment[offset + at] !== byte)) return null;
  const view = new DataView(segment.buffer, segment.byteOffset + offset, FRAME_HEAD_BYTES);
  const chain = view.getUint32(CHAIN_AT, true);
  const head = segment.subarray(offset, offset + CHAIN_AT);
  const kind = KINDS[view.getUint32(4, true)];
  if (kind === undefined || crc32(head, frameSeed(id, offset)) !== chain) return null;
  return {
    kind,
    number: Number(view.getBigUint64(8, true)),
    payloadBytes: view.getUint32(16, true),
    batches: view.getUint32(20, true),
    previous: { lengthBytes: view.getUint32(24, true), chain: view.getUint32(28, true) },
    payloadChecksum: view.getUint32(32, true),
    chain,
  };
}

/** The payload of the frame with `head` at `offset`, or null when it is damaged. */
export function readPayload(
  segment: Uint8Array,
  offset: number,
  head: FrameHead,
): Uint8Array | null {
  const start = offset + FRAME_HEAD_BYTES;
  const payload = segment.subarray(start, start + head.payloadBytes);
  const isWhole = payload.length === head.payloadBytes && crc32(payload) === head.payloadChecksum;
  return isWhole ? payload : null;
}

/** Where the first valid head after `offset` is, or null when there is none. */
export function findHeadAfter(
  segment: Uint8Array,
  id: Uint8Array,
  offset: number,
): number | null {
  for (let at = segment.indexOf(MARK[0], offset + 1); at !== -1;) {
    if (readHead(segment, id, at) !== null) return at;
    at = segment.indexOf(MARK[0], at + 1);
  }
  return null;
}
