/**
 * {@link Disk} over a {@link MemberDisk} in the same thread: what needs time is done here.
 *
 * Lives in the disk's Worker; tests use it without one. It seals the log when nothing is written for
 * a while, makes the next segment ready between writes, and tries again when the disk was full. A
 * write that waits for room holds up later writes only: a compaction may make that room.
 */
import type { CancelTimer, Clock } from "../../lib/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import type { Persist, SnapshotMeta } from "../../raft/mod.ts";
import type { Disk, SnapshotFile, SnapshotWriter } from "./disk.ts";
import type { DraftHandle, MemberDisk } from "./member_disk.ts";

/** Without a write for so long, the last one is sealed. */
export const IDLE_MS = 50;
/** Between two attempts while the disk is full. */
export const ROOM_RETRY_MS = 500;
/** Between two slices of the next segment. */
const SLICE_PAUSE_MS = 5;
/** Writes that may wait for room; more are refused. */
const WAITING_MAX = 4_096;

interface Waiting {
  readonly batches: readonly Persist[];
  /** How many of them are durable. */
  done: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The disk of a member, with its timers. */
export class LocalDisk implements Disk {
  readonly #disk: MemberDisk;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #listener: (isLow: boolean) => void = () => {};
  #isLowTold = false;
  #lastWriteMs = 0;
  #cancelTimer: CancelTimer | null = null;
  #isClosed = false;

  constructor(disk: MemberDisk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
    this.#tendAfter(SLICE_PAUSE_MS);
  }

  write(batches: readonly Persist[]): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      const message = `Cannot write the log: ${WAITING_MAX} writes wait for room on the disk`;
      return Promise.reject(new WarrenError("TOO_MANY", message));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batches, done: 0, resolve, reject });
      if (this.#waiting.length === 1) this.#drain();
    });
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async clearDoubt(): Promise<void> {
    this.#disk.clearDoubt();
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter> {
    return writerOf(this.#disk.beginSnapshot(meta));
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async receiveSnapshot(
    meta: SnapshotMeta,
    digest: string,
    sizeBytes: number,
  ): Promise<SnapshotWriter> {
    return writerOf(this.#disk.receiveSnapshot(meta, { digest, sizeBytes }));
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async findSnapshot(index: number): Promise<SnapshotFile | null> {
    return this.#disk.findSnapshot(index);
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async readSnapshot(
    index: number,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#disk.readSnapshot(index, { offset, maxBytes });
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async compact(index: number, keepFrom: number): Promise<void> {
    try {
      this.#disk.compact(index, keepFrom);
    } finally {
      this.#drain();
    }
  }

  onSpace(listener: (isLow: boolean) => void): void {
    this.#listener = listener;
    if (this.#isLowTold) listener(true);
  }

  // deno-lint-ignore require-await -- a throw becomes a rejection
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#disk.close();
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new WarrenError("STOPPING", "Cannot write the log: it is closed"));
    }
  }

  /** Writes what waits, in order, as far as there is room. */
  #drain(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        next.done += this.#disk.write(next.batches.slice(next.done));
      } catch (error) {
        this.#waiting.shift();
        next.reject(error);
        continue;
      }
      if (next.done < next.batches.length) break;
      this.#waiting.shift();
      next.resolve();
    }
    this.#lastWriteMs = this.#clock.monoNow();
    this.#tellSpace();
    if (!this.#cancelTimer) this.#tendAfter(this.#waiting.length > 0 ? ROOM_RETRY_MS : IDLE_MS);
  }

  #tendAfter(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = null;
      const nextMs = this.#tend();
      if (nextMs !== null && !this.#cancelTimer) this.#tendAfter(nextMs);
    });
  }

  /** What is done between writes; returns when to look again, or null when there is nothing left. */
  #tend(): number | null {
    if (this.#disk.fault) return null;
    if (this.#waiting.length > 0) {
      this.#drain();
      return this.#waiting.length > 0 ? ROOM_RETRY_MS : SLICE_PAUSE_MS;
    }
    try {
      if (this.#disk.prepare()) return SLICE_PAUSE_MS;
      const idleMs = this.#clock.monoNow() - this.#lastWriteMs;
      if (!this.#disk.isSealed && idleMs < IDLE_MS) return Math.max(1, IDLE_MS - idleMs);
      this.#disk.seal();
    } catch (error) {
      // Kept by the disk: every later call throws it.
      if (!this.#disk.fault) throw error;
      return null;
    }
    this.#tellSpace();
    return this.#disk.isLow ? ROOM_RETRY_MS : null;
  }

  #tellSpace(): void {
    const isLow = this.#disk.isLow || this.#waiting.length > 0;
    if (isLow === this.#isLowTold) return;
    this.#isLowTold = isLow;
    this.#listener(isLow);
  }
}

function writerOf(draft: DraftHandle): SnapshotWriter {
  return {
    offset: draft.offset,
    // deno-lint-ignore require-await -- a throw becomes a rejection
    write: async (chunk) => draft.write(chunk),
    // deno-lint-ignore require-await -- a throw becomes a rejection
    finish: async (digest) => draft.finish(digest),
    // deno-lint-ignore require-await -- a throw becomes a rejection
    abort: async () => draft.abort(),
  };
}
