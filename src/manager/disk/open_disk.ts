/**
 * Opening the directory of a member: read everything, judge it, and only then change the least.
 *
 * Called by `member_disk.ts`. Order matters: the doubt is durable before the damaged end is cut, and
 * what was read is durable before anybody is told of it. A crash at any point leaves a directory that
 * opens to the same state.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Restored } from "../../raft/mod.ts";
import type { DiskStart } from "./disk.ts";
import type { Fs } from "./fs.ts";
import { LogShape } from "./log_shape.ts";
import { LogWriter, SEGMENT_BYTES } from "./log_writer.ts";
import { type Cut, type RecoveredLog, recoverLog, type SegmentInfo } from "./recover.ts";
import { corruptAt, segmentName } from "./segment.ts";
import { SnapshotStore } from "./snapshot_store.ts";
import { readStart, type StartRecord, writeStart } from "./start_file.ts";

/** Which directory, and whose. */
export interface MemberDiskOptions {
  readonly dir: string;
  readonly memberId: string;
  /** Empty while it is not known. */
  readonly clusterId?: string;
  /** It was opened before: a log that is not there now was lost. */
  readonly mustExist?: boolean;
  /** Bytes of a segment; {@link SEGMENT_BYTES} by default. */
  readonly segmentBytes?: number;
  /** Where the ids of segments come from; by default the system. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

/** An open directory. */
export interface OpenParts {
  readonly fs: Fs;
  readonly dir: string;
  readonly log: LogWriter;
  readonly snapshots: SnapshotStore;
  readonly shape: LogShape;
  readonly segments: readonly SegmentInfo[];
  readonly record: StartRecord;
  readonly start: DiskStart;
}

/** What a new member finds. Its group is told to it through `write`, as a snapshot at index 0. */
const FRESH: Restored = {
  hard: { term: 0, vote: null },
  snapshot: { index: 0, term: 0, membership: { voters: [], outgoing: [], learners: [] } },
  base: { index: 0, term: 0 },
  entries: [],
};

/** Opens a directory. @throws WarrenError DATA_CORRUPT, NoRoomError, and whatever the disk says */
export function openParts(fs: Fs, options: MemberDiskOptions): OpenParts {
  const { dir } = options;
  fs.makeDir(dir);
  const before = readStart(fs, dir);
  const found = recoverLog(fs, dir);
  refuseLoss(dir, before, found);
  // Before anything is written: the next start must refuse it too.
  if (options.mustExist && !found) throw lostLog(dir);
  if (found) refuseForeign(found, options);
  const snapshots = new SnapshotStore(fs, dir);
  const log = new LogWriter({
    ...{ fs, dir, memberId: options.memberId, clusterId: options.clusterId ?? "" },
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    randomBytes: options.randomBytes ?? ((count) => crypto.getRandomValues(new Uint8Array(count))),
  });
  try {
    const isInDoubt = (before?.isInDoubt ?? false) || (found?.cut?.isDoubtful ?? false);
    const record = { incarnation: (before?.incarnation ?? 0) + 1, isInDoubt, hasLog: true };
    const place = { ...{ fs, dir, log, snapshots }, record };
    return found ? openFound(place, found) : openNew(place);
  } catch (error) {
    log.close();
    snapshots.close();
    throw error;
  }
}

type Place = Pick<OpenParts, "fs" | "dir" | "log" | "snapshots" | "record">;

function openNew(place: Place): OpenParts {
  const { fs, dir, log, record } = place;
  const { hard, snapshot, base, entries } = FRESH;
  // Until the first segment is there, its absence is no loss.
  writeStart(fs, dir, { ...record, hasLog: false });
  log.findSpare();
  const mark = { meta: snapshot, firstSegment: 1 };
  log.roll({ base, hard, mark });
  writeStart(fs, dir, record);
  const shape = new LogShape({ hard, mark, base, entries });
  const restored = { hard, snapshot, base, entries };
  const segments = [{ sequence: log.sequence, maxIndex: 0 }];
  return { ...place, shape, segments, start: startOf(place, restored, null) };
}

function openFound(place: Place, found: RecoveredLog): OpenParts {
  const { fs, dir, log, snapshots, record } = place;
  const { hard, mark, base, entries, cut, tail } = found;
  snapshots.open(mark.meta);
  writeStart(fs, dir, record);
  for (const { sequence } of found.segments) syncSegment(fs, dir, sequence);
  if (cut) clear(fs, cut);
  log.resume(tail, fs.open(tail.path));
  log.seal();
  for (const name of found.leftovers) fs.remove(`${dir}/${name}`);
  log.findSpare();
  fs.syncDir(dir);
  const restored = { hard, snapshot: mark.meta, base, entries };
  const shape = new LogShape(found);
  return { ...place, shape, segments: found.segments, start: startOf(place, restored, cut) };
}

function startOf({ record }: Place, restored: Restored, cut: Cut | null): DiskStart {
  return {
    restored: record.isInDoubt ? { ...restored, isInDoubt: true } : restored,
    incarnation: record.incarnation,
    cutBytes: cut ? cut.endOffset - cut.offset : 0,
  };
}

/** What was read may be in the page cache only. */
function syncSegment(fs: Fs, dir: string, sequence: number): void {
  const file = fs.open(`${dir}/${segmentName(sequence)}`);
  try {
    file.sync();
  } finally {
    file.close();
  }
}

function clear(fs: Fs, { path, offset, endOffset }: Cut): void {
  const file = fs.open(path);
  try {
    file.writeAt(offset, new Uint8Array(endOffset - offset));
    file.sync();
  } finally {
    file.close();
  }
}

function refuseLoss(dir: string, before: StartRecord | null, found: RecoveredLog | null): void {
  if (before?.hasLog && !found) throw corruptAt(dir, 0, "the files of its log are missing");
  if (!before && found) throw corruptAt(`${dir}/start`, 0, "the file is missing");
}

/** A member that forgot its votes and entries must not take part under its name (rules E11, I8). */
function lostLog(dir: string): WarrenError {
  const hint = 'restore the directory, or remove this manager with "warren node rm" and join anew';
  return new WarrenError("DATA_CORRUPT", `The log in "${dir}" is missing`, { hint });
}

function refuseForeign(
  { tail: { path, header } }: RecoveredLog,
  { memberId, clusterId = "" }: MemberDiskOptions,
): void {
  if (header.memberId !== memberId) {
    throw corruptAt(path, 0, `it belongs to member "${header.memberId}", not to "${memberId}"`);
  }
  if (header.clusterId !== "" && clusterId !== "" && header.clusterId !== clusterId) {
    throw corruptAt(path, 0, `it belongs to cluster "${header.clusterId}", not to "${clusterId}"`);
  }
}
