/**
 * Reading a log at the start, and judging damage: torn by a crash, in doubt, or corrupt. Changes
 * nothing on the disk; `member_disk.ts` carries out what is found here.
 *
 * One frame is one write and one sync, and the next is written only when that sync is done. So:
 * - Damage before a later frame, in a segment with a successor, or in a header hit something durable:
 *   DATA_CORRUPT. Nothing is guessed.
 * - Damage after which nothing comes is the newest frame, and is cut. A torn write looks like that,
 *   and so does damage to a frame that was synced and acknowledged. Hence the member is *in doubt*.
 * - Term and vote must never be in doubt. A batch that holds them, installs a snapshot or marks one
 *   is `firm`: it is padded to the end of a block, synced, and then followed by a seal in a block of
 *   its own that is synced too, before anybody hears of it. One fault cannot hit both. If the frame
 *   is damaged and the seal is there, that is a later frame: corrupt. If no seal is there, nobody was
 *   told, and the member forgets nothing that it promised. If the seal is damaged, the frame stands.
 * - So a cut frame that names itself firm was never acknowledged; nor was the seal after a firm one.
 *   Every other cut raises doubt, also that of a firm frame whose head cannot be read: needlessly,
 *   but safely.
 * A crash in the midst of any write leaves a damaged end only, and so never refuses a start.
 */
import type { Entry, HardState } from "../../raft/mod.ts";
import type { SnapshotMark } from "./batch.ts";
import { FRAME_HEAD_BYTES } from "./frame.ts";
import { readFile, type ReadFs } from "./fs.ts";
import { Replay } from "./replay.ts";
import {
  corruptAt,
  parseSegmentName,
  readSegment,
  type SegmentContent,
  segmentName,
} from "./segment.ts";

/** A segment that is in use. */
export interface SegmentInfo {
  readonly sequence: number;
  /** The largest index of any entry in it or before it. */
  readonly maxIndex: number;
}

/** The damaged end of the log. */
export interface Cut {
  readonly path: string;
  readonly offset: number;
  readonly endOffset: number;
  /** It may have been acknowledged. */
  readonly isDoubtful: boolean;
}

/** A log as it was found. */
export interface RecoveredLog {
  readonly segments: readonly SegmentInfo[];
  /** The newest segment. */
  readonly tail: SegmentContent;
  readonly hard: HardState;
  readonly mark: SnapshotMark;
  readonly base: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
  readonly cut: Cut | null;
  /** Names of segments that a compaction did not get round to removing. */
  readonly leftovers: readonly string[];
}

/**
 * Reads the log in `dir`; null when there is none.
 *
 * @throws WarrenError DATA_CORRUPT naming file and offset
 */
export function recoverLog(fs: ReadFs, dir: string): RecoveredLog | null {
  const found = fs.list(dir).map(parseSegmentName).filter((sequence) => sequence !== null);
  const newest = found.at(-1);
  if (newest === undefined) return null;
  const tail = readAndCheck(fs, dir, newest);
  const first = firstNeeded(tail);
  const replay = replaySegments(fs, dir, { first, tail });
  const { hard, mark, entries } = replay.log;
  refuseGapToSnapshot(replay.log, tail.path);
  const base = replay.log.base ?? { index: mark.meta.index, term: mark.meta.term };
  return {
    segments: replay.segments,
    tail,
    hard,
    mark,
    base,
    entries,
    cut: judgeEnd(tail),
    leftovers: found.filter((sequence) => sequence < first).map(segmentName),
  };
}

/** Whether the last frame of `segment` still needs a seal before anybody may rely on it. */
export function isSealed({ frames }: SegmentContent): boolean {
  const kind = frames.at(-1)?.kind;
  return kind === undefined || kind === "seal" || kind === "end";
}

function readAndCheck(fs: ReadFs, dir: string, sequence: number): SegmentContent {
  const path = `${dir}/${segmentName(sequence)}`;
  const content = readSegment(path, readFile(fs, path));
  if (content.header.sequence !== sequence) {
    throw corruptAt(path, 0, `it is segment ${content.header.sequence}, unlike its name`);
  }
  return content;
}

function firstNeeded({ header, frames }: SegmentContent): number {
  let first = header.mark.firstSegment;
  for (const { batches } of frames) {
    for (const { mark, snapshot } of batches) {
      if (snapshot) first = header.sequence;
      if (mark) first = mark.firstSegment;
    }
  }
  return first;
}

interface Replayed {
  readonly log: Replay;
  readonly segments: readonly SegmentInfo[];
}

function replaySegments(
  fs: ReadFs,
  dir: string,
  { first, tail }: { readonly first: number; readonly tail: SegmentContent },
): Replayed {
  let log: Replay | undefined;
  let before: SegmentContent | undefined;
  const segments: SegmentInfo[] = [];
  let maxIndex = 0;
  for (let sequence = first; sequence <= tail.header.sequence; sequence++) {
    const isTail = sequence === tail.header.sequence;
    const content = isTail ? tail : readNeeded(fs, dir, { sequence, needed: tail.path });
    if (!isTail) refuseUnfinished(content);
    log ??= new Replay(content.header);
    refuseBreak(content, before, log);
    maxIndex = Math.max(maxIndex, content.header.base.index);
    for (const { offset, batches } of content.frames) {
      for (const batch of batches) {
        const fault = log.apply(batch, sequence);
        if (fault !== null) throw corruptAt(content.path, offset, fault);
        maxIndex = Math.max(maxIndex, log.last.index);
      }
    }
    segments.push({ sequence, maxIndex });
    before = content;
  }
  if (!log) throw corruptAt(tail.path, 0, `it needs segment ${first}, which comes after it`);
  return { log, segments };
}

function readNeeded(
  fs: ReadFs,
  dir: string,
  { sequence, needed }: { readonly sequence: number; readonly needed: string },
): SegmentContent {
  const name = segmentName(sequence);
  if (!fs.list(dir).includes(name)) {
    throw corruptAt(`${dir}/${name}`, 0, `the file is missing, and "${needed}" needs it`);
  }
  return readAndCheck(fs, dir, sequence);
}

function refuseUnfinished({ path, frames, endOffset }: SegmentContent): void {
  if (frames.at(-1)?.kind === "end") return;
  throw corruptAt(path, endOffset, "a frame is damaged, and a later file follows");
}

function refuseBreak(
  { path, header }: SegmentContent,
  before: SegmentContent | undefined,
  log: Replay,
): void {
  if (!before) return;
  const { end } = before;
  const { previous, base } = header;
  const isNext = previous.number === end.number && previous.chain === end.chain &&
    previous.lengthBytes === end.lengthBytes;
  const { index, term } = log.last;
  if (isNext && base.index === index && (term === null || base.term === term)) return;
  throw corruptAt(path, 0, `it does not follow "${before.path}"`);
}

function judgeEnd({ path, frames, damage }: SegmentContent): Cut | null {
  const last = frames.at(-1);
  if (damage === null || last?.kind === "end") return null;
  const { offset, endOffset, kind, laterOffset } = damage;
  if (laterOffset !== null) {
    throw corruptAt(path, offset, `a frame is damaged, and a good one follows at ${laterOffset}`);
  }
  const isSealOfFirm = last?.kind === "firm" && endOffset - offset <= FRAME_HEAD_BYTES;
  return { path, offset, endOffset, isDoubtful: kind !== "firm" && !isSealOfFirm };
}

function refuseGapToSnapshot(log: Replay, path: string): void {
  const { index, term } = log.mark.meta;
  const found = log.termAt(index);
  const start = log.base?.index ?? log.last.index;
  if (start > index || log.last.index < index) {
    const what = `the log from ${start} to ${log.last.index}`;
    throw corruptAt(path, 0, `${what} does not meet the snapshot at ${index}`);
  }
  if (found !== null && found !== term) {
    throw corruptAt(path, 0, `entry ${index} is of term ${found}, its snapshot of term ${term}`);
  }
}
