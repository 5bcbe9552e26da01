/**
 * Batches as bytes: what consensus wants durable at once, and the mark of a snapshot in force.
 *
 * Called by the log writer and by recovery. Checksums are with the frame around it.
 */
import type { Entry, HardState, Persist, SnapshotMeta } from "../../raft/mod.ts";
import { assert } from "../../lib/mod.ts";
import {
  type ByteReader,
  type ByteWriter,
  readEntry,
  readSnapshotMeta,
  writeEntry,
  writeSnapshotMeta,
} from "../codec/entry.ts";

/** The snapshot that is in force, and the first segment that is still needed beside it. */
export interface SnapshotMark {
  readonly meta: SnapshotMeta;
  readonly firstSegment: number;
}

/** One batch: a {@link Persist}, or the mark of a local snapshot. */
export interface Batch extends Persist {
  readonly mark: SnapshotMark | null;
}

const HARD = 1;
const TRUNCATE = 2;
const SNAPSHOT = 4;
const MARK = 8;

/** Whether nobody may be told of `batch` before a seal follows it. */
export function isFirm(batch: Batch): boolean {
  return batch.hard !== null || batch.snapshot !== null || batch.mark !== null;
}

/** Appends `batch`. */
export function writeBatch(writer: ByteWriter, batch: Batch): void {
  const { hard, truncateFrom, snapshot, mark, entries } = batch;
  writer.u8(
    (hard ? HARD : 0) + (truncateFrom !== null ? TRUNCATE : 0) + (snapshot ? SNAPSHOT : 0) +
      (mark ? MARK : 0),
  );
  if (hard) writeHardState(writer, hard);
  if (truncateFrom !== null) writer.u53(truncateFrom);
  if (snapshot) writeSnapshotMeta(writer, snapshot);
  if (mark) writeSnapshotMark(writer, mark);
  writer.u53(entries.length);
  for (const entry of entries) writeEntry(writer, entry);
}

/** The next batch. @throws WarrenError DATA_CORRUPT */
export function readBatch(reader: ByteReader): Batch {
  const parts = reader.u8();
  if (parts >= 2 * MARK) throw reader.fault(`${parts} is no kind of batch`);
  const hard = parts & HARD ? readHardState(reader) : null;
  const truncateFrom = parts & TRUNCATE ? reader.u53() : null;
  const snapshot = parts & SNAPSHOT ? readSnapshotMeta(reader) : null;
  const mark = parts & MARK ? readSnapshotMark(reader) : null;
  const entries = Array.from({ length: reader.count(3) }, () => readEntry(reader));
  return { hard, truncateFrom, snapshot, mark, entries };
}

/** Appends term and vote. */
export function writeHardState(writer: ByteWriter, { term, vote }: HardState): void {
  writer.u53(term);
  writer.bool(vote !== null);
  if (vote !== null) writer.string(vote);
}

/** Term and vote. @throws WarrenError DATA_CORRUPT */
export function readHardState(reader: ByteReader): HardState {
  return { term: reader.u53(), vote: reader.bool() ? reader.string() : null };
}

/** Appends a mark. */
export function writeSnapshotMark(writer: ByteWriter, mark: SnapshotMark): void {
  writeSnapshotMeta(writer, mark.meta);
  writer.u53(mark.firstSegment);
}

/** A mark. @throws WarrenError DATA_CORRUPT */
export function readSnapshotMark(reader: ByteReader): SnapshotMark {
  return { meta: readSnapshotMeta(reader), firstSegment: reader.u53() };
}

/** The last index of a log that ended at `lastIndex` once `batch` is in it; asserts that it fits. */
export function lastIndexAfter(lastIndex: number, batch: Persist): number {
  let last = batch.snapshot?.index ?? lastIndex;
  if (batch.truncateFrom !== null) last = Math.min(last, batch.truncateFrom - 1);
  for (const { index } of batch.entries) {
    assert(index === last + 1, `entry ${index} follows ${last} in the log`);
    last = index;
  }
  return last;
}

/** The last of `entries`. */
export function lastOf(entries: readonly Entry[]): Entry | undefined {
  return entries[entries.length - 1];
}
