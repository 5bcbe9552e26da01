/**
 * The gRPC server: one per process, listening on a Unix socket and on TCP.
 *
 * The composition root makes it, adds services and stops it. It knows transport, limits and the
 * life of calls, and nothing of what the services do. Every call ends with exactly one status.
 */
import "./quiet.ts";
import "./session_end.ts";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { type Clock, type Log, type Metrics, sleep, TaskGroup, WarrenError } from "../lib/mod.ts";
import { adapt, type RunCall, safeDecode } from "./adapt.ts";
import { formatAddress, grpcTarget, isLocal, type RpcAddress } from "./address.ts";
import type { ServedService } from "./handler.ts";
import { CallMeter, OpenCall } from "./open_call.ts";
import { claimSocket, openSocketToGroup, releaseSocket } from "./unix_socket.ts";

/** Bounds of a server. */
export interface RpcLimits {
  /** Largest request; larger ones are refused with RESOURCE_EXHAUSTED. */
  readonly maxRequestBytes: number;
  /** Largest response. */
  readonly maxResponseBytes: number;
  /** Calls at a time on one connection; the client holds back further ones. */
  readonly maxStreamsPerConnection: number;
  /** Calls at a time of all connections; further ones are refused with TOO_MANY. */
  readonly maxCalls: number;
  /** A connection that is silent for this long is asked for a sign of life. */
  readonly keepaliveMs: number;
  /** It is closed when none comes within this time. */
  readonly keepaliveTimeoutMs: number;
  /** How long calls may take to end when the server stops. */
  readonly stopGraceMs: number;
}

/** What a server uses unless told otherwise. */
export const DEFAULT_RPC_LIMITS: RpcLimits = {
  maxRequestBytes: 8 * 1024 * 1024,
  maxResponseBytes: 64 * 1024 * 1024,
  maxStreamsPerConnection: 512,
  maxCalls: 4_096,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  stopGraceMs: 3_000,
};

/** What a server needs. */
export interface RpcServerOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly limits?: Partial<RpcLimits>;
}

/** A server; `await using` stops it. */
export interface RpcServer extends AsyncDisposable {
  /** Adds a service; only before the first `listen`. */
  addService(service: ServedService): void;
  /**
   * Listens on `address` and answers with it as bound: port 0 becomes the port chosen.
   *
   * @throws WarrenError NOT_PERMITTED for an address that other machines reach, PORT_IN_USE,
   *   DATA_DIR_IN_USE or DATA_DIR_UNUSABLE for a socket.
   */
  listen(address: RpcAddress): Promise<RpcAddress>;
  /** Calls being served. */
  readonly activeCalls: number;
  /** Takes no more calls, ends streams, waits for the rest within the grace. Idempotent. */
  stop(): Promise<void>;
}

/** Makes a server that does not listen yet. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  return new GrpcServer(options);
}

class GrpcServer implements RpcServer {
  readonly #server: Server;
  readonly #limits: RpcLimits;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #open = new Set<OpenCall>();
  readonly #group: TaskGroup;
  readonly #sockets: string[] = [];
  #stopped: Promise<void> | undefined;

  constructor({ log, metrics, clock, limits }: RpcServerOptions) {
    this.#log = log.child({ component: "rpc" });
    this.#clock = clock;
    this.#limits = { ...DEFAULT_RPC_LIMITS, ...limits };
    this.#meter = new CallMeter(this.#log, clock, metrics);
    this.#group = new TaskGroup((name, error) => {
      this.#log.error("call could not be answered", { method: name, error: String(error) });
    });
    this.#server = new Server({
      "grpc.max_receive_message_length": this.#limits.maxRequestBytes,
      "grpc.max_send_message_length": this.#limits.maxResponseBytes,
      "grpc.max_concurrent_streams": this.#limits.maxStreamsPerConnection,
      "grpc.keepalive_time_ms": this.#limits.keepaliveMs,
      "grpc.keepalive_timeout_ms": this.#limits.keepaliveTimeoutMs,
      "grpc.enable_channelz": 0,
    });
  }

  get activeCalls(): number {
    return this.#open.size;
  }

  addService(service: ServedService): void {
    const definition: Record<string, ServedService["methods"][number]["definition"]> = {};
    const implementation: UntypedServiceImplementation = {};
    for (const method of service.methods) {
      definition[method.name] = { ...method.definition, requestDeserialize: safeDecode(method) };
      implementation[method.name] = adapt(method, this.#run);
    }
    this.#server.addService(definition, implementation);
  }

  readonly #run: RunCall = (method, call, { serve, fail }) => {
    const { path, requestStream, responseStream } = method.definition;
    const name = path.replace(/^\/(?:.*\.)?/, "");
    const open = new OpenCall(
      { name, isStream: requestStream || responseStream },
      call,
      this.#meter,
    );
    this.#group.run(open.method, async () => {
      try {
        this.#admit(open);
        await serve(open);
        open.end(undefined);
      } catch (error) {
        const outcome = open.outcome(error);
        open.end(outcome);
        fail(outcome);
      } finally {
        this.#open.delete(open);
      }
    });
  };

  #admit(open: OpenCall): void {
    if (this.#stopped) throw stopping();
    if (this.#open.size >= this.#limits.maxCalls) {
      throw new WarrenError("TOO_MANY", `${this.#limits.maxCalls} calls are already being served`);
    }
    this.#open.add(open);
  }

  async listen(address: RpcAddress): Promise<RpcAddress> {
    const shown = formatAddress(address);
    if (!isLocal(address)) {
      throw new WarrenError(
        "NOT_PERMITTED",
        `cannot listen on ${shown}: other machines would reach it without encryption`,
        { hint: "listen on 127.0.0.1; remote listening arrives with TLS" },
      );
    }
    if (address.kind === "tcp") return { ...address, port: await this.#bind(address) };
    await claimSocket(address.path);
    await this.#bind(address);
    this.#sockets.push(address.path);
    await openSocketToGroup(address.path);
    return address;
  }

  #bind(address: RpcAddress): Promise<number> {
    const credentials = ServerCredentials.createInsecure();
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(grpcTarget(address), credentials, (error, port) => {
        if (error) reject(bindError(address, error));
        else resolve(port);
      });
    });
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const drained = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    for (const open of this.#open) if (open.isStream) open.abort(stopping());
    const timeout = new AbortController();
    const late = sleep(this.#clock, this.#limits.stopGraceMs, timeout.signal).catch(() => {});
    await Promise.race([drained, late]);
    timeout.abort();
    for (const open of this.#open) open.abort(stopping());
    this.#server.forceShutdown();
    await this.#group.stop();
    for (const path of this.#sockets) await releaseSocket(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function stopping(): WarrenError {
  return new WarrenError("STOPPING", "the manager is stopping");
}

function bindError(address: RpcAddress, error: Error): WarrenError {
  const shown = formatAddress(address);
  const isTaken = /EADDRINUSE|address already in use/i.test(error.message);
  const message = `cannot listen on ${shown}: ${isTaken ? "it is in use" : error.message}`;
  if (isTaken) return new WarrenError("PORT_IN_USE", message, { cause: error });
  return new WarrenError("DATA_DIR_UNUSABLE", message, { cause: error });
}
