/**
 * The form of a backup file: a mark, then records, each under a checksum that continues the one before.
 *
 *     mark 8 | format 4 | records
 *     record: kind 1 | length 4 | checksum 4 | bytes
 *     kinds: 1 header (JSON), 2 piece of the state, 3 end (JSON); one header, any pieces, one end
 *
 * Numbers are little-endian. Nothing can be damaged, exchanged, missing or added unnoticed.
 */
import { crc32 } from "node:zlib";

/** Format that is written, and the newest that is read. */
export const BACKUP_FORMAT = 1;
export const MARK = "WRNBKUP\n";
/** Bytes before the first record. */
export const LEAD_BYTES = 12;
export const RECORD_HEAD_BYTES = 9;
/** Bytes of a record at most: no piece that is sent is larger. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** Kinds of records. */
export const KIND = { header: 1, piece: 2, end: 3 } as const;

/** What a backup is of. */
export interface BackupHeader {
  readonly clusterId: string;
  /** Of the last change in it. */
  readonly index: number;
  readonly createdMs: number;
  /** Version of the manager that made it. */
  readonly version: string;
  /** What the secrets in it are sealed under. */
  readonly dataKey: Uint8Array;
}

/** The sum of the state. */
export interface BackupEnd {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What was written. */
export interface BackupSummary {
  readonly header: BackupHeader;
  /** Of the file. */
  readonly sizeBytes: number;
  /** sha-256 of the file, lower-case hex: what sha256sum prints. */
  readonly digest: string;
}

/** Makes the bytes of one file, part by part in their order. */
export class BackupEncoder {
  #checksum = 0;

  /** Mark, format and header. */
  header({ dataKey, ...rest }: BackupHeader): Uint8Array<ArrayBuffer> {
    const lead = new Uint8Array(LEAD_BYTES);
    lead.set(new TextEncoder().encode(MARK));
    new DataView(lead.buffer).setUint32(MARK.length, BACKUP_FORMAT, true);
    this.#checksum = crc32(lead);
    const record = this.#record(KIND.header, json({ ...rest, dataKey: toHex(dataKey) }));
    const all = new Uint8Array(lead.length + record.length);
    all.set(lead);
    all.set(record, lead.length);
    return all;
  }

  piece(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#record(KIND.piece, bytes);
  }

  end(end: BackupEnd): Uint8Array<ArrayBuffer> {
    return this.#record(KIND.end, json(end));
  }

  #record(kind: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const record = new Uint8Array(RECORD_HEAD_BYTES + bytes.length);
    const view = new DataView(record.buffer);
    view.setUint8(0, kind);
    view.setUint32(1, bytes.length, true);
    record.set(bytes, RECORD_HEAD_BYTES);
    this.#checksum = recordChecksum(record, this.#checksum);
    view.setUint32(5, this.#checksum, true);
    return record;
  }
}

/** The checksum of a whole record, whatever stands in its own place for it. */
export function recordChecksum(record: Uint8Array, previous: number): number {
  const head = crc32(record.subarray(0, 5), previous);
  return crc32(record.subarray(RECORD_HEAD_BYTES), head);
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
