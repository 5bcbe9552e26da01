/**
 * Reads the value of `--metrics-addr`.
 *
 * Used by the HTTP endpoint. Pure. A port alone means the loopback address, since these pages tell
 * more than strangers should know.
 */
import { WarrenError } from "../lib/mod.ts";

/** Where to listen. */
export interface HttpAddress {
  /** A name or an address, IPv6 without brackets. */
  readonly hostname: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly isLoopback: boolean;
}

/** Parses `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. @throws USAGE */
export function parseHttpAddress(text: string): HttpAddress {
  const match = /^(?:\[([0-9a-f:.%]+)\]|([\w.-]*)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || port > 65_535) {
    throw new WarrenError("USAGE", `Cannot serve metrics on "${text}": not an address`, {
      hint: 'give HOST:PORT to --metrics-addr, for instance 127.0.0.1:9090, or "off"',
    });
  }
  const hostname = match[1] || match[2] || "127.0.0.1";
  const isLoopback = hostname === "localhost" || hostname === "::1" || /^127\./.test(hostname);
  return { hostname, port, isLoopback };
}
