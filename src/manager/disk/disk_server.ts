/**
 * Answers the calls of {@link RemoteDisk} with a disk in this thread.
 *
 * The disk's Worker is one of these and nothing else; tests run it in their own thread. The first call
 * opens the directory. Drafts of snapshots are held by number, at most one of each kind.
 */
import { assert, assertNever, type Clock, WarrenError } from "../../lib/mod.ts";
import { ByteWriter, writeEntry } from "../codec/entry.ts";
import type { SnapshotWriter } from "./disk.ts";
import type { Fs } from "./fs.ts";
import { LocalDisk } from "./local_disk.ts";
import { MemberDisk } from "./member_disk.ts";
import type {
  DiskCall,
  DiskWorkerOptions,
  DraftInfo,
  FromDisk,
  OpenAnswer,
  ToDisk,
} from "./protocol.ts";

type Send = (message: FromDisk, transfer: readonly Transferable[]) => void;

interface Draft {
  readonly number: number;
  readonly writer: SnapshotWriter;
}

/** The serving end. */
export class DiskServer {
  readonly #fs: Fs;
  readonly #clock: Clock;
  readonly #send: Send;
  #disk: LocalDisk | null = null;
  #drafts = 0;
  #local: Draft | null = null;
  #received: Draft | null = null;

  constructor(parts: { readonly fs: Fs; readonly clock: Clock; readonly send: Send }) {
    this.#fs = parts.fs;
    this.#clock = parts.clock;
    this.#send = parts.send;
  }

  /** Carries out one call and answers it. Never rejects. */
  async handle({ id, call }: ToDisk): Promise<void> {
    try {
      const value = await this.#call(call);
      const transfer = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
      this.#send({ kind: "answer", id, value }, transfer);
    } catch (error) {
      const fault = WarrenError.from(error, "Cannot use the log").toInfo();
      this.#send({ kind: "fault", id, error: fault }, []);
    }
  }

  /** Begins the call at once: only its end may come later than those of calls after it. */
  #call(call: DiskCall): Promise<unknown> | unknown {
    if (call.kind === "open") return this.#open(call.options);
    const disk = this.#disk;
    if (call.kind === "close") return disk?.close();
    assert(disk, "the disk is opened first");
    switch (call.kind) {
      case "write":
        return disk.write(call.batches);
      case "clearDoubt":
        return disk.clearDoubt();
      case "begin":
        return this.#begin(disk, call);
      case "receive":
        return this.#receive(disk, call);
      case "draftWrite":
        return this.#draft(call.draft).write(call.chunk);
      case "draftFinish":
        return this.#draft(call.draft).finish(call.digest);
      case "draftAbort":
        return this.#draft(call.draft).abort();
      case "find":
        return disk.findSnapshot(call.index);
      case "read":
        return disk.readSnapshot(call.index, call.offset, call.maxBytes);
      case "compact":
        return disk.compact(call.index, call.keepFrom);
      default:
        return assertNever(call, "call of the disk");
    }
  }

  #open(options: DiskWorkerOptions): OpenAnswer {
    assert(!this.#disk, "a disk is opened once");
    const { disk, start } = MemberDisk.open(this.#fs, options);
    this.#disk = new LocalDisk(disk, this.#clock);
    this.#disk.onSpace((isLow) => this.#send({ kind: "space", isLow }, []));
    const packed = new ByteWriter();
    for (const entry of start.restored.entries) writeEntry(packed, entry);
    const restored = { ...start.restored, entries: [] };
    return { start: { ...start, restored }, entries: packed.finish() };
  }

  async #begin(
    disk: LocalDisk,
    { meta }: Extract<DiskCall, { kind: "begin" }>,
  ): Promise<DraftInfo> {
    const number = ++this.#drafts;
    this.#local = null;
    this.#local = { number, writer: await disk.beginSnapshot(meta) };
    return { draft: number, offset: this.#local.writer.offset };
  }

  async #receive(
    disk: LocalDisk,
    { meta, digest, sizeBytes }: Extract<DiskCall, { kind: "receive" }>,
  ): Promise<DraftInfo> {
    const number = ++this.#drafts;
    this.#received = null;
    this.#received = { number, writer: await disk.receiveSnapshot(meta, digest, sizeBytes) };
    return { draft: number, offset: this.#received.writer.offset };
  }

  #draft(number: number): SnapshotWriter {
    for (const draft of [this.#local, this.#received]) {
      if (draft?.number === number) return draft.writer;
    }
    throw new WarrenError("SESSION_REPLACED", "Cannot write the snapshot: another one was begun");
  }
}
