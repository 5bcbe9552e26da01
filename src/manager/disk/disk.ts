/**
 * What consensus needs of a disk: an atomic durable record per batch, and snapshots beside the log.
 *
 * The driver calls it; `member_disk.ts` is the real one, behind a Worker in production. Invariant:
 * what `write` resolved for survives any crash, and what it did not resolve for may be there or not.
 * A full disk is a slow disk: `write` waits until there is room, and says so through `onSpace`.
 */
import type { Persist, Restored, SnapshotMeta } from "../../raft/mod.ts";

/** What was found at the start. */
export interface DiskStart {
  readonly restored: Restored;
  /** Counts the starts of this data directory, from 1; durable before anything leaves. */
  readonly incarnation: number;
  /** Bytes of the newest batch that were cut because they could not be read. */
  readonly cutBytes: number;
}

/** A snapshot that is being written. Nothing of it counts before `finish`. */
export interface SnapshotWriter {
  /** Bytes that an earlier, interrupted transfer of the same snapshot has left here; go on from there. */
  readonly offset: number;
  /** Appends the next bytes. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes it durable under its name: synced, renamed, directory synced.
   *
   * @throws WarrenError DATA_CORRUPT when `digest` (sha-256, lower-case hex) is given and differs
   */
  finish(digest?: string): Promise<void>;
  /** Gives up; what was received may be kept for a later attempt. Idempotent. */
  abort(): Promise<void>;
}

/** A finished snapshot on the disk, verified while it is read. */
export interface SnapshotFile {
  readonly meta: SnapshotMeta;
  /** Bytes of the state, without the file's own header and checksums. */
  readonly sizeBytes: number;
  /** sha-256 of the state, lower-case hex. */
  readonly digest: string;
}

/** The disk of one member. Calls are carried out in their order. */
export interface Disk {
  /**
   * Makes `batches` durable, each wholly or not at all, in order, with one sync for all.
   *
   * @throws WarrenError DATA_CORRUPT when the disk failed: from then on every call throws
   */
  write(batches: readonly Persist[]): Promise<void>;
  /** The member is whole again: the doubt of the start ({@link Restored.isInDoubt}) is forgotten. */
  clearDoubt(): Promise<void>;
  /** Begins a local snapshot, replacing any unfinished one. */
  beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter>;
  /** Begins or resumes one from a peer, whose whole digest is known from the start. */
  receiveSnapshot(meta: SnapshotMeta, digest: string, sizeBytes: number): Promise<SnapshotWriter>;
  /** The finished snapshot at `index`, or null when it is gone. */
  findSnapshot(index: number): Promise<SnapshotFile | null>;
  /** Bytes of the state from `offset`, at most `maxBytes`; null when that snapshot is gone. */
  readSnapshot(index: number, offset: number, maxBytes: number): Promise<Uint8Array | null>;
  /**
   * The snapshot at `index` is in force: marks it in the log, then deletes older snapshots and the
   * segments that hold no entry from `keepFrom` on. Only for local snapshots; an installed one takes
   * effect through `write`.
   */
  compact(index: number, keepFrom: number): Promise<void>;
  /** Told when the disk has no room for another segment, and when it has again. */
  onSpace(listener: (isLow: boolean) => void): void;
  /** Seals the log and closes the files. Idempotent. */
  close(): Promise<void>;
}
