/**
 * A gRPC client that sends whatever bytes it is given as messages.
 *
 * Used by the tests that attack the API, where the typed client would refuse first. The import of `rpc`
 * keeps the runtime's HTTP/2 from crashing this process when the daemon says goodbye.
 */
import "../../../src/rpc/mod.ts";
import { Client, credentials, Metadata } from "@grpc/grpc-js";

/** How a call ended. */
export interface Answer {
  /** The number of the gRPC status. */
  readonly code: number;
  readonly text: string;
  /** The messages that came before. */
  readonly messages: readonly Uint8Array[];
}

/** A stream of both kinds that is still open. */
export interface OpenStream {
  write(message: Uint8Array): Promise<void>;
  end(): void;
  readonly answer: Promise<Answer>;
}

const DEADLINE_MS = 30_000;
const same = (bytes: Buffer) => bytes;

/** One connection. */
export class RawGrpc implements Disposable {
  readonly #client: Client;

  /** `host` as in WARREN_HOST. */
  constructor(host: string) {
    const options = { "grpc.max_send_message_length": -1 };
    this.#client = new Client(host, credentials.createInsecure(), options);
  }

  /** One message there and, when it goes well, one back. */
  unary(path: string, message: Uint8Array): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const metadata = new Metadata();
    const deadline = { deadline: Date.now() + DEADLINE_MS };
    const bytes = Buffer.from(message);
    this.#client.makeUnaryRequest(path, same, same, bytes, metadata, deadline, (error, value) => {
      const messages = value === undefined ? [] : [value];
      resolve({ code: error?.code ?? 0, text: error?.details ?? "", messages });
    });
    return promise;
  }

  /** A stream with `messages` written to it; it is left open until `end` or the other side ends it. */
  open(path: string, ...first: readonly Uint8Array[]): OpenStream {
    const { promise: answer, resolve } = Promise.withResolvers<Answer>();
    const metadata = new Metadata();
    const deadline = { deadline: Date.now() + DEADLINE_MS };
    const stream = this.#client.makeBidiStreamRequest(path, same, same, metadata, deadline);
    const messages: Uint8Array[] = [];
    stream.on("data", (bytes: Buffer) => messages.push(bytes));
    stream.on("error", () => {}); // the status says the same
    stream.on("status", ({ code, details }) => resolve({ code, text: details, messages }));
    const write = async (message: Uint8Array) => {
      if (stream.write(Buffer.from(message))) return;
      const drained = new Promise<void>((done) => stream.once("drain", done));
      await Promise.race([drained, answer]);
    };
    for (const message of first) stream.write(Buffer.from(message));
    return { write, end: () => stream.end(), answer };
  }

  /** A stream that is ended after `messages`. */
  stream(path: string, ...messages: readonly Uint8Array[]): Promise<Answer> {
    const stream = this.open(path, ...messages);
    stream.end();
    return stream.answer;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
