/**
 * Snapshot files: the encoded state in checksummed chunks, written beside the log and named by the
 * index it stands for.
 *
 * A snapshot gets its name only when it is whole and durable; one that a crash left unfinished has
 * the suffix `.new` and is thrown away at the next start.
 *
 *     mark 8 | format 4 | index 8 | checksum 4, then chunks: length 4 | chained checksum 4 | bytes
 *     an empty chunk ends the file
 */
import { crc32 } from "node:zlib";
import type { LogFile, LogFs } from "./log_fs.ts";
import { corruptAt } from "./segment.ts";

/** Format that snapshot files are written in. */
export const SNAPSHOT_FORMAT = 1;

const MARK = "WRNSNAP\n";
const HEADER_BYTES = 24;
const CHUNK_HEADER_BYTES = 8;

/** The file name of the snapshot at `index`; names sort like indices. */
export function snapshotName(index: number): string {
  return `${String(index).padStart(16, "0")}.snapshot`;
}

/** The index in a snapshot's file name, or undefined for a file of another kind. */
export function parseSnapshotName(name: string): number | undefined {
  const match = /^(\d{16})\.snapshot$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/**
 * Writes `chunks` as the snapshot at `index` into `dir`, durable when the promise resolves. Other
 * work runs between two chunks.
 */
export async function writeSnapshot(
  fs: LogFs,
  dir: string,
  { index, chunks }: { readonly index: number; readonly chunks: Iterable<Uint8Array> },
): Promise<void> {
  const path = `${dir}/${snapshotName(index)}`;
  const file = await fs.create(`${path}.new`);
  try {
    await writeAll(file, index, chunks);
    await file.sync();
  } finally {
    file.close();
  }
  await fs.rename(`${path}.new`, path);
  await fs.syncDir(dir);
}

async function writeAll(file: LogFile, index: number, chunks: Iterable<Uint8Array>): Promise<void> {
  const header = encodeHeader(index);
  let checksum = crc32(header);
  await file.append(header);
  for (const bytes of chunks) {
    if (bytes.length === 0) continue;
    checksum = crc32(bytes, checksum);
    await file.append(chunk(bytes, checksum));
  }
  await file.append(chunk(new Uint8Array(), checksum));
}

function chunk(bytes: Uint8Array, checksum: number): Uint8Array {
  const framed = new Uint8Array(CHUNK_HEADER_BYTES + bytes.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, checksum);
  framed.set(bytes, CHUNK_HEADER_BYTES);
  return framed;
}

function encodeHeader(index: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MARK));
  view.setUint32(8, SNAPSHOT_FORMAT);
  view.setBigUint64(12, BigInt(index));
  view.setUint32(20, crc32(bytes.subarray(0, 20)));
  return bytes;
}

/**
 * The state in the bytes `file` of the snapshot `path`.
 *
 * @throws WarrenError DATA_CORRUPT naming file and offset.
 */
export function readSnapshot(path: string, file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  checkHeader(path, file, view);
  let checksum = crc32(file.subarray(0, HEADER_BYTES));
  const parts: Uint8Array[] = [];
  let offset = HEADER_BYTES;
  while (true) {
    const begin = offset + CHUNK_HEADER_BYTES;
    if (begin > file.length) throw corruptAt(path, offset, "its end is missing");
    const length = view.getUint32(offset);
    if (begin + length > file.length) throw corruptAt(path, offset, "a chunk is cut");
    const bytes = file.subarray(begin, begin + length);
    checksum = crc32(bytes, checksum);
    if (view.getUint32(offset + 4) !== checksum) throw corruptAt(path, offset, "it is damaged");
    if (length === 0) break;
    parts.push(bytes);
    offset = begin + length;
  }
  return joined(parts);
}

function checkHeader(path: string, file: Uint8Array, view: DataView): void {
  if (file.length < HEADER_BYTES) throw corruptAt(path, 0, "the header is cut");
  if (new TextDecoder().decode(file.subarray(0, 8)) !== MARK) {
    throw corruptAt(path, 0, "it is not a snapshot");
  }
  if (view.getUint32(20) !== crc32(file.subarray(0, 20))) {
    throw corruptAt(path, 0, "the header is damaged");
  }
  const format = view.getUint32(8);
  if (format !== SNAPSHOT_FORMAT) {
    throw corruptAt(path, 8, `format ${format} was written by a newer version`);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
