/**
 * Bytes in the form that generated messages declare. `node:buffer` is loaded when it is first needed, since
 * the program's entry must not load it.
 */
import type { Buffer } from "node:buffer";

/** Wraps bytes as a `Buffer` without copying them. */
export type Wrap = (bytes: Uint8Array) => Buffer;

/** Loads the wrapper. */
export async function loadBufferWrap(): Promise<Wrap> {
  const { Buffer } = await import("node:buffer");
  return (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
