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
import { type Clock, realClock } from "../lib/mod.ts";
import type { Client } from "./client.ts";
import type { serviceSpecFromProto, serviceSpecToProto } from "../rpc/convert/mod.ts";
import { chooseHost } from "./host.ts";

export type { Client } from "./client.ts";
export { chooseHost, defaultSocketPath, type HostMachine } from "./host.ts";
export type { CallOptions } from "./methods.ts";

/** How patient. */
export interface ConnectOptions {
  /** Milliseconds that each answer may take, unless its call says otherwise; 30 s by default. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
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
 * A client of the manager at `host`: `unix:///path` or `host:port`. Nothing is dialled before the
 * first call.
 *
 * @throws WarrenError USAGE when `host` is not an address.
 */
export async function connect(
  host: string = defaultAddress(),
  options: ConnectOptions = {},
): Promise<Client> {
  const { openChannel, parseAddress } = await import("../rpc/mod.ts");
  const channel = openChannel(parseAddress(host));
  const { makeClient } = await import("./client.ts");
  const { clock = realClock, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return makeClient({ channel, clock, timeoutMs });
}

/** Loads the conversion between specs of the model and specs as they travel. */
export async function loadSpecConversion(): Promise<SpecConversion> {
  return await import("../rpc/convert/mod.ts");
}
