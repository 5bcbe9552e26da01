/**
 * A disk that cannot fail, for tests of the driver: what was written is there at the next start.
 *
 * Faults of real disks are the matter of `disk/`'s own tests. `hold` makes writes wait.
 */
import { type Entry, freshStart, type Persist, type SnapshotMeta } from "../../../raft/mod.ts";
import type { Disk, DiskStart, SnapshotFile, SnapshotWriter } from "../../disk/disk.ts";

interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly state: Uint8Array;
}

/** One member's disk. `start` may be called again after `close`. */
export class MemoryDisk implements Disk {
  #hard = freshStart().hard;
  #snapshot: Snapshot | null = null;
  #finished: Snapshot | null = null;
  #base = { index: 0, term: 0 };
  #entries: Entry[] = [];
  #starts = 0;
  #gate: Promise<void> = Promise.resolve();
  #tellSpace: (isLow: boolean) => void = () => {};
  /** Writes so far. */
  writes = 0;
  /** Whether the end of the log may be missing, as far as the disk knows. */
  isInDoubt = false;

  /** What a start finds. */
  start(): DiskStart {
    this.#starts += 1;
    const snapshot = this.#snapshot?.meta ?? freshStart().snapshot;
    const restored = {
      hard: this.#hard,
      snapshot,
      base: this.#base,
      entries: [...this.#entries],
      isInDoubt: this.isInDoubt,
    };
    return { restored, incarnation: this.#starts, cutBytes: 0 };
  }

  /** Writes wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  async write(batches: readonly Persist[]): Promise<void> {
    await this.#gate;
    await new Promise((resolve) => setTimeout(resolve));
    this.writes += 1;
    for (const batch of batches) this.#take(batch);
  }

  #take({ hard, truncateFrom, entries, snapshot }: Persist): void {
    if (hard) this.#hard = hard;
    if (snapshot) {
      if (this.#finished?.meta.index !== snapshot.index) throw new Error("snapshot is not there");
      this.#snapshot = this.#finished;
      this.#base = { index: snapshot.index, term: snapshot.term };
      this.#entries = [];
    }
    if (truncateFrom !== null) this.#entries = this.#entries.filter((e) => e.index < truncateFrom);
    this.#entries.push(...entries);
  }

  clearDoubt(): Promise<void> {
    this.isInDoubt = false;
    return Promise.resolve();
  }

  beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter> {
    const parts: Uint8Array[] = [];
    return Promise.resolve({
      offset: 0,
      write: (chunk) => Promise.resolve(void parts.push(chunk.slice())),
      finish: () => Promise.resolve(void (this.#finished = { meta, state: joined(parts) })),
      abort: () => Promise.resolve(),
    });
  }

  receiveSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter> {
    return this.beginSnapshot(meta);
  }

  async findSnapshot(index: number): Promise<SnapshotFile | null> {
    if (this.#snapshot?.meta.index !== index) return null;
    const { meta, state } = this.#snapshot;
    const hash = await crypto.subtle.digest("SHA-256", state.slice());
    return { meta, sizeBytes: state.length, digest: new Uint8Array(hash).toHex() };
  }

  readSnapshot(index: number, offset: number, maxBytes: number): Promise<Uint8Array | null> {
    if (this.#snapshot?.meta.index !== index) return Promise.resolve(null);
    return Promise.resolve(this.#snapshot.state.slice(offset, offset + maxBytes));
  }

  compact(index: number, keepFrom: number): Promise<void> {
    if (this.#finished?.meta.index === index) this.#snapshot = this.#finished;
    const gone = this.#entries.filter((entry) => entry.index < keepFrom).at(-1);
    if (gone) this.#base = { index: gone.index, term: gone.term };
    this.#entries = this.#entries.filter((entry) => entry.index >= keepFrom);
    return Promise.resolve();
  }

  onSpace(listener: (isLow: boolean) => void): void {
    this.#tellSpace = listener;
  }

  /** The disk is full, or has room again. */
  setFull(isLow: boolean): void {
    this.#tellSpace(isLow);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
