/**
 * The typed client of the API, for the command line and for programs.
 *
 * This door is cheap to load: the transport comes with `connect`, messages with the first call of
 * their service.
 *
 * ```ts
 * const client = await connect("unix:///var/run/warren.sock");
 * const { services } = await client.listServices({ stale: false });
 * client.close();
 * ```
 */
import { type Clock, type IdSource, randomIds, realClock, type WarrenError } from "../lib/mod.ts";
import type { Client } from "./client.ts";
import type { serviceSpecFromProto, serviceSpecToProto } from "../rpc/convert/mod.ts";
import { chooseHost, splitHosts } from "./host.ts";

export type { Client } from "./client.ts";
export { chooseHost, defaultSocketPath, type HostMachine } from "./host.ts";
export type { CallOptions } from "./methods.ts";

/** How patient. */
export interface ConnectOptions {
  /** Milliseconds that each answer may take, unless its call says otherwise; 30 s by default. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Of requests. */
  readonly ids?: IdSource;
  /** Told once per call that it is tried again, for want of a leader or of an answer. */
  readonly onRetry?: (why: WarrenError) => void;
}

/** Specs of services to messages and back. */
export interface SpecConversion {
  readonly serviceSpecToProto: typeof serviceSpecToProto;
  readonly serviceSpecFromProto: typeof serviceSpecFromProto;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** The manager to ask when nobody says: WARREN_HOST, else the socket of the local daemon. */
export function defaultAddress(): string {
  return chooseHost(undefined, { uid: Deno.uid(), env: (name) => Deno.env.get(name) });
}

/**
 * A client of the manager at `host`: `unix:///path` or `host:port`; of several managers, whose
 * addresses are separated by commas, the first one that answers. Nothing is dialled before the first
 * call.
 *
 * @throws WarrenError USAGE when `host` is no address, or a part of it is none.
 */
export async function connect(
  host: string = defaultAddress(),
  options: ConnectOptions = {},
): Promise<Client> {
  const { openChannel, parseAddress } = await import("../rpc/mod.ts");
  const addresses = splitHosts(host).map(parseAddress);
  const { ChannelPool } = await import("./pool.ts");
  const pool = new ChannelPool(addresses.map((address) => openChannel(address)));
  const { makeClient } = await import("./client.ts");
  const { clock = realClock, timeoutMs = DEFAULT_TIMEOUT_MS, ids = randomIds, onRetry } = options;
  return makeClient({ pool, clock, timeoutMs, ids, ...(onRetry && { onRetry }) });
}

/** Loads the conversion between specs of the model and specs as they travel. */
export async function loadSpecConversion(): Promise<SpecConversion> {
  return await import("../rpc/convert/mod.ts");
}
