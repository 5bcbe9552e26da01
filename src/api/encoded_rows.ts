/**
 * Answers of lists as bytes, put together from rows that were encoded before.
 *
 * Stored objects are never mutated, so their encoding holds for as long as they do. Lists of
 * thousands are then answered in the time it takes to copy them. Memory is that of the rows alive.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** Tag of field 1 with a length, which every list answer has its rows in. */
const ROWS_TAG = 10;

/** Remembers the encoded form of rows by object and by what else goes into them. */
export class EncodedRows<Row extends object> {
  readonly #known = new WeakMap<Row, { readonly bytes: Uint8Array; readonly key: string }>();

  /** One entry of a list, made by `encode` unless it is known for this `row` and `key`. */
  entry(row: Row, key: string, encode: () => Uint8Array): Uint8Array {
    const known = this.#known.get(row);
    if (known?.key === key) return known.bytes;
    const bytes = listEntry(encode());
    this.#known.set(row, { bytes, key });
    return bytes;
  }
}

/** An encoded row as one entry of a list answer. */
export function listEntry(row: Uint8Array): Uint8Array {
  return new BinaryWriter().uint32(ROWS_TAG).bytes(row).finish();
}

/** A method whose answer is already encoded when its handler returns. */
export function preEncoded<Method extends object>(method: Method): PreEncoded<Method> {
  const same = (value: Buffer) => value;
  return { ...method, responseSerialize: same, responseDeserialize: same };
}

/** {@link preEncoded} as a type. */
export type PreEncoded<Method> = Omit<Method, "responseSerialize" | "responseDeserialize"> & {
  responseSerialize(value: Buffer): Buffer;
  responseDeserialize(value: Buffer): Buffer;
};
