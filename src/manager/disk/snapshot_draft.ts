/**
 * A snapshot that is being written: chunks go to a temporary file, which gets its name when whole.
 *
 * Made by the store of snapshots; synchronous. Invariant: what `offset` counts at the start was read
 * back and verified, and the name is given only to what is durable and, when its digest was told,
 * equal to it.
 */
import { createHash } from "node:crypto";
import type { SnapshotMeta } from "../../raft/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import type { SnapshotFile } from "./disk.ts";
import type { Fs, FsFile } from "./fs.ts";
import {
  CHUNK_BYTES,
  chunkOffset,
  encodeChunk,
  encodeSnapshotHeader,
  encodeTrailer,
  readChunk,
  readSnapshotHeader,
} from "./snapshot_file.ts";

/** Written bytes after which the file is synced: no sync at the end takes long. */
const SYNC_BYTES = 4 * 2 ** 20;

/** Where a draft is written, and what it is to become. */
export interface DraftPlace {
  readonly fs: Fs;
  readonly dir: string;
  readonly draftName: string;
  readonly finalName: string;
  readonly meta: SnapshotMeta;
  /** How many bytes the state has, when that is known. */
  readonly sizeBytes: number | null;
}

/** The bytes of a snapshot on their way to a file. */
export class SnapshotDraft {
  readonly #place: DraftPlace;
  readonly #hash = createHash("sha256");
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #file: FsFile;
  #filled = 0;
  #chunks = 0;
  #checksum: number;
  #unsyncedBytes = 0;
  #isOpen = true;

  /** Begins anew, or goes on after the good chunks of an earlier attempt when `isResumed`. */
  constructor(place: DraftPlace, { isResumed }: { readonly isResumed: boolean }) {
    this.#place = place;
    const path = `${place.dir}/${place.draftName}`;
    if (isResumed) {
      this.#file = place.fs.open(path);
      try {
        this.#checksum = this.#takeUp();
      } catch (error) {
        this.#file.close();
        throw error;
      }
      return;
    }
    const header = encodeSnapshotHeader(place.meta);
    this.#file = place.fs.create(path);
    this.#checksum = header.checksum;
    this.#file.writeAt(0, header.bytes);
  }

  /** State bytes taken so far. */
  get offset(): number {
    return this.#chunks * CHUNK_BYTES + this.#filled;
  }

  /** Appends bytes of the state. @throws WarrenError SESSION_REPLACED once closed */
  write(bytes: Uint8Array): void {
    this.#requireOpen();
    const { sizeBytes } = this.#place;
    if (sizeBytes !== null && this.offset + bytes.length > sizeBytes) {
      throw this.#refusal(`more than its ${sizeBytes} bytes came`);
    }
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === CHUNK_BYTES) this.#flush();
    }
  }

  /** Makes it durable under its name. @throws WarrenError DATA_CORRUPT when it is not as told */
  finish(expected?: string): SnapshotFile {
    this.#requireOpen();
    const { fs, dir, finalName, meta, sizeBytes: told } = this.#place;
    const sizeBytes = this.offset;
    let at = chunkOffset(this.#chunks);
    if (this.#filled > 0) {
      at += 8 + this.#filled;
      this.#flush();
    }
    const digest = this.#hash.digest("hex");
    if (told !== null && told !== sizeBytes || expected !== undefined && expected !== digest) {
      const error = this.#refusal(`it has ${sizeBytes} bytes with sha-256 ${digest}`);
      this.discard();
      throw error;
    }
    this.#file.writeAt(at, encodeTrailer({ sizeBytes, digest }, this.#checksum));
    this.#file.sync();
    this.#file.rename(`${dir}/${finalName}`);
    this.close();
    fs.syncDir(dir);
    return { meta, sizeBytes, digest };
  }

  /** Lets go of the file and leaves what is there. Idempotent. */
  close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  /** Lets go of the file and removes it. */
  discard(): void {
    if (!this.#isOpen) return;
    this.close();
    this.#place.fs.remove(this.#file.path);
  }

  /** Reads the good chunks of an earlier attempt and cuts off what follows. */
  #takeUp(): number {
    let { checksum } = readSnapshotHeader(this.#file);
    for (;;) {
      const chunk = readChunk(this.#file, this.#chunks, checksum);
      if (chunk?.state.length !== CHUNK_BYTES) break;
      this.#hash.update(chunk.state);
      checksum = chunk.checksum;
      this.#chunks++;
    }
    this.#file.truncate(chunkOffset(this.#chunks));
    this.#file.sync();
    return checksum;
  }

  #flush(): void {
    const state = this.#chunk.subarray(0, this.#filled);
    const { bytes, checksum } = encodeChunk(state, this.#checksum);
    this.#file.writeAt(chunkOffset(this.#chunks), bytes);
    this.#hash.update(state);
    this.#checksum = checksum;
    this.#chunks++;
    this.#filled = 0;
    this.#unsyncedBytes += bytes.length;
    if (this.#unsyncedBytes < SYNC_BYTES) return;
    this.#file.sync();
    this.#unsyncedBytes = 0;
  }

  #requireOpen(): void {
    if (this.#isOpen) return;
    throw new WarrenError("SESSION_REPLACED", "Cannot write the snapshot: another one was begun");
  }

  #refusal(why: string): WarrenError {
    const { index } = this.#place.meta;
    return new WarrenError("DATA_CORRUPT", `Cannot take the snapshot at ${index}: ${why}`, {
      hint: "it is fetched again by itself",
    });
  }
}
