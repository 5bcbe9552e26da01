/**
 * HTTP/2 by hand, for connections that no honest client would make.
 *
 * Used by the tests that attack the API. It writes frames as told and checks nothing.
 */

/** Frame types of RFC 9113 §6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags that the tests need; one number has another meaning in each type. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** What a client sends first: the preface and empty settings. */
export const HELLO = joinBytes([
  new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(FRAME.settings, 0, 0),
]);

/** One frame; `lengthBytes` lies about the size of `payload` when it is given. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | readonly number[] = [],
  lengthBytes = payload.length,
): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, lengthBytes >> 16);
  view.setUint16(1, lengthBytes & 0xffff);
  view.setUint8(3, type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, 9);
  return bytes;
}

/** A header field. */
export type Field = readonly [name: string, value: string];

/** Header fields in HPACK as literals that are not indexed, RFC 7541 §6.2.2. */
export function headerBlock(fields: readonly Field[]): Uint8Array {
  const encode = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return [...integer(bytes.length, 127), ...bytes];
  };
  return Uint8Array.from(fields.flatMap(([name, value]) => [0, ...encode(name), ...encode(value)]));
}

/** An integer with a prefix of seven bits, RFC 7541 §5.1. */
function integer(value: number, max: number): number[] {
  if (value < max) return [value];
  const bytes = [max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  return [...bytes, rest];
}

/** The headers of a gRPC request; `more` come after, also when they repeat one. */
export function grpcHeaders(path: string, ...more: readonly Field[]): Uint8Array {
  return headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ]);
}

/** A whole gRPC request on `stream` whose message is `data`, prefix included. */
export function grpcRequest(
  stream: number,
  headers: Uint8Array,
  data: Uint8Array | readonly number[] = [0, 0, 0, 0, 0],
): Uint8Array {
  return joinBytes([
    frame(FRAME.headers, FLAG.endHeaders, stream, headers),
    frame(FRAME.data, FLAG.endStream, stream, data),
  ]);
}

/** Joins byte arrays. */
export function joinBytes(parts: Iterable<Uint8Array>): Uint8Array {
  const list = [...parts];
  const all = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of list) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `count` parts, made as they are sent. */
export function* times(count: number, make: (at: number) => Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < count; at++) yield make(at);
}

/** Where the API listens. */
export type Target =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** Opens a connection; a full queue of new ones is tried again. */
export async function dial(target: Target): Promise<Deno.Conn> {
  for (let attempt = 1;; attempt++) {
    try {
      return target.transport === "unix" ? await Deno.connect(target) : await Deno.connect(target);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || attempt === MAX_DIALS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/**
 * Writes all of `parts`, or as much as the other side takes, then closes. Nothing is read, so a server
 * that answers without bounds fills its own memory; `lingerMs` keeps the connection open after it.
 */
export async function shout(
  target: Target,
  parts: Iterable<Uint8Array>,
  lingerMs = 0,
): Promise<void> {
  using connection = await dial(target);
  try {
    for (const part of parts) await writeAll(connection, part);
    await pause(lingerMs);
  } catch (error) {
    if (!REFUSALS.some((refusal) => error instanceof refusal)) throw error;
  }
}

/** Writes all of `bytes`; gives up when the other side reads nothing, which is an answer too. */
async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Deno.errors.TimedOut()), STALL_MS);
    try {
      rest = rest.subarray(await Promise.race([connection.write(rest), late.promise]));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Waits; the connection stays as it is meanwhile. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

const REFUSALS = [
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionReset,
  Deno.errors.TimedOut,
  Deno.errors.Interrupted,
  Deno.errors.BadResource,
];
const MAX_DIALS = 500;
const STALL_MS = 1_000;
