/**
 * The time that a leader stamps on an entry (rule J2): eight bytes before the entry's own.
 *
 * The leader alone gives times, so a follower whose clock is wrong by hours, and that sends a change
 * on, does not set the time of the records. Milliseconds since the epoch, as a double, little-endian.
 */
import { type WallMs, wallMs, WarrenError } from "../../lib/mod.ts";

const STAMP_BYTES = 8;

/** `data` with the time before it. */
export function stampEntry(atMs: WallMs, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const stamped = new Uint8Array(STAMP_BYTES + data.length);
  new DataView(stamped.buffer).setFloat64(0, atMs, true);
  stamped.set(data, STAMP_BYTES);
  return stamped;
}

/** The time and the entry. @throws WarrenError DATA_CORRUPT */
export function unstampEntry(bytes: Uint8Array): { atMs: WallMs; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const atMs = bytes.length < STAMP_BYTES ? NaN : view.getFloat64(0, true);
  if (!Number.isFinite(atMs)) {
    throw new WarrenError("DATA_CORRUPT", "Cannot read a log entry: it has no time");
  }
  return { atMs: wallMs(atMs), data: bytes.subarray(STAMP_BYTES) };
}
