/**
 * Opens the connection to the cluster: the address that was asked for, or the local socket. The only place
 * of the command line that loads the client, and with it gRPC.
 */
import type { Client } from "../client/mod.ts";
import type { WarrenError } from "../lib/mod.ts";

/** Where to and with what patience. */
export interface ConnectOptions {
  /** `unix:///path` or `HOST:PORT`, or several with commas; the local socket unless given. */
  readonly host: string | undefined;
  /** For each request that does not stream. */
  readonly timeoutMs: number;
  /** Told once per request that it is tried again. */
  readonly onRetry?: (why: WarrenError) => void;
}

/** A connection; it is dialled with the first call. @throws WarrenError USAGE for a bad address */
export async function connectClient(
  { host, timeoutMs, onRetry }: ConnectOptions,
): Promise<Client> {
  const { connect, defaultAddress } = await import("../client/mod.ts");
  return connect(host ?? defaultAddress(), { timeoutMs, ...(onRetry && { onRetry }) });
}
