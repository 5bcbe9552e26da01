/**
 * The disk of one member, synchronous: log and snapshots of one directory over an {@link Fs}.
 *
 * Lives in the disk's own thread behind `local_disk.ts`; tests use it directly. It owns no time: who
 * owns it seals when idle, prepares the spare and tries again when the disk was full. After a failed
 * write or sync it is poisoned: the kernel may have forgotten what was not written, so nothing is
 * tried again, every later call throws, and the truth is what a new start reads from the disk.
 */
import type { Persist, SnapshotMeta } from "../../raft/mod.ts";
import { assert, BugError, WarrenError } from "../../lib/mod.ts";
import { ByteWriter } from "../codec/entry.ts";
import { type Batch, isFirm, lastIndexAfter, writeBatch } from "./batch.ts";
import type { DiskStart, SnapshotFile } from "./disk.ts";
import { FRAME_HEAD_BYTES } from "./frame.ts";
import { type Fs, isNoSpace } from "./fs.ts";
import type { LogShape } from "./log_shape.ts";
import { type LogWriter, NoRoomError } from "./log_writer.ts";
import { type MemberDiskOptions, type OpenParts, openParts } from "./open_disk.ts";
import type { SegmentInfo } from "./recover.ts";
import { segmentName } from "./segment.ts";
import type { SnapshotDraft } from "./snapshot_draft.ts";
import type { SnapshotStore } from "./snapshot_store.ts";
import { type StartRecord, writeStart } from "./start_file.ts";
export type { MemberDiskOptions };

/** A snapshot that is being written. */
export interface DraftHandle {
  readonly offset: number;
  write(chunk: Uint8Array): void;
  finish(digest?: string): void;
  abort(): void;
}

const NOTHING: Persist = { hard: null, truncateFrom: null, entries: [], snapshot: null };

/** Log and snapshots of a member. */
export class MemberDisk {
  readonly #fs: Fs;
  readonly #dir: string;
  readonly #log: LogWriter;
  readonly #snapshots: SnapshotStore;
  readonly #frame = new ByteWriter(65_536);
  #shape: LogShape;
  #segments: SegmentInfo[];
  #record: StartRecord;
  #fault: WarrenError | null = null;
  #isClosed = false;

  private constructor(parts: OpenParts) {
    this.#fs = parts.fs;
    this.#dir = parts.dir;
    this.#log = parts.log;
    this.#snapshots = parts.snapshots;
    this.#shape = parts.shape;
    this.#segments = [...parts.segments];
    this.#record = parts.record;
  }

  /**
   * Opens the directory, made when absent: reads it, cuts a torn end, and makes durable what it found
   * before anything can build on it.
   *
   * @throws WarrenError DATA_CORRUPT naming file and offset; DISK_FULL when a new log finds no room
   */
  static open(
    fs: Fs,
    options: MemberDiskOptions,
  ): { readonly disk: MemberDisk; readonly start: DiskStart } {
    try {
      const parts = openParts(fs, options);
      return { disk: new MemberDisk(parts), start: parts.start };
    } catch (error) {
      if (error instanceof WarrenError || error instanceof BugError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const reason = error instanceof NoRoomError || isNoSpace(error)
        ? "DISK_FULL"
        : "DATA_DIR_UNUSABLE";
      const message = `Cannot open the log in "${options.dir}": ${why}`;
      throw new WarrenError(reason, message, { cause: error });
    }
  }

  /** Whether there is no room for another segment. */
  get isLow(): boolean {
    return this.#log.isLow;
  }

  /** Whether a seal would add something. */
  get isSealed(): boolean {
    return this.#log.isSealed;
  }

  /** Why the disk takes nothing any more; null while it does. */
  get fault(): WarrenError | null {
    return this.#fault;
  }

  /**
   * Makes `batches` durable in order; returns how many, which is fewer than all when the disk is full.
   *
   * @throws WarrenError DATA_CORRUPT when the disk failed, by this very call or before
   */
  write(batches: readonly Persist[]): number {
    return this.#guard("write the log", () => {
      let done = 0;
      while (done < batches.length) {
        const count = this.#writeSome(batches.slice(done));
        if (count === 0) return done;
        done += count;
      }
      return done;
    });
  }

  /** See the disk's contract. */
  clearDoubt(): void {
    this.#requireGood();
    if (!this.#record.isInDoubt) return;
    this.#guard("write the start record", () => {
      const record = { ...this.#record, isInDoubt: false };
      this.#fullIsNoFault("end the doubt", () => writeStart(this.#fs, this.#dir, record));
      this.#record = record;
    });
  }

  /** Begins a local snapshot. */
  beginSnapshot(meta: SnapshotMeta): DraftHandle {
    return this.#draft(meta, () => this.#snapshots.begin(meta));
  }

  /** Begins or resumes a snapshot from a peer. */
  receiveSnapshot(meta: SnapshotMeta, told: Omit<SnapshotFile, "meta">): DraftHandle {
    const known = this.#snapshots.find(meta.index);
    if (known?.meta.term === meta.term && known.digest === told.digest) return finished(known);
    return this.#draft(meta, () => this.#snapshots.receive(meta, told));
  }

  /** The finished snapshot at `index`. */
  findSnapshot(index: number): SnapshotFile | null {
    this.#requireGood();
    return this.#snapshots.find(index);
  }

  /** Verified bytes of a snapshot; null when it is gone. */
  readSnapshot(
    index: number,
    place: { readonly offset: number; readonly maxBytes: number },
  ): Uint8Array<ArrayBuffer> | null {
    return this.#guard("read a snapshot", () => this.#snapshots.read(index, place));
  }

  /** Puts a local snapshot in force. @throws WarrenError DISK_FULL when the mark finds no room */
  compact(index: number, keepFrom: number): void {
    this.#guard("compact the log", () => {
      const { mark } = this.#shape;
      if (index < mark.meta.index) return;
      const snapshot = this.#snapshots.find(index);
      assert(snapshot, `the snapshot at ${index} is finished before the log is compacted`);
      const { meta } = snapshot;
      assert(this.#shape.termAt(index) === meta.term, `entry ${index} is that of its snapshot`);
      const firstSegment = this.#firstWith(Math.min(keepFrom, index + 1));
      if (index > mark.meta.index || firstSegment > mark.firstSegment) {
        this.#writeMark({ ...NOTHING, mark: { meta, firstSegment } });
      }
      this.#dropOld();
    });
  }

  /** Ends doubt about the last frame: who owns the disk calls it when nothing was written for a while. */
  seal(): void {
    this.#guard("seal the log", () => {
      try {
        this.#log.seal();
      } catch (error) {
        if (!(error instanceof NoRoomError)) throw error;
      }
    });
  }

  /** Makes a slice of the next segment ready; returns whether more is to be done at once. */
  prepare(): boolean {
    return this.#guard("prepare a segment", () => this.#log.prepare());
  }

  /** Seals the log and closes the files. Idempotent; never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#fault) this.#log.seal();
    } catch (error) {
      // A log without its last seal is whole; the next start says what it found.
      this.#poison("seal the log", error);
    }
    this.#log.close();
    this.#snapshots.close();
  }

  /** Writes as many batches as one frame takes; 0 when there is no room. */
  #writeSome(batches: readonly Persist[]): number {
    const frame = this.#frame;
    frame.rewind(0);
    frame.raw(new Uint8Array(FRAME_HEAD_BYTES));
    const taken: Batch[] = [];
    let kind: "plain" | "firm" = "plain";
    let last = this.#shape.lastIndex;
    for (const persist of batches) {
      const batch = { ...persist, mark: null };
      last = lastIndexAfter(last, batch);
      this.#requireSnapshot(batch);
      const before = frame.length;
      writeBatch(frame, batch);
      const next: "plain" | "firm" = isFirm(batch) ? "firm" : kind;
      if (taken.length > 0 && !this.#log.fits(frame.length, { kind: next })) {
        frame.rewind(before);
        break;
      }
      kind = next;
      taken.push(batch);
    }
    try {
      if (!this.#log.fits(frame.length, { kind })) this.#roll(frame.length);
      this.#append(taken, kind);
    } catch (error) {
      if (error instanceof NoRoomError) return 0;
      throw error;
    }
    if (taken.some(({ snapshot }) => snapshot !== null)) this.#dropOld();
    return taken.length;
  }

  #writeMark(batch: Batch): void {
    this.#frame.rewind(0);
    this.#frame.raw(new Uint8Array(FRAME_HEAD_BYTES));
    writeBatch(this.#frame, batch);
    try {
      const fits = this.#log.fits(this.#frame.length, { kind: "firm", isReserved: true });
      if (!fits) this.#roll(this.#frame.length);
      this.#append([batch], "firm");
    } catch (error) {
      // Only when nothing was written: a sync that fails for want of room is as final as any.
      if (error instanceof NoRoomError) throw this.#full("mark a snapshot", error);
      throw error;
    }
  }

  #append(batches: readonly Batch[], kind: "plain" | "firm"): void {
    this.#log.append(this.#frame, { kind, batches: batches.length });
    const { sequence } = this.#log;
    for (const batch of batches) {
      const reached = this.#shape.apply(batch, sequence);
      const segment = this.#segments[this.#segments.length - 1];
      assert(segment?.sequence === sequence, "the newest segment is known");
      const maxIndex = Math.max(segment.maxIndex, reached);
      this.#segments[this.#segments.length - 1] = { sequence, maxIndex };
    }
    if (kind === "firm") this.#sealFirm();
  }

  /** The frame is in the log by now: without its seal nothing can be told or tried again. */
  #sealFirm(): void {
    try {
      this.#log.seal();
    } catch (error) {
      if (error instanceof NoRoomError) throw new Error(error.message, { cause: error });
      throw error;
    }
  }

  #roll(needBytes: number): void {
    const { last: base, hard, mark } = this.#shape;
    this.#log.roll({ base, hard, mark }, needBytes);
    this.#segments.push({ sequence: this.#log.sequence, maxIndex: base.index });
  }

  /** The first segment that holds an entry from `keepFrom` on; the newest at most. */
  #firstWith(keepFrom: number): number {
    const found = this.#segments.find(({ maxIndex }) => maxIndex >= keepFrom);
    return found?.sequence ?? this.#log.sequence;
  }

  /** Removes what the mark in force makes needless. */
  #dropOld(): void {
    const { firstSegment, meta } = this.#shape.mark;
    for (const { sequence } of this.#segments) {
      if (sequence < firstSegment) this.#fs.remove(`${this.#dir}/${segmentName(sequence)}`);
    }
    this.#segments = this.#segments.filter(({ sequence }) => sequence >= firstSegment);
    this.#snapshots.keepFrom(meta.index);
    this.#fs.syncDir(this.#dir);
  }

  #requireSnapshot({ snapshot }: Persist): void {
    if (snapshot === null || snapshot.index === 0) return;
    const found = this.#snapshots.find(snapshot.index);
    assert(found?.meta.term === snapshot.term, `the snapshot at ${snapshot.index} is finished`);
  }

  #draft(meta: SnapshotMeta, begin: () => SnapshotDraft): DraftHandle {
    const doing = `write the snapshot at ${meta.index}`;
    const step = <T>(work: () => T): T =>
      this.#guard(doing, () => this.#fullIsNoFault(doing, work));
    const draft = step(begin);
    const orDiscard = <T>(work: () => T): T => {
      try {
        return step(work);
      } catch (error) {
        // The room that it took is needed for the log.
        if (isReason(error, "DISK_FULL")) step(() => draft.discard());
        throw error;
      }
    };
    return {
      offset: draft.offset,
      write: (chunk) => orDiscard(() => draft.write(chunk)),
      finish: (digest) => orDiscard(() => this.#snapshots.add(draft.finish(digest))),
      abort: () => draft.close(),
    };
  }

  /** For files that nothing depends on yet: a full disk is no fault of theirs. */
  #fullIsNoFault<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isNoSpace(error)) throw this.#full(doing, error);
      throw error;
    }
  }

  #full(doing: string, cause: unknown): WarrenError {
    const message = `Cannot ${doing}: the disk of "${this.#dir}" is full`;
    return new WarrenError("DISK_FULL", message, { cause });
  }

  #guard<T>(doing: string, work: () => T): T {
    this.#requireGood();
    try {
      return work();
    } catch (error) {
      if (error instanceof WarrenError || error instanceof BugError) throw error;
      throw this.#poison(doing, error);
    }
  }

  #poison(doing: string, error: unknown): WarrenError {
    const why = error instanceof Error ? error.message : String(error);
    this.#fault ??= new WarrenError("DATA_CORRUPT", `Cannot ${doing}: ${why}`, {
      cause: error,
      hint: `check the disk of "${this.#dir}", then start this manager again`,
    });
    return this.#fault;
  }

  #requireGood(): void {
    if (this.#fault) throw this.#fault;
    if (this.#isClosed) throw new WarrenError("STOPPING", "Cannot use the log: it is closed");
  }
}

/** A snapshot that is there already needs nothing more. */
function finished({ sizeBytes }: SnapshotFile): DraftHandle {
  return { offset: sizeBytes, write: () => {}, finish: () => {}, abort: () => {} };
}

function isReason(error: unknown, reason: string): boolean {
  return error instanceof WarrenError && error.reason === reason;
}
