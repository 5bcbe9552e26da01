/**
 * {@link Disk} in another thread: turns calls into messages and answers into results.
 *
 * Used by whoever drives consensus. While one write is under way, later ones are gathered and go
 * together, which is the group commit. Calls that wait are bounded. When the thread fails, every
 * call throws from then on.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Persist, SnapshotMeta } from "../../raft/mod.ts";
import type { Disk, SnapshotFile, SnapshotWriter } from "./disk.ts";
import type { DiskAnswers, DiskCall, DraftInfo, FromDisk, ToDisk } from "./protocol.ts";

/** Calls that may be unanswered, and writes that may be gathered. */
const PENDING_MAX = 4_096;

/** The way to the other thread. */
export interface DiskPort {
  send(message: ToDisk, transfer: readonly Transferable[]): void;
  /** Ends the thread. */
  end(): void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A disk behind a port. */
export class RemoteDisk implements Disk {
  readonly #port: DiskPort;
  readonly #pending = new Map<number, Pending>();
  #gathered: { readonly batches: readonly Persist[]; readonly pending: Pending }[] = [];
  #isWriting = false;
  #calls = 0;
  #fault: WarrenError | null = null;
  #closing: Promise<void> | null = null;
  #listener: (isLow: boolean) => void = () => {};
  #isLow = false;

  constructor(port: DiskPort) {
    this.#port = port;
  }

  /** Takes in a message of the other thread. */
  hear(message: FromDisk): void {
    if (message.kind === "space") {
      this.#isLow = message.isLow;
      return this.#listener(message.isLow);
    }
    if (message.kind === "awake") return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "answer") pending?.resolve(message.value);
    else pending?.reject(WarrenError.fromInfo(message.error));
  }

  /** The thread failed: nothing is answered any more. */
  fail(error: WarrenError): void {
    this.#fault ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#fault);
    for (const { pending } of this.#gathered.splice(0)) pending.reject(this.#fault);
    this.#pending.clear();
  }

  /** One call and its answer. */
  call<C extends DiskCall>(
    call: C,
    transfer: readonly Transferable[] = [],
  ): Promise<DiskAnswers[C["kind"]]> {
    return new Promise((resolve, reject) => {
      if (this.#fault) return reject(this.#fault);
      if (this.#pending.size >= PENDING_MAX) {
        return reject(new WarrenError("TOO_MANY", "Cannot use the log: too many calls wait"));
      }
      const id = ++this.#calls;
      // The other thread answers a call with what belongs to its kind.
      const take = (value: unknown) => resolve(value as DiskAnswers[C["kind"]]);
      this.#pending.set(id, { resolve: take, reject });
      this.#port.send({ id, call }, transfer);
    });
  }

  write(batches: readonly Persist[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#fault) return reject(this.#fault);
      if (this.#gathered.length >= PENDING_MAX) {
        return reject(new WarrenError("TOO_MANY", "Cannot write the log: too many writes wait"));
      }
      this.#gathered.push({ batches, pending: { resolve: () => resolve(), reject } });
      this.#writeGathered();
    });
  }

  clearDoubt(): Promise<void> {
    return this.call({ kind: "clearDoubt" });
  }

  async beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter> {
    return this.#writer(await this.call({ kind: "begin", meta }));
  }

  async receiveSnapshot(
    meta: SnapshotMeta,
    digest: string,
    sizeBytes: number,
  ): Promise<SnapshotWriter> {
    return this.#writer(await this.call({ kind: "receive", meta, digest, sizeBytes }));
  }

  findSnapshot(index: number): Promise<SnapshotFile | null> {
    return this.call({ kind: "find", index });
  }

  readSnapshot(
    index: number,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.call({ kind: "read", index, offset, maxBytes });
  }

  compact(index: number, keepFrom: number): Promise<void> {
    return this.call({ kind: "compact", index, keepFrom });
  }

  onSpace(listener: (isLow: boolean) => void): void {
    this.#listener = listener;
    if (this.#isLow) listener(true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new WarrenError("STOPPING", "Cannot use the log: it is closed");
    try {
      if (!this.#fault) await this.call({ kind: "close" });
    } finally {
      this.fail(closed);
      this.#port.end();
    }
  }

  #writeGathered(): void {
    if (this.#isWriting || this.#gathered.length === 0) return;
    const group = this.#gathered.splice(0);
    this.#isWriting = true;
    this.call({ kind: "write", batches: group.flatMap(({ batches }) => batches) }).then(
      () => group.forEach(({ pending }) => pending.resolve(undefined)),
      (error: unknown) => group.forEach(({ pending }) => pending.reject(error)),
    ).finally(() => {
      this.#isWriting = false;
      this.#writeGathered();
    });
  }

  #writer({ draft, offset }: DraftInfo): SnapshotWriter {
    return {
      offset,
      write: (chunk) => this.#writeDraft(draft, chunk),
      finish: (digest) => this.call({ kind: "draftFinish", draft, digest }),
      abort: async () => {
        if (!this.#fault) await this.call({ kind: "draftAbort", draft }).catch(ignoreReplaced);
      },
    };
  }

  /** The bytes are copied once and then handed over: the caller may use its own again. */
  #writeDraft(draft: number, bytes: Uint8Array): Promise<void> {
    // Not `slice`, which for a Buffer is another view of the same bytes.
    const chunk = new Uint8Array(bytes);
    return this.call({ kind: "draftWrite", draft, chunk }, [chunk.buffer]);
  }
}

/** A draft that was replaced by another is given up already. */
function ignoreReplaced(error: unknown): void {
  if (!(error instanceof WarrenError && error.reason === "SESSION_REPLACED")) throw error;
}
