/**
 * Reads a backup file and believes nothing of it before all of it was checked.
 *
 * Used by a restore. It does not look into the state. The state is held in memory, as it is by
 * whoever restores it.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { formatBytes, WarrenError } from "../../lib/mod.ts";
import {
  BACKUP_FORMAT,
  type BackupEnd,
  type BackupHeader,
  KIND,
  LEAD_BYTES,
  MARK,
  MAX_RECORD_BYTES,
  RECORD_HEAD_BYTES,
  recordChecksum,
} from "./format.ts";

/** Size of a state at most. */
const MAX_STATE_BYTES = 2 ** 31;

/** A backup, whole and unharmed. */
export interface Backup {
  readonly header: BackupHeader;
  /** The encoded state. */
  readonly state: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the file at `path`.
 *
 * @throws WarrenError USAGE when it cannot be opened; DATA_CORRUPT naming the place when it is
 *   damaged, cut, no backup, or written by a newer version
 */
export async function readBackup(path: string): Promise<Backup> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw new WarrenError("USAGE", `Cannot read backup "${path}": ${reasonOf(error)}`, {
      hint: "check the path, and that you may read it",
      cause: error,
    });
  }
  using open = file;
  return await new BackupReader(path, open).read();
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "you may not read it";
  return error instanceof Error ? error.message : String(error);
}

/** One record: its kind, its bytes, and where it begins. */
interface FileRecord {
  readonly kind: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly at: number;
}

class BackupReader {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #at = 0;
  #checksum = 0;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  async read(): Promise<Backup> {
    await this.#readLead();
    const first = await this.#record();
    if (first.kind !== KIND.header) throw this.#fault(first.at, "it does not begin with a header");
    const header = this.#parse(first, headerOf);
    const pieces: Uint8Array[] = [];
    const sum = createHash("sha256");
    let sizeBytes = 0;
    for (;;) {
      const record = await this.#record();
      if (record.kind === KIND.piece) {
        sizeBytes += record.bytes.length;
        if (sizeBytes > MAX_STATE_BYTES) {
          throw this.#fault(record.at, `it holds more than ${formatBytes(MAX_STATE_BYTES)}`);
        }
        sum.update(record.bytes);
        pieces.push(record.bytes);
        continue;
      }
      if (record.kind !== KIND.end) {
        throw this.#fault(record.at, `${record.kind} is no kind of part`);
      }
      const end = this.#parse(record, endOf);
      if (end.sizeBytes !== sizeBytes || end.sha256 !== sum.digest("hex")) {
        throw this.#fault(record.at, "the state is not the one that was backed up");
      }
      await this.#expectEnd();
      return { header, state: joined(pieces, sizeBytes) };
    }
  }

  async #readLead(): Promise<void> {
    const lead = await this.#take(LEAD_BYTES);
    if (new TextDecoder().decode(lead.subarray(0, MARK.length)) !== MARK) {
      throw this.#fault(0, "it is no backup of a cluster");
    }
    const format = new DataView(lead.buffer).getUint32(MARK.length, true);
    if (format !== BACKUP_FORMAT) {
      const hint = "restore it with the version of warren that wrote it, or a newer one";
      throw this.#fault(MARK.length, `format ${format} was written by a newer version`, hint);
    }
    this.#checksum = crc32(lead);
  }

  async #record(): Promise<FileRecord> {
    const at = this.#at;
    const head = await this.#take(RECORD_HEAD_BYTES);
    const view = new DataView(head.buffer);
    const length = view.getUint32(1, true);
    if (length > MAX_RECORD_BYTES) throw this.#fault(at, "it is damaged");
    const bytes = await this.#take(length);
    const record = new Uint8Array(head.length + length);
    record.set(head);
    record.set(bytes, head.length);
    this.#checksum = recordChecksum(record, this.#checksum);
    if (this.#checksum !== view.getUint32(5, true)) throw this.#fault(at, "it is damaged");
    return { kind: view.getUint8(0), bytes, at };
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let got = 0;
    while (got < length) {
      const count = await this.#readSome(bytes.subarray(got));
      if (count === null) throw this.#fault(this.#at + got, "it is cut");
      got += count;
    }
    this.#at += length;
    return bytes;
  }

  async #expectEnd(): Promise<void> {
    if (await this.#readSome(new Uint8Array(1)) === null) return;
    throw this.#fault(this.#at, "something follows its end");
  }

  async #readSome(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#file.read(into);
    } catch (error) {
      throw this.#fault(this.#at, reasonOf(error));
    }
  }

  #parse<T>({ bytes, at }: FileRecord, parse: (value: Record<string, unknown>) => T | null): T {
    let parsed: T | null = null;
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (typeof value === "object" && value !== null) {
        parsed = parse(value as Record<string, unknown>);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    if (parsed === null) throw this.#fault(at, "it is malformed");
    return parsed;
  }

  #fault(
    at: number,
    why: string,
    hint = "take another backup: this one is not whole",
  ): WarrenError {
    return new WarrenError(
      "DATA_CORRUPT",
      `Cannot read backup "${this.#path}" at byte ${at}: ${why}`,
      { hint },
    );
  }
}

function headerOf(value: Record<string, unknown>): BackupHeader | null {
  const { clusterId, index, createdMs, version, dataKey } = value;
  if (typeof clusterId !== "string" || typeof index !== "number") return null;
  if (typeof createdMs !== "number" || typeof version !== "string") return null;
  if (typeof dataKey !== "string" || !/^([0-9a-f]{2})+$/.test(dataKey)) return null;
  return { clusterId, index, createdMs, version, dataKey: fromHex(dataKey) };
}

function endOf({ sizeBytes, sha256 }: Record<string, unknown>): BackupEnd | null {
  if (typeof sizeBytes !== "number" || typeof sha256 !== "string") return null;
  return { sizeBytes, sha256 };
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function joined(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
