/**
 * Connections that a hostile or broken program could make to the API, each as the bytes it sends.
 *
 * Pure but for the seeded generator. None of them may disturb anybody else.
 */
import { Prng } from "../../../src/lib/mod.ts";
import {
  type Field,
  FLAG,
  FRAME,
  frame,
  grpcHeaders,
  grpcRequest,
  headerBlock,
  HELLO,
  joinBytes,
  times,
} from "./raw_http2.ts";

/** One kind of connection, made `times` times. */
export interface Attack {
  readonly name: string;
  readonly times: number;
  /** Bytes in the order they are sent; a new iterable for each connection. */
  readonly parts: (at: number) => Iterable<Uint8Array>;
  /** How long the connection stays open afterwards. */
  readonly lingerMs?: number;
}

const LIST = "/warren.v1.ServiceService/ListServices";
const STREAMS = [
  "/warren.v1.EventService/StreamEvents",
  "/warren.v1.AgentService/Session",
  "/warren.v1.AgentService/Relay",
];
const encode = (text: string) => new TextEncoder().encode(text);

/** All of them. */
export function attacks(prng: Prng): readonly Attack[] {
  return [...strangers(prng), ...floods(), ...lies(), ...oddCalls(), fuzz(prng)];
}

/** Programs that speak something else. */
function strangers(prng: Prng): readonly Attack[] {
  const once = (name: string, ...parts: readonly Uint8Array[]) => ({
    name,
    times: 20,
    parts: () => parts,
  });
  return [
    { name: "noise", times: 20, parts: () => [noise(prng, 10_000)] },
    { name: "noise after the hello", times: 20, parts: () => [HELLO, noise(prng, 10_000)] },
    once("HTTP/1", encode("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")),
    once(
      "a wish to upgrade",
      encode("GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"),
    ),
    once("TLS", Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), noise(prng, 508)),
    once("zeros", new Uint8Array(100_000)),
    once("half a hello", HELLO.subarray(0, 13)),
    once("nothing"),
  ];
}

/** A great deal of what alone would be fine. */
function floods(): readonly Attack[] {
  const header = headerBlock([["x-long", "v".repeat(16_000)]]);
  const flood = (name: string, ...parts: readonly Iterable<Uint8Array>[]): Attack => ({
    name,
    times: 1,
    parts: () => [HELLO, ...parts].flatMap((part) => part instanceof Uint8Array ? part : [...part]),
  });
  const many = (count: number, bytes: Uint8Array) =>
    times(count / 100, () => joinBytes(times(100, () => bytes)));
  const dropped = (id: number) =>
    joinBytes([
      frame(FRAME.headers, FLAG.endHeaders, id, grpcHeaders(LIST)),
      frame(FRAME.reset, 0, id, [0, 0, 0, 8]),
    ]);
  return [
    flood(
      "headers without end",
      [frame(FRAME.headers, 0, 1, grpcHeaders(LIST))],
      times(1_000, () => frame(FRAME.continuation, 0, 1, header)),
    ),
    flood("requests that are dropped at once", times(10_000, (at) => dropped(at * 2 + 1))),
    flood("pings", many(50_000, frame(FRAME.ping, 0, 0, new Uint8Array(8)))),
    flood("settings", many(50_000, frame(FRAME.settings, 0, 0))),
    flood("goodbyes", many(5_000, frame(FRAME.goaway, 0, 0, [0, 0, 0, 9, 0, 0, 0, 0]))),
    flood("priorities", many(20_000, frame(FRAME.priority, 0, 3, [0, 0, 0, 0, 9]))),
    flood(
      "answers that nobody reads",
      [frame(FRAME.settings, 0, 0, [0, 4, 0, 0, 0, 0])],
      times(2_000, (at) => grpcRequest(at * 2 + 1, grpcHeaders(LIST))),
    ),
    flood(
      "streams until there are too many",
      times(2_000, (at) => {
        const path = STREAMS[at % STREAMS.length] ?? LIST;
        return frame(FRAME.headers, FLAG.endHeaders, at * 2 + 1, grpcHeaders(path));
      }),
    ),
  ];
}

/** Frames that are not what they say. */
function lies(): readonly Attack[] {
  const open = frame(FRAME.headers, FLAG.endHeaders, 1, grpcHeaders(LIST));
  const lie = (name: string, ...parts: readonly Uint8Array[]): Attack => ({
    name,
    times: 2,
    lingerMs: 20,
    parts: () => [HELLO, ...parts],
  });
  const prefixes = [
    [0, 0, 0, 3, 232],
    [0, 255, 255, 255, 255],
    [0, 127, 255, 255, 255],
    [1, 0, 0, 0, 5],
    [9, 0, 0, 0, 0],
    [0, 0],
  ];
  return [
    lie(
      "a frame of 16 MB that does not come",
      frame(FRAME.data, 0, 1, new Uint8Array(10), 2 ** 24 - 1),
    ),
    lie("a window beyond its bound", ...times(2, () => windowUpdate(0x7fffffff))),
    lie("a window that grows by nothing", windowUpdate(0)),
    lie("data without a request", frame(FRAME.data, 0, 1, new Uint8Array(1_000))),
    lie("the rest of headers that never began", frame(FRAME.continuation, 4, 1, grpcHeaders(LIST))),
    lie("a request by the server's number", frame(FRAME.headers, 4, 2, grpcHeaders(LIST))),
    lie("a push by a client", frame(FRAME.pushPromise, 4, 1, [0, 0, 0, 2])),
    lie("settings that cannot be", frame(FRAME.settings, 0, 0, [0, 5, 0, 0, 0, 0])),
    lie("headers that are no HPACK", frame(FRAME.headers, 5, 1, new Uint8Array(50).fill(0xff))),
    lie("a goodbye in the middle", open, frame(FRAME.goaway, 0, 0, [0, 0, 0, 0, 0, 0, 0, 2]), open),
    ...prefixes.flatMap((prefix) => [
      lie(`a message of ${prefix}`, grpcRequest(1, grpcHeaders(LIST), prefix)),
      lie(`an open message of ${prefix}`, open, frame(FRAME.data, 0, 1, prefix)),
    ]),
  ];
}

function windowUpdate(by: number): Uint8Array {
  return frame(FRAME.windowUpdate, 0, 0, [by >>> 24, by >>> 16 & 255, by >>> 8 & 255, by & 255]);
}

/** Calls of nothing, and metadata that nobody sends. */
function oddCalls(): readonly Attack[] {
  const headers: readonly Field[] = [
    ["grpc-timeout", "99999999999999H"],
    ["grpc-timeout", "-1S"],
    ["grpc-timeout", "0n"],
    ["grpc-timeout", "soon"],
    ["grpc-encoding", "zip"],
    ["warren-request-id", "\u0007".repeat(5_000)],
    ["warren-error-bin", "####"],
    ["content-type", "text/html"],
    [":path", "/twice"],
    ["X-Upper", "1"],
    ["", ""],
    ["x-huge", "v".repeat(200_000)],
  ];
  const paths = [
    "",
    "/",
    "*",
    "/x/y",
    "/warren.v1.ServiceService/",
    "/warren.v1.ServiceService/Nope",
    "/warren.v1.ServiceService/__proto__",
    "__proto__",
    "constructor",
    "/%00",
    `/${"a".repeat(10_000)}`,
  ];
  const call = (name: string, block: Uint8Array): Attack => ({
    name,
    times: 2,
    lingerMs: 20,
    parts: () => [HELLO, grpcRequest(1, block)],
  });
  return [
    ...headers.map((field) => call(`the header ${field[0]}`, grpcHeaders(LIST, field))),
    ...paths.map((path) => call(`the path ${path.slice(0, 40)}`, grpcHeaders(path))),
  ];
}

/** Frames of all kinds in any order, more or less well formed. */
function fuzz(prng: Prng): Attack {
  return {
    name: "frames in any order",
    times: 150,
    parts: () => {
      const session = new FuzzSession(prng);
      const count = 1 + prng.below(prng.below(8) === 0 ? 300 : 25);
      return [joinBytes([HELLO, ...times(count, () => session.next())])];
    },
  };
}

class FuzzSession {
  #stream = 1;

  constructor(readonly prng: Prng) {}

  next(): Uint8Array {
    const { prng } = this;
    const byte = () => prng.below(256);
    const last = Math.max(1, this.#stream - 2);
    const any = prng.below(3) === 0 ? prng.below(40) : last;
    switch (prng.below(10)) {
      case 0:
      case 1:
      case 2:
        return this.#request();
      case 3: {
        const message = noise(prng, prng.below(60));
        const data = joinBytes([Uint8Array.from([0, 0, 0, 0, message.length]), message]);
        return frame(FRAME.data, prng.below(2), last, data);
      }
      case 4:
        return frame(FRAME.reset, 0, last, [0, 0, 0, prng.below(15)]);
      case 5:
        return frame(FRAME.goaway, 0, 0, [0, 0, 0, prng.below(20), 0, 0, 0, prng.below(14)]);
      case 6:
        return frame(FRAME.windowUpdate, 0, prng.below(2) && last, [0, byte(), byte(), byte()]);
      case 7:
        return frame(FRAME.settings, 0, 0, [0, prng.below(8), 0, 0, byte(), byte()]);
      case 8:
        return frame(FRAME.priority, 0, any, [0, 0, 0, prng.below(20), 3]);
      default:
        return frame(prng.below(20), byte(), any, noise(prng, prng.below(100)));
    }
  }

  #request(): Uint8Array {
    const { prng } = this;
    const path = prng.pick([LIST, ...STREAMS]);
    const stream = this.#stream;
    this.#stream += 2;
    return frame(FRAME.headers, FLAG.endHeaders | prng.below(2), stream, grpcHeaders(path));
  }
}

function noise(prng: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => prng.below(256));
}
