/**
 * Snapshots of one member: taken, sent, received and handed to the state machine.
 *
 * Part of the driver, which tells it of every step; the disk keeps the bytes. Invariant: while a
 * state is on its way to the state machine, entries after it are held back; one snapshot is saved at
 * a time, and one is received at a time.
 */
import { type Clock, type Log, WarrenError } from "../../lib/mod.ts";
import type { MemberId, PeerReport, RaftCore, SnapshotMeta } from "../../raft/mod.ts";
import type { Disk, SnapshotWriter } from "../disk/disk.ts";
import type { SnapshotOffer, SnapshotReceiver } from "../transport/transport.ts";
import { EntrySizes } from "./entry_sizes.ts";
import type { MachinePort } from "./machine_port.ts";
import type { CommittedEntry } from "./protocol.ts";
import { SnapshotSends } from "./snapshot_sends.ts";

/** Bytes of entries after which a snapshot is taken, however few the entries are. */
const SNAPSHOT_BYTES = 64 * 1024 * 1024;
/** Bytes of entries that are kept behind a snapshot, however few they are. */
const TRAILING_BYTES = 32 * 1024 * 1024;
/** Entries to wait for after a snapshot could not be saved, as a part of the threshold. */
const RETRY_SHARE = 4;
/** Bytes read from the disk at a time. */
const READ_BYTES = 1024 * 1024;

/** What a keeper needs. */
export interface KeeperParts {
  readonly core: Pick<RaftCore, "compact" | "snapshotMeta" | "status" | "termAt">;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: MachinePort;
  readonly snapshotThreshold: number;
  readonly trailingLogs: number;
  readonly onReport: (peer: MemberId, what: PeerReport) => void;
  readonly onFailed: (error: unknown, doing: string) => void;
}

interface Saving {
  readonly index: number;
  readonly writer: SnapshotWriter;
}

/** The snapshots of one member. */
export class SnapshotKeeper {
  readonly #parts: KeeperParts;
  readonly #abort = new AbortController();
  /** Index of the snapshot in force. */
  #index = 0;
  /** Index that the state machine must reach before the next one is taken. */
  #nextAt: number;
  /** Index before which no attempt is made, after one that failed. */
  #retryAt = 0;
  #applied = 0;
  readonly #sizes = new EntrySizes();
  /** What the entries after the snapshot in force take. */
  #bytesSince = 0;
  #isAsked = false;
  #saving: Saving | null = null;
  #work: Promise<void> = Promise.resolve();
  /** States on their way to the state machine; one at the start, if there is a snapshot. */
  #restores: number;
  #held: CommittedEntry[] = [];
  #receiving: MemberId | null = null;
  /** Snapshots on their way to others. */
  readonly sends: SnapshotSends;

  constructor(parts: KeeperParts, index: number) {
    this.#parts = parts;
    this.#index = index;
    this.#nextAt = index + parts.snapshotThreshold;
    this.#restores = index > 0 ? 1 : 0;
    this.sends = new SnapshotSends({ ...parts, inForce: () => this.#index });
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.abort();
    await this.#work;
  }

  /** As {@link stop}, without waiting. */
  abort(): void {
    this.#abort.abort();
    this.sends.stop();
  }

  // To the state machine.

  /** Hands out the snapshot that was in force at the start, if there is one; entries wait for it. */
  async restoreNewest(): Promise<void> {
    const index = this.#index;
    if (index === 0) return;
    const restored = this.#work.then(() => this.#handOut(index));
    this.#work = restored.catch(() => {});
    await restored;
  }

  /** The snapshot of `meta`, received from the leader, is in force. */
  installed({ index }: SnapshotMeta): void {
    this.#restores += 1;
    this.#index = index;
    this.#nextAt = index + this.#parts.snapshotThreshold;
    this.#bytesSince = 0;
    // Entries come after their state only once it is in force: what is held here is older.
    this.#held = [];
    this.#run("Cannot read the snapshot of the leader", () => this.#handOut(index));
  }

  async #handOut(index: number): Promise<void> {
    // One that another has replaced meanwhile may be gone from the disk.
    if (index === this.#index) await this.#restore(index);
    this.#restores -= 1;
    if (this.#restores > 0) return;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#parts.port.apply(held);
  }

  /** Hands out entries, after any state that is on its way. */
  apply(entries: readonly CommittedEntry[]): void {
    for (const { index, data } of entries) {
      this.#bytesSince += this.#sizes.note(index, data?.length ?? 0);
    }
    if (this.#restores > 0) this.#held.push(...entries);
    else this.#parts.port.apply(entries);
  }

  async #restore(index: number): Promise<void> {
    const { disk, port } = this.#parts;
    const parts: Uint8Array[] = [];
    for (let offset = 0;;) {
      const part = await disk.readSnapshot(index, offset, READ_BYTES);
      if (part === null) {
        if (index !== this.#index) return;
        throw new WarrenError("DATA_CORRUPT", `The snapshot at ${index} is missing`);
      }
      if (part.length === 0) break;
      parts.push(part);
      offset += part.length;
    }
    port.restore(index, joined(parts));
  }

  // Saving.

  /** The state machine is at `index`. */
  applied(index: number): void {
    this.#applied = index;
  }

  /**
   * Asks for a state when it is time for one. While a snapshot is on its way to another member, only
   * when the log grows large: the next one would take its place, and the transfer would begin anew.
   */
  maybeSave(): void {
    if (this.#isAsked || this.#restores > 0 || this.#applied < this.#retryAt) return;
    const isLarge = this.#bytesSince >= SNAPSHOT_BYTES && this.#applied > this.#index;
    const isMany = this.#applied >= this.#nextAt;
    if (!isLarge && !(isMany && !this.sends.isBusy)) return;
    this.#isAsked = true;
    this.#parts.port.save();
  }

  /** The state machine's state as of `index` follows in pieces. */
  stateBegin(index: number): void {
    const { core, disk } = this.#parts;
    this.#save(async () => {
      if (this.#isOld(index)) return;
      const writer = await disk.beginSnapshot(core.snapshotMeta(index));
      this.#saving = { index, writer };
    });
  }

  /** Whether a snapshot of the leader has replaced the log at `index` meanwhile. */
  #isOld(index: number): boolean {
    return index <= this.#index || this.#parts.core.termAt(index) === undefined;
  }

  /** The next piece. */
  stateChunk(bytes: Uint8Array): void {
    this.#save(async () => await this.#saving?.writer.write(bytes));
  }

  /** It is whole. */
  stateEnd(): void {
    this.#save(async () => {
      const saving = this.#saving;
      this.#saving = null;
      if (!saving) return;
      if (this.#isOld(saving.index)) return await saving.writer.abort();
      await saving.writer.finish();
      await this.#compact(saving.index);
    });
    this.#run("Cannot save a snapshot", () => {
      this.#isAsked = false;
      return Promise.resolve();
    });
  }

  async #compact(index: number): Promise<void> {
    const { core, disk, log, trailingLogs, snapshotThreshold } = this.#parts;
    if (this.#isOld(index)) return;
    const limits = { count: trailingLogs, maxBytes: TRAILING_BYTES };
    const keepFrom = core.compact(index, this.#sizes.keepFrom(index, limits));
    if (keepFrom === null) return;
    this.#index = index;
    this.#nextAt = index + snapshotThreshold;
    this.#bytesSince = this.#sizes.after(index);
    this.#sizes.forgetBefore(keepFrom);
    await disk.compact(index, keepFrom);
    log.debug("snapshot saved", { index, keep_from: keepFrom });
  }

  /** The state machine could not give its state, or was told to stop. */
  stateFailed(): void {
    this.#save(() => Promise.reject(new Error("the state could not be encoded")));
    this.stateEnd();
  }

  /** One step of saving: a failure costs this snapshot, the log only grows on. */
  #save(step: () => Promise<void>): void {
    const { log, port, snapshotThreshold } = this.#parts;
    this.#run("Cannot save a snapshot", async () => {
      try {
        await step();
      } catch (thrown) {
        const error = WarrenError.from(thrown, "Cannot save a snapshot");
        if (error.reason === "DATA_CORRUPT") throw error;
        log.error("cannot save a snapshot, the log grows on", { error: error.message });
        const saving = this.#saving;
        this.#saving = null;
        await saving?.writer.abort();
        this.#retryAt = this.#applied + Math.ceil(snapshotThreshold / RETRY_SHARE);
      }
      port.saving();
    });
  }

  // Between members.

  /** A peer offers a snapshot: taken unless it is old news, or another one is coming in. */
  async receive(
    { from, meta, digest, sizeBytes }: SnapshotOffer,
  ): Promise<SnapshotReceiver | null> {
    const { core, disk } = this.#parts;
    if (this.#receiving !== null || meta.index <= core.status().committed) return null;
    this.#receiving = from;
    const done = () => this.#receiving = null;
    try {
      const writer = await disk.receiveSnapshot(meta, digest, sizeBytes);
      return {
        offset: writer.offset,
        write: (chunk) => writer.write(chunk),
        finish: () => writer.finish(digest).finally(done),
        abort: () => writer.abort().finally(done),
      };
    } catch (error) {
      done();
      throw error;
    }
  }

  #run(doing: string, step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error) => {
      if (!this.#abort.signal.aborted) this.#parts.onFailed(error, doing);
    });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
