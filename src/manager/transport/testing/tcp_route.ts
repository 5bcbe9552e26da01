/**
 * A TCP route between two members that a test can cut, hold and heal.
 *
 * Used by the contract harness of the real transport, one for each direction, so that a fault of the
 * network needs no rights on the machine. It alters no byte.
 */

/** What a route does with what it gets. */
type Mode = "open" | "cut" | "held";

/** One route. */
export class TcpRoute implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;
  readonly #target: () => string | null;
  readonly #pipes = new Set<Promise<void>>();
  #mode: Mode = "open";
  #released = Promise.withResolvers<void>();

  /** `target` is asked for `host:port` at each connection; null refuses. */
  constructor(target: () => string | null) {
    this.#target = target;
    this.#released.resolve();
    this.#accepting = this.#accept();
  }

  /** What to dial. */
  get address(): string {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return `127.0.0.1:${port}`;
  }

  /** Breaks what is open and takes nothing new. */
  cut(): void {
    this.#set("cut");
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  /** Carries nothing more, and breaks nothing. */
  hold(): void {
    if (this.#mode !== "held") this.#released = Promise.withResolvers<void>();
    this.#mode = "held";
  }

  /** Works again. */
  heal(): void {
    this.#set("open");
  }

  #set(mode: Mode): void {
    this.#mode = mode;
    this.#released.resolve();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const target = this.#mode === "cut" ? null : this.#target();
      if (target === null) {
        close(near);
        continue;
      }
      await this.#join(near, target);
    }
  }

  async #join(near: Deno.Conn, target: string): Promise<void> {
    const [hostname, port] = target.split(":");
    try {
      const far = await Deno.connect({ hostname, port: Number(port) });
      this.#connections.add(near).add(far);
      for (const pipe of [this.#pipe(near, far), this.#pipe(far, near)]) {
        this.#pipes.add(pipe);
        void pipe.finally(() => this.#pipes.delete(pipe));
      }
    } catch {
      // Nobody listens: the caller learns it as it would without this route.
      close(near);
    }
  }

  async #pipe(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        await this.#released.promise;
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // Cut, or one of the two ends is gone: then the other one goes too.
    } finally {
      for (const connection of [from, to]) {
        close(connection);
        this.#connections.delete(connection);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#listener.close();
    await this.#accepting.catch(() => {});
    await Promise.all(this.#pipes);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
