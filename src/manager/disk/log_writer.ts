/**
 * Appends frames to the newest segment, and makes segments from files of zeros prepared beforehand.
 *
 * Owned by the member's disk; knows bytes, not batches. One frame is one write and one sync. A spare
 * segment is made ready in slices, so that rolling over seldom waits. Invariant: when there is no
 * room, nothing of the frame has been written and {@link NoRoomError} says so.
 */
import { assert } from "../../lib/mod.ts";
import type { ByteWriter } from "../codec/entry.ts";
import {
  CHAIN_START,
  type ChainEnd,
  FRAME_HEAD_BYTES,
  type FrameKind,
  frameSeed,
  sealFrame,
} from "./frame.ts";
import { type Fs, type FsFile, isNoSpace } from "./fs.ts";
import { isSealed } from "./recover.ts";
import {
  BLOCK_BYTES,
  encodeHeader,
  endOfContent,
  type SegmentContent,
  type SegmentHeader,
  segmentName,
} from "./segment.ts";

/** Bytes of a segment. Two exist at least; small machines shall not notice. */
export const SEGMENT_BYTES = 16 * 2 ** 20;

/** Bytes at the end of a segment that only seals and marks of snapshots may use. */
export const RESERVE_BYTES = 4 * BLOCK_BYTES;

const SLICE_BYTES = 2 ** 20;
const ZEROS = new Uint8Array(SLICE_BYTES);
const SPARE_NAME = "spare.tmp";

/** The disk is full. What was to be written was not, and may be tried again. */
export class NoRoomError extends Error {
  override name = "NoRoomError";
}

/** Where and how segments are written. */
export interface LogPlace {
  readonly fs: Fs;
  readonly dir: string;
  readonly segmentBytes: number;
  readonly clusterId: string;
  readonly memberId: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** What a new segment's header repeats of the log before it. */
export type LogContext = Pick<SegmentHeader, "base" | "hard" | "mark">;

interface Tail {
  readonly file: FsFile;
  readonly sequence: number;
  readonly id: Uint8Array;
  readonly sizeBytes: number;
  offset: number;
  end: ChainEnd;
  isSealed: boolean;
  isEnded: boolean;
}

/** The writing end of a log. */
export class LogWriter {
  readonly #place: LogPlace;
  #tail: Tail | null = null;
  #spare: { readonly file: FsFile; allocatedBytes: number } | null = null;
  #isLow = false;

  constructor(place: LogPlace) {
    this.#place = place;
  }

  /** Goes on after `content`, whose damaged end was cut. */
  resume(content: SegmentContent, file: FsFile): void {
    const { header: { sequence, id, sizeBytes }, endOffset, end, frames } = content;
    const isEnded = frames.at(-1)?.kind === "end";
    this.#tail = {
      ...{ file, sequence, id, sizeBytes, end, isEnded },
      offset: endOffset,
      isSealed: isSealed(content),
    };
  }

  /** The newest segment; 0 before the first. */
  get sequence(): number {
    return this.#tail?.sequence ?? 0;
  }

  /** Whether there was no room for another segment when it was last tried. */
  get isLow(): boolean {
    return this.#isLow;
  }

  /** Whether the last frame is followed by a seal. */
  get isSealed(): boolean {
    return this.#tail?.isSealed ?? true;
  }

  /** Whether a frame of `lengthBytes` fits into the newest segment; a reserved one may go further. */
  fits(lengthBytes: number, { kind, isReserved = false }: FrameRoom): boolean {
    const tail = this.#tail;
    if (!tail || tail.isEnded) return false;
    const padded = lengthBytes + (kind === "firm" ? padding(tail.offset + lengthBytes) : 0);
    const leftBytes = tail.sizeBytes - tail.offset -
      (isReserved ? 2 * FRAME_HEAD_BYTES : RESERVE_BYTES);
    return padded <= leftBytes;
  }

  /** Writes one frame, whose payload is in `frame` after room for the head, and syncs it. */
  append(
    frame: ByteWriter,
    { kind, batches }: { readonly kind: FrameKind; readonly batches: number },
  ): void {
    const tail = this.#openTail();
    if (kind === "firm") frame.raw(new Uint8Array(padding(tail.offset + frame.length)));
    this.#write(frame.view(), { kind, batches });
  }

  /** Says that what is before was durable. Does nothing when that was said. */
  seal(): void {
    const tail = this.#tail;
    if (!tail || tail.isSealed || tail.isEnded) return;
    const hasRoom = tail.offset + 2 * FRAME_HEAD_BYTES <= tail.sizeBytes;
    this.#write(new Uint8Array(FRAME_HEAD_BYTES), { kind: hasRoom ? "seal" : "end", batches: 0 });
  }

  /**
   * Begins a new segment with room for a frame of `needBytes`.
   *
   * @throws NoRoomError when the disk is full
   */
  roll(context: LogContext, needBytes = 0): void {
    const needed = BLOCK_BYTES + roundUp(needBytes) + BLOCK_BYTES + RESERVE_BYTES;
    const sizeBytes = Math.max(this.#place.segmentBytes, needed);
    const file = this.#readySpare(sizeBytes);
    const tail = this.#tail;
    if (tail && !tail.isEnded) {
      this.#write(new Uint8Array(FRAME_HEAD_BYTES), { kind: "end", batches: 0 });
    }
    const { fs, dir, clusterId, memberId, randomBytes } = this.#place;
    const sequence = this.sequence + 1;
    const id = randomBytes(16);
    const previous = tail?.end ?? CHAIN_START;
    const header = { ...context, sequence, id, sizeBytes, clusterId, memberId, previous };
    withRoom(() => file.writeAt(0, encodeHeader(header)));
    file.sync();
    file.rename(`${dir}/${segmentName(sequence)}`);
    fs.syncDir(dir);
    this.#spare = null;
    tail?.file.close();
    this.#tail = {
      ...{ file, sequence, id, sizeBytes, end: previous },
      ...{ offset: BLOCK_BYTES, isSealed: true, isEnded: false },
    };
  }

  /** Takes up the spare of an earlier start. What is no spare any more is removed. */
  findSpare(): void {
    const { fs, dir } = this.#place;
    if (!fs.list(dir).includes(SPARE_NAME)) return;
    const path = `${dir}/${SPARE_NAME}`;
    const file = fs.open(path);
    const content = file.readAt(0, file.sizeBytes());
    if (endOfContent(content, 0) > 0) {
      file.close();
      fs.remove(path);
      return;
    }
    file.sync();
    this.#spare = { file, allocatedBytes: content.length };
  }

  /** Makes a slice of the spare ready; returns whether more is to be done at once. */
  prepare(): boolean {
    const { segmentBytes } = this.#place;
    try {
      if ((this.#spare?.allocatedBytes ?? 0) < segmentBytes) this.#extendSpare(segmentBytes);
    } catch (error) {
      if (error instanceof NoRoomError) return false;
      throw error;
    }
    return (this.#spare?.allocatedBytes ?? 0) < segmentBytes;
  }

  close(): void {
    this.#tail?.file.close();
    this.#spare?.file.close();
    this.#tail = null;
    this.#spare = null;
  }

  #readySpare(sizeBytes: number): FsFile {
    while (!this.#spare || this.#spare.allocatedBytes < sizeBytes) this.#extendSpare(sizeBytes);
    return this.#spare.file;
  }

  #extendSpare(sizeBytes: number): void {
    try {
      const file = this.#place.fs;
      this.#spare ??= { file: file.create(`${this.#place.dir}/${SPARE_NAME}`), allocatedBytes: 0 };
      const { allocatedBytes } = this.#spare;
      const slice = Math.min(SLICE_BYTES, sizeBytes - allocatedBytes);
      this.#spare.file.writeAt(allocatedBytes, ZEROS.subarray(0, slice));
      this.#spare.file.sync();
      this.#spare.allocatedBytes += slice;
      if (this.#spare.allocatedBytes >= sizeBytes) this.#isLow = false;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#isLow = true;
      throw new NoRoomError("no room for another segment", { cause: error });
    }
  }

  #write(
    frame: Uint8Array,
    what: { readonly kind: FrameKind; readonly batches: number },
  ): void {
    const tail = this.#openTail();
    const seed = frameSeed(tail.id, tail.offset);
    const end = sealFrame(frame, what, { previous: tail.end, seed });
    // When there is no room, nothing was synced and nothing follows: the next attempt writes over it.
    withRoom(() => tail.file.writeAt(tail.offset, frame));
    tail.file.sync();
    tail.offset += frame.length;
    tail.end = end;
    tail.isSealed = what.kind === "seal" || what.kind === "end";
    tail.isEnded = what.kind === "end";
  }

  #openTail(): Tail {
    const tail = this.#tail;
    assert(tail && !tail.isEnded, "a frame is written to a segment that is open");
    return tail;
  }
}

/** Room is set aside beforehand, but some file systems copy what is written over. */
function withRoom(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (isNoSpace(error)) throw new NoRoomError("no room in a segment", { cause: error });
    throw error;
  }
}

/** How much of a segment a frame may use. */
interface FrameRoom {
  readonly kind: FrameKind;
  readonly isReserved?: boolean;
}

/** Zeros that bring a frame which would end at `offset` to the end of a block. */
function padding(offset: number): number {
  return roundUp(offset) - offset;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
