/**
 * Snapshots of one member: taken, sent, received and handed to the state machine.
 *
 * Part of the driver, which tells it of every step; the disk keeps the bytes. Invariant: while a
 * state is on its way to the state machine, entries after it are held back; one snapshot is saved at
 * a time, and one is received at a time.
 */
import { type Log, WarrenError } from "../../lib/mod.ts";
import type { MemberId, Message, PeerReport, RaftCore, SnapshotMeta } from "../../raft/mod.ts";
import type { Disk, SnapshotWriter } from "../disk/disk.ts";
import type { SnapshotOffer, SnapshotReceiver, Transport } from "../transport/transport.ts";
import type { MachinePort } from "./machine_port.ts";
import type { CommittedEntry } from "./protocol.ts";

/** Bytes of entries after which a snapshot is taken, however few the entries are. */
const SNAPSHOT_BYTES = 64 * 1024 * 1024;
/** Entries to wait for after a snapshot could not be saved, as a part of the threshold. */
const RETRY_SHARE = 4;
/** Bytes read from the disk at a time. */
const READ_BYTES = 1024 * 1024;

type SnapshotMessage = Extract<Message, { kind: "snapshot" }>;

/** What a keeper needs. */
export interface KeeperParts {
  readonly core: RaftCore;
  readonly disk: Disk;
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
  #applied = 0;
  #isAsked = false;
  #saving: Saving | null = null;
  #work: Promise<void> = Promise.resolve();
  #restores = 0;
  #held: CommittedEntry[] = [];
  #receiving: MemberId | null = null;

  constructor(parts: KeeperParts, index: number) {
    this.#parts = parts;
    this.#index = index;
    this.#nextAt = index + parts.snapshotThreshold;
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#abort.abort(new WarrenError("STOPPING", "this manager is stopping"));
    await this.#work;
  }

  // To the state machine.

  /** Hands out the snapshot that was in force at the start, if there is one. */
  async restoreNewest(): Promise<void> {
    if (this.#index > 0) await this.#restore(this.#index);
  }

  /** The snapshot of `meta`, received from the leader, is in force. */
  installed({ index }: SnapshotMeta): void {
    this.#restores += 1;
    this.#index = index;
    this.#nextAt = index + this.#parts.snapshotThreshold;
    this.#run("Cannot read the snapshot of the leader", async () => {
      await this.#restore(index);
      this.#restores -= 1;
      if (this.#restores > 0) return;
      const held = this.#held;
      this.#held = [];
      if (held.length > 0) this.#parts.port.apply(held);
    });
  }

  /** Hands out entries, after any state that is on its way. */
  apply(entries: readonly CommittedEntry[]): void {
    if (this.#restores > 0) this.#held.push(...entries);
    else this.#parts.port.apply(entries);
  }

  async #restore(index: number): Promise<void> {
    const { disk, port } = this.#parts;
    const parts: Uint8Array[] = [];
    for (let offset = 0;;) {
      const part = await disk.readSnapshot(index, offset, READ_BYTES);
      if (part === null) {
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

  /** Asks for a state when it is time for one. */
  maybeSave(): void {
    const { core, port } = this.#parts;
    if (this.#isAsked || this.#restores > 0) return;
    const isMany = this.#applied >= this.#nextAt;
    const isLarge = this.#applied > this.#index && core.status().logBytes >= SNAPSHOT_BYTES;
    if (!isMany && !isLarge) return;
    this.#isAsked = true;
    port.save();
  }

  /** The state machine's state as of `index` follows in pieces. */
  stateBegin(index: number): void {
    const { core, disk } = this.#parts;
    if (index <= this.#index) return;
    const meta = core.snapshotMeta(index);
    this.#save(async () => {
      this.#saving = { index, writer: await disk.beginSnapshot(meta) };
    });
  }

  /** The next piece. */
  stateChunk(bytes: Uint8Array): void {
    this.#save(async () => await this.#saving?.writer.write(bytes));
  }

  /** It is whole. */
  stateEnd(): void {
    const { core, disk, log, trailingLogs } = this.#parts;
    this.#save(async () => {
      const saving = this.#saving;
      if (!saving) return;
      const { index, writer } = saving;
      await writer.finish();
      this.#saving = null;
      if (index <= this.#index) return;
      const keepFrom = core.compact(index, Math.max(1, index - trailingLogs + 1));
      if (keepFrom === null) return;
      this.#index = index;
      await disk.compact(index, keepFrom);
      log.debug("snapshot saved", { index, keep_from: keepFrom });
    });
    this.#run("Cannot save a snapshot", () => {
      this.#isAsked = false;
      this.#nextAt = Math.max(this.#nextAt, this.#index + this.#parts.snapshotThreshold);
      return Promise.resolve();
    });
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
        await this.#saving?.writer.abort();
        this.#saving = null;
        this.#nextAt = this.#applied + Math.ceil(snapshotThreshold / RETRY_SHARE);
      }
      port.saving();
    });
  }

  // Between members.

  /** Sends the snapshot that `message` announces; the core is told once how it went. */
  send(transport: Transport, message: SnapshotMessage): void {
    const { onReport, log } = this.#parts;
    const { to, snapshot: { index } } = message;
    void this.#send(transport, message).then(
      () => onReport(to, "snapshot sent"),
      (thrown) => {
        const { message: error } = WarrenError.from(thrown, "Cannot send a snapshot");
        log.warn("a snapshot did not arrive", { member_id: to, index, error });
        onReport(to, "snapshot failed");
      },
    );
  }

  async #send(transport: Transport, message: SnapshotMessage): Promise<void> {
    const { disk } = this.#parts;
    const file = await disk.newestSnapshot();
    const { index } = message.snapshot;
    if (file?.meta.index !== index) throw new Error(`the snapshot at ${index} is gone`);
    const read = (offset: number, maxBytes: number) => disk.readSnapshot(index, offset, maxBytes);
    await transport.sendSnapshot(message, { ...file, read }, this.#abort.signal);
  }

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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
