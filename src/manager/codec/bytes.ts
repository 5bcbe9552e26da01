/**
 * Writing and reading of small binary records: what the disk and the wire are made of.
 *
 * Used by the codecs beside it. A reader never reads past its bytes, never allocates more than they
 * hold, and meets anything malformed with a DATA_CORRUPT error that names the place. Integers are
 * little-endian or, where they are mostly small, of variable length.
 */
import { assert, WarrenError } from "../../lib/mod.ts";

const FIRST_CAPACITY_BYTES = 256;
const VARINT_BYTES_MAX = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Collects bytes in one growing buffer. */
export class ByteWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = FIRST_CAPACITY_BYTES) {
    this.#buffer = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  /** A safe integer that is not negative, in one to eight bytes. */
  u53(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "a written number is a safe integer");
    let rest = value;
    while (rest >= 0x80) {
      this.u8(rest % 0x80 + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** The length, then the bytes. */
  bytes(value: Uint8Array): void {
    this.u53(value.length);
    this.raw(value);
  }

  /** The bytes alone: the reader must know how many. */
  raw(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#buffer.set(value, at);
  }

  string(value: string): void {
    this.bytes(encoder.encode(value));
  }

  /** Puts a number into bytes that were written before, such as a length that is known now. */
  patchU32(at: number, value: number): void {
    assert(at + 4 <= this.#length, "a patch stays within what is written");
    this.#view.setUint32(at, value, true);
  }

  /** What was written, without a copy: valid until the next write. */
  view(from = 0): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(from, this.#length);
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  /** Forgets what was written after `length`, and keeps the room. */
  rewind(length: number): void {
    assert(length <= this.#length, "a writer goes back only");
    this.#length = length;
  }

  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Reads what a {@link ByteWriter} wrote. Every method throws WarrenError DATA_CORRUPT. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  readonly #base: number;
  #at = 0;

  /** `what` and `base`, the place of the first byte within it, are for the error only. */
  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#what = what;
    this.#base = base;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#at;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u53(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= VARINT_BYTES_MAX; count++, scale *= 0x80) {
      const byte = this.u8();
      value += byte % 0x80 * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value) || byte === 0 && count > 1) break;
        return value;
      }
    }
    throw this.fault("a number is malformed");
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw this.fault(`${value} is neither yes nor no`);
    return value === 1;
  }

  /** The next counted bytes, as a copy: what is kept does not hold on to the whole. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.raw(this.u53());
  }

  /** The next `length` bytes, as a copy. */
  raw(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  string(): string {
    const length = this.u53();
    const at = this.#take(length);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.fault("a text is malformed");
    }
  }

  /** How many parts of at least `leastBytes` each follow; never more than there is room for. */
  count(leastBytes = 1): number {
    const count = this.u53();
    if (count * leastBytes > this.remaining) throw this.fault(`${count} parts do not fit`);
    return count;
  }

  /** Insists that everything was read. */
  end(): void {
    if (this.remaining > 0) throw this.fault(`${this.remaining} bytes are left over`);
  }

  /** The error for what was read last. */
  fault(why: string): WarrenError {
    const at = this.#base + this.#at;
    return new WarrenError("DATA_CORRUPT", `Cannot read ${this.#what} at byte ${at}: ${why}`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.remaining) {
      throw this.fault(`${length} bytes are wanted, ${this.remaining} left`);
    }
    this.#at = at + length;
    return at;
  }
}
