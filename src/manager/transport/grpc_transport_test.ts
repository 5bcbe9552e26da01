/** The real transport against the contract, over TCP routes that can be cut. */
import { Prng, realClock, silentLog } from "../../lib/mod.ts";
import type { MemberId } from "../../raft/mod.ts";
import { openGrpcTransport } from "./grpc_transport.ts";
import { TcpRoute } from "./testing/tcp_route.ts";
import {
  type StartOptions,
  testTransportContract,
  type TransportHarness,
} from "./testing/transport_contract.ts";
import type { Transport } from "./transport.ts";

/** Members of one process on loopback. */
class GrpcNetwork implements TransportHarness {
  readonly #transports = new Map<MemberId, Transport>();
  readonly #routes = new Map<string, TcpRoute>();

  async start({ self, events, limits = {} }: StartOptions): Promise<Transport> {
    const transport = await openGrpcTransport({
      self,
      events,
      listen: "127.0.0.1:0",
      log: silentLog,
      clock: realClock,
      prng: new Prng(1),
      limits: { reconnect: { initialMs: 10, maxMs: 50, factor: 2, jitter: 0.5 }, ...limits },
    });
    this.#transports.set(self.memberId, transport);
    return transport;
  }

  route(from: MemberId, to: MemberId): string {
    return this.#route(from, to).address;
  }

  #route(from: MemberId, to: MemberId): TcpRoute {
    const key = `${from} ${to}`;
    const route = this.#routes.get(key) ??
      new TcpRoute(() => this.#transports.get(to)?.address ?? null);
    this.#routes.set(key, route);
    return route;
  }

  async crash(member: MemberId): Promise<void> {
    const transport = this.#transports.get(member);
    this.#transports.delete(member);
    const own = [...this.#routes].filter(([key]) => key.split(" ").includes(member));
    for (const [, route] of own) route.cut();
    await transport?.stop();
    for (const [, route] of own) route.heal();
  }

  cut(a: MemberId, b: MemberId): void {
    for (const route of [this.#route(a, b), this.#route(b, a)]) route.cut();
  }

  hold(from: MemberId, to: MemberId): void {
    this.#route(from, to).hold();
  }

  heal(a: MemberId, b: MemberId): void {
    for (const route of [this.#route(a, b), this.#route(b, a)]) route.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#transports.values()].map((transport) => transport.stop()));
    for (const route of this.#routes.values()) await route[Symbol.asyncDispose]();
  }
}

testTransportContract("grpc transport", () => Promise.resolve(new GrpcNetwork()));
