/**
 * The durable log of this member: entries in segment files, and the newest snapshot beside them.
 *
 * Owned by the proposer, which appends one batch at a time. What `append` resolved for survives any
 * crash. After a failed write or sync the log is poisoned: the kernel may have forgotten what was
 * not written, so nothing is retried, every later call is refused, and the truth is what a new start
 * reads from the disk.
 */
import { WarrenError } from "../../lib/mod.ts";
import { encodeFrame, type LogRecord } from "./frame.ts";
import type { LogFile, LogFs } from "./log_fs.ts";
import { recoverLog, type Recovery } from "./recover.ts";
import {
  encodeSegmentHeader,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "./segment.ts";
import { parseSnapshotName, writeSnapshot } from "./snapshot_file.ts";

/** Where the log ends, and the file that takes the next batch. */
interface Tail {
  readonly file: LogFile;
  readonly segmentBytes: number;
  readonly nextIndex: number;
  readonly checksum: number;
}

/** Entries on disk, appended in order and never changed. */
export class DurableLog {
  readonly #fs: LogFs;
  readonly #dir: string;
  #tail: Tail;
  #fault: WarrenError | undefined;
  /** Bytes that a crash had left of an unfinished batch and that were cut at the start. */
  readonly cutBytes: number;

  private constructor(place: { fs: LogFs; dir: string }, tail: Tail, cutBytes: number) {
    this.#fs = place.fs;
    this.#dir = place.dir;
    this.#tail = tail;
    this.cutBytes = cutBytes;
  }

  /**
   * Opens the log in `dir`, made when absent, and hands everything in it to `recovery` in order.
   *
   * @throws WarrenError DATA_CORRUPT naming file and offset.
   */
  static async open(fs: LogFs, dir: string, recovery: Recovery): Promise<DurableLog> {
    const found = await recoverLog(fs, dir, recovery);
    if (!found) {
      const tail = await beginSegment(fs, dir, { firstIndex: 1, previousChecksum: 0 });
      return new DurableLog({ fs, dir }, tail, 0);
    }
    const { path, goodBytes: segmentBytes, nextIndex, checksum, cutBytes } = found;
    const file = await fs.open(path);
    if (cutBytes > 0) await file.truncate(segmentBytes);
    // What was read may sit in the page cache only; it must be durable before anything builds on it.
    await file.sync();
    return new DurableLog({ fs, dir }, { file, segmentBytes, nextIndex, checksum }, cutBytes);
  }

  /** Index of the last durable entry; 0 when there is none. */
  get lastIndex(): number {
    return this.#tail.nextIndex - 1;
  }

  /** Why the log takes nothing any more. */
  get fault(): WarrenError | undefined {
    return this.#fault;
  }

  /**
   * Appends one batch with one write and one sync. One call at a time.
   *
   * @throws WarrenError DATA_CORRUPT when the log is poisoned, by this very call or before.
   */
  async append(entries: readonly Uint8Array[]): Promise<void> {
    const { file, segmentBytes, nextIndex, checksum: previous } = this.#tail;
    const records = entries.map((bytes, at): LogRecord => ({ index: nextIndex + at, bytes }));
    await this.#guard("write", async () => {
      const { bytes, checksum } = encodeFrame(records, nextIndex, previous);
      await file.append(bytes);
      await file.sync();
      this.#tail = {
        file,
        segmentBytes: segmentBytes + bytes.length,
        nextIndex: nextIndex + records.length,
        checksum,
      };
    });
  }

  /** Begins a new segment, so that all entries so far can be dropped once a snapshot holds them. */
  async roll(): Promise<void> {
    const { file, nextIndex, checksum, segmentBytes } = this.#tail;
    if (segmentBytes === SEGMENT_HEADER_BYTES) return;
    await this.#guard("begin a file of", async () => {
      const header = { firstIndex: nextIndex, previousChecksum: checksum };
      this.#tail = await beginSegment(this.#fs, this.#dir, header);
      file.close();
    });
  }

  /**
   * Writes the state at `index` and then drops the segments and snapshots that it replaces. A
   * failure leaves the log as it was, only longer; it does not poison it.
   *
   * @throws whatever the disk says.
   */
  async saveSnapshot(index: number, chunks: Iterable<Uint8Array>): Promise<void> {
    await writeSnapshot(this.#fs, this.#dir, { index, chunks });
    for (const name of await obsolete(this.#fs, this.#dir, index)) {
      await this.#fs.remove(`${this.#dir}/${name}`);
    }
    await this.#fs.syncDir(this.#dir);
  }

  /**
   * Closes the log. A last empty batch seals what is before it, so that damage to it while it lies
   * there is found at the next start.
   */
  async close(): Promise<void> {
    const { file, segmentBytes } = this.#tail;
    try {
      if (!this.#fault && segmentBytes > SEGMENT_HEADER_BYTES) await this.append([]);
    } finally {
      file.close();
    }
  }

  async #guard(doing: string, work: () => Promise<void>): Promise<void> {
    if (this.#fault) throw this.#fault;
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#fault = new WarrenError("DATA_CORRUPT", `Cannot ${doing} the log: ${why}`, {
        cause: error,
        hint: `check the disk of "${this.#dir}", then start this manager again`,
      });
      throw this.#fault;
    }
  }
}

async function beginSegment(
  fs: LogFs,
  dir: string,
  header: { readonly firstIndex: number; readonly previousChecksum: number },
): Promise<Tail> {
  const path = `${dir}/${segmentName(header.firstIndex)}`;
  const file = await fs.create(`${path}.new`);
  try {
    await file.append(encodeSegmentHeader(header));
    await file.sync();
    await fs.rename(`${path}.new`, path);
    await fs.syncDir(dir);
  } catch (error) {
    file.close();
    throw error;
  }
  const { firstIndex: nextIndex, previousChecksum: checksum } = header;
  return { file, segmentBytes: SEGMENT_HEADER_BYTES, nextIndex, checksum };
}

/** Names of what the snapshot at `index` replaces: older snapshots and segments wholly within it. */
async function obsolete(fs: LogFs, dir: string, index: number): Promise<readonly string[]> {
  const names = await fs.list(dir);
  const segments = names.filter((name) => parseSegmentName(name) !== undefined);
  const isWithin = (_: string, at: number) => {
    const next = segments[at + 1];
    return next !== undefined && (parseSegmentName(next) ?? Infinity) <= index + 1;
  };
  const older = names.filter((name) => (parseSnapshotName(name) ?? Infinity) < index);
  return [...segments.filter(isWithin), ...older];
}
