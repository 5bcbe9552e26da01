/**
 * Ids: 25 characters of lower-case base 36, made from 128 random bits.
 *
 * Random rather than counted, so that any manager can make one and none is ever reused. The source
 * is handed in, so a test or the simulator gets repeatable ids.
 */
import { Prng } from "./prng.ts";

/** Makes ids that were never made before. */
export interface IdSource {
  /** The next id: 25 characters `[0-9a-z]`. */
  next(): string;
}

/** Length of every id in characters. */
export const ID_LENGTH = 25;

/** Whether `text` has the form of an id (it may still name nothing). */
export function isId(text: string): boolean {
  return /^[0-9a-z]{25}$/.test(text);
}

/** Ids from the operating system's randomness. */
export const randomIds: IdSource = {
  next() {
    return encode(crypto.getRandomValues(new Uint32Array(4)));
  },
};

/** Ids that depend on `seed` alone, for tests and the simulator. */
export function seededIds(seed: number): IdSource {
  const prng = new Prng(seed);
  return {
    next: () => encode(Uint32Array.of(prng.uint32(), prng.uint32(), prng.uint32(), prng.uint32())),
  };
}

function encode(words: Uint32Array): string {
  let value = 0n;
  for (const word of words) value = (value << 32n) | BigInt(word);
  return value.toString(36).padStart(ID_LENGTH, "0").slice(-ID_LENGTH);
}
