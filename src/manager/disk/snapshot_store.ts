/**
 * The snapshots in the directory of a member: the one in force, at most one that is newer, and at most
 * one unfinished of each kind.
 *
 * Owned by the member's disk; synchronous. It decides nothing about the log. Invariant: a snapshot is
 * removed only when a newer one is in force.
 */
import type { SnapshotMeta } from "../../raft/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import type { SnapshotFile } from "./disk.ts";
import type { Fs, FsFile } from "./fs.ts";
import { corruptAt } from "./segment.ts";
import { SnapshotDraft } from "./snapshot_draft.ts";
import { readState, verifySnapshot } from "./snapshot_file.ts";

const LOCAL_DRAFT = "local.snapshot.tmp";
const RECEIVED_SUFFIX = ".snapshot.part";

/** A finished snapshot with its file. */
interface Held extends SnapshotFile {
  readonly name: string;
  /** Open once somebody reads. */
  file: FsFile | null;
}

/** The file name of a finished snapshot; names sort like indexes. */
export function snapshotName({ index, term }: SnapshotMeta): string {
  return `${String(index).padStart(16, "0")}-${term}.snapshot`;
}

/** Whether `name` is that of a finished snapshot. */
export function isSnapshotName(name: string): boolean {
  return /^\d{16}-\d+\.snapshot$/.test(name);
}

/** Snapshot files of one member. */
export class SnapshotStore {
  readonly #fs: Fs;
  readonly #dir: string;
  /** The finished ones by index; two at most but for the moment before {@link keepFrom}. */
  #held = new Map<number, Held>();
  #local: SnapshotDraft | null = null;
  #received: SnapshotDraft | null = null;

  constructor(fs: Fs, dir: string) {
    this.#fs = fs;
    this.#dir = dir;
  }

  /**
   * Takes up the directory with the snapshot `inForce`, and removes what is not needed any more.
   *
   * @throws WarrenError DATA_CORRUPT when that snapshot is damaged or missing
   */
  open(inForce: SnapshotMeta): void {
    const wanted = snapshotName(inForce);
    const names = this.#fs.list(this.#dir);
    if (inForce.index > 0) {
      const path = `${this.#dir}/${wanted}`;
      if (!names.includes(wanted)) throw corruptAt(path, 0, "the file is missing");
      const file = this.#fs.open(path);
      try {
        const found = verifySnapshot(file);
        // What was read may be in the page cache only.
        file.sync();
        this.#held.set(inForce.index, { ...found, name: wanted, file });
      } catch (error) {
        file.close();
        throw error;
      }
    }
    for (const name of names) {
      if (name === LOCAL_DRAFT || isSnapshotName(name) && name !== wanted) this.#remove(name);
    }
  }

  /** Begins a local snapshot; an unfinished one is dropped. */
  begin(meta: SnapshotMeta): SnapshotDraft {
    this.#local?.discard();
    this.#local = null;
    this.#local = new SnapshotDraft({
      fs: this.#fs,
      dir: this.#dir,
      draftName: LOCAL_DRAFT,
      finalName: snapshotName(meta),
      meta,
      sizeBytes: null,
    }, { isResumed: false });
    return this.#local;
  }

  /** Begins or resumes one from a peer; one of another snapshot is dropped. */
  receive(meta: SnapshotMeta, { digest, sizeBytes }: Omit<SnapshotFile, "meta">): SnapshotDraft {
    if (!/^[0-9a-f]{64}$/.test(digest)) {
      throw new WarrenError("DATA_CORRUPT", "Cannot take a snapshot: its digest is malformed");
    }
    this.#received?.close();
    this.#received = null;
    const draftName = `${
      snapshotName(meta).replace(/\.snapshot$/, "")
    }-${digest}${RECEIVED_SUFFIX}`;
    let isResumed = false;
    for (const name of this.#fs.list(this.#dir)) {
      if (name === draftName) isResumed = true;
      else if (name.endsWith(RECEIVED_SUFFIX)) this.#remove(name);
    }
    const place = {
      fs: this.#fs,
      dir: this.#dir,
      draftName,
      finalName: snapshotName(meta),
      meta,
      sizeBytes,
    };
    this.#received = resumed(place, isResumed) ?? new SnapshotDraft(place, { isResumed: false });
    return this.#received;
  }

  /** `draft` was finished as `file`: it can be read from now on. */
  add(file: SnapshotFile): void {
    this.#held.get(file.meta.index)?.file?.close();
    this.#held.set(file.meta.index, { ...file, name: snapshotName(file.meta), file: null });
  }

  /** The finished snapshot at `index`, or null. */
  find(index: number): SnapshotFile | null {
    const held = this.#held.get(index);
    return held ? { meta: held.meta, sizeBytes: held.sizeBytes, digest: held.digest } : null;
  }

  /** See the `readSnapshot` of the disk. */
  read(
    index: number,
    { offset, maxBytes }: { readonly offset: number; readonly maxBytes: number },
  ): Uint8Array<ArrayBuffer> | null {
    const held = this.#held.get(index);
    if (!held) return null;
    held.file ??= this.#fs.open(`${this.#dir}/${held.name}`);
    return readState(held.file, { offset, maxBytes, sizeBytes: held.sizeBytes });
  }

  /** The snapshot at `index` is in force: older ones go. The caller syncs the directory. */
  keepFrom(index: number): void {
    for (const [older, held] of this.#held) {
      if (older >= index) continue;
      held.file?.close();
      this.#held.delete(older);
      this.#remove(held.name);
    }
  }

  /** Lets go of every file. */
  close(): void {
    this.#local?.close();
    this.#received?.close();
    for (const held of this.#held.values()) held.file?.close();
    this.#held = new Map();
  }

  #remove(name: string): void {
    this.#fs.remove(`${this.#dir}/${name}`);
  }
}

/** The earlier attempt, unless it is too damaged or too long to go on with. */
function resumed(
  place: ConstructorParameters<typeof SnapshotDraft>[0],
  isThere: boolean,
): SnapshotDraft | null {
  if (!isThere) return null;
  try {
    const draft = new SnapshotDraft(place, { isResumed: true });
    if (place.sizeBytes === null || draft.offset <= place.sizeBytes) return draft;
    draft.close();
    return null;
  } catch (error) {
    // A draft without a whole header holds nothing: it is begun anew.
    if (error instanceof WarrenError && error.reason === "DATA_CORRUPT") return null;
    throw error;
  }
}
