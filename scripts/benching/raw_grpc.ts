/**
 * A unary gRPC caller over one plain TCP connection that costs next to nothing: requests are bytes,
 * writes of one turn leave together, answers are only told from failures.
 *
 * The consensus measurement calls etcd and Warren with it, so that neither is held back by the
 * client's own library. It is no general client: no TLS, no compression, no header is decoded. A
 * call counts as answered when a message came back; a failed gRPC call carries none.
 */

const FRAME_DATA = 0;
const FRAME_HEADERS = 1;
const FRAME_RST_STREAM = 3;
const FRAME_SETTINGS = 4;
const FRAME_PING = 6;
const FRAME_GOAWAY = 7;
const FRAME_WINDOW_UPDATE = 8;
const FLAG_END_STREAM = 1;
const FLAG_ACK = 1;
const FLAG_END_HEADERS = 4;
const FRAME_HEADER_BYTES = 9;
const FIRST_WINDOW_BYTES = 65_535;
/** How much is received before the sender is given the window back. */
const WINDOW_STEP_BYTES = 32_768;

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** One call under way. */
interface Waiting {
  resolve(): void;
  reject(error: Error): void;
  hasMessage: boolean;
}

/** Calls one method of one server. */
export class RawGrpc {
  readonly #conn: Deno.TcpConn;
  readonly #headers: Uint8Array;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reading: Promise<void>;
  #outbox: Uint8Array[] = [];
  #blocked: Uint8Array[] = [];
  #isFlushing = false;
  #windowBytes = FIRST_WINDOW_BYTES;
  #receivedBytes = 0;
  #nextStream = 1;
  #failure: Error | null = null;

  private constructor(conn: Deno.TcpConn, headers: Uint8Array) {
    this.#conn = conn;
    this.#headers = headers;
    this.#push(PREFACE, frame(FRAME_SETTINGS, 0, 0, new Uint8Array()));
    this.#reading = this.#read();
  }

  /** Connects to `address` (`host:port`) for calls of `path` (`/package.Service/Method`). */
  static async open(address: string, path: string): Promise<RawGrpc> {
    const [hostname = "", port = ""] = address.split(":");
    const conn = await Deno.connect({ hostname, port: Number(port) });
    conn.setNoDelay(true);
    return new RawGrpc(conn, requestHeaders(address, path));
  }

  /** Sends one message and waits for one. @throws Error when the call failed or the connection ended */
  call(message: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(stream, { resolve, reject, hasMessage: false });
    this.#push(frame(FRAME_HEADERS, FLAG_END_HEADERS, stream, this.#headers));
    this.#pushData(frame(FRAME_DATA, FLAG_END_STREAM, stream, prefixed(message)));
    return promise;
  }

  /** Ends the connection; calls under way fail. */
  async close(): Promise<void> {
    this.#fail(new Error("the connection was closed"));
    this.#conn.close();
    await this.#reading;
  }

  #push(...frames: readonly Uint8Array[]): void {
    this.#outbox.push(...frames);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => void this.#flush());
  }

  #pushData(data: Uint8Array): void {
    const bytes = data.length - FRAME_HEADER_BYTES;
    if (this.#blocked.length > 0 || bytes > this.#windowBytes) {
      this.#blocked.push(data);
      return;
    }
    this.#windowBytes -= bytes;
    this.#push(data);
  }

  async #flush(): Promise<void> {
    try {
      while (this.#outbox.length > 0) {
        const bytes = concat(this.#outbox);
        this.#outbox = [];
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#conn.write(bytes.subarray(sent));
        }
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isFlushing = false;
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let rest: Uint8Array = new Uint8Array();
    try {
      while (true) {
        const read = await this.#conn.read(buffer);
        if (read === null) throw new Error("the server closed the connection");
        const fresh = buffer.subarray(0, read);
        rest = this.#takeFrames(rest.length > 0 ? concat([rest, fresh]) : fresh).slice();
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Handles every whole frame in `bytes` and answers with what is left. */
  #takeFrames(bytes: Uint8Array): Uint8Array {
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const head = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
      const length = head.getUint32(0) >>> 8;
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      const stream = head.getUint32(5) & 0x7fff_ffff;
      const body = bytes.subarray(at + FRAME_HEADER_BYTES, end);
      this.#onFrame({ type: head.getUint8(3), flags: head.getUint8(4), stream, body });
      at = end;
    }
    return bytes.subarray(at);
  }

  #onFrame(frame: Frame): void {
    switch (frame.type) {
      case FRAME_DATA:
        return this.#onData(frame);
      case FRAME_HEADERS:
        if ((frame.flags & FLAG_END_STREAM) !== 0) this.#onEnd(frame.stream);
        return;
      case FRAME_RST_STREAM:
        return this.#onEnd(frame.stream);
      case FRAME_SETTINGS:
      case FRAME_PING:
        if ((frame.flags & FLAG_ACK) === 0) this.#acknowledge(frame);
        return;
      case FRAME_WINDOW_UPDATE:
        if (frame.stream === 0) this.#onWindow(frame.body);
        return;
      case FRAME_GOAWAY:
        return this.#fail(new Error("the server ended the connection"));
    }
  }

  #acknowledge({ type, body }: Frame): void {
    this.#push(rawFrame(type, body));
  }

  #onData({ stream, body, flags }: Frame): void {
    const waiting = this.#waiting.get(stream);
    if (waiting && body.length > 0) waiting.hasMessage = true;
    this.#receivedBytes += body.length;
    if (this.#receivedBytes >= WINDOW_STEP_BYTES) {
      const step = new Uint8Array(4);
      new DataView(step.buffer).setUint32(0, this.#receivedBytes);
      this.#push(frame(FRAME_WINDOW_UPDATE, 0, 0, step));
      this.#receivedBytes = 0;
    }
    if ((flags & FLAG_END_STREAM) !== 0) this.#onEnd(stream);
  }

  #onWindow(body: Uint8Array): void {
    this.#windowBytes += new DataView(body.buffer, body.byteOffset, 4).getUint32(0);
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const data of blocked) this.#pushData(data);
  }

  #onEnd(stream: number): void {
    const waiting = this.#waiting.get(stream);
    if (!waiting) return;
    this.#waiting.delete(stream);
    if (waiting.hasMessage) waiting.resolve();
    else waiting.reject(new Error("the call was answered with an error"));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** A frame as it came. */
interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly body: Uint8Array;
}

/** The answer to a SETTINGS (which carries nothing) or a PING (which is sent back). */
function rawFrame(type: number, body: Uint8Array): Uint8Array {
  return frame(type, FLAG_ACK, 0, type === FRAME_PING ? body : new Uint8Array());
}

function frame(type: number, flags: number, stream: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** gRPC's own framing: not compressed, length, message. */
function prefixed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

/** Header fields as literals without indexing (RFC 7541 §6.2.2), the same for every call. */
function requestHeaders(authority: string, path: string): Uint8Array {
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    if (bytes.length >= 127) throw new Error(`"${value}" is too long for this caller`);
    return [bytes.length, ...bytes];
  };
  const [methodPost, schemeHttp] = [0x83, 0x86];
  const [namedAuthority, namedPath, namedContentType, namedAnew] = [[0x01], [0x04], [0x0f, 0x10], [
    0x00,
  ]];
  return Uint8Array.from([
    ...[methodPost, schemeHttp],
    ...[...namedPath, ...text(path)],
    ...[...namedAuthority, ...text(authority)],
    ...[...namedContentType, ...text("application/grpc")],
    ...[...namedAnew, ...text("te"), ...text("trailers")],
  ]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
