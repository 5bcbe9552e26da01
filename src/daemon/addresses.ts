/**
 * Addresses of a node as flags give them: where it listens, and what it tells others.
 *
 * Pure text; used when settings are settled. Port 0 becomes a port only when it is bound.
 */
import { WarrenError } from "../lib/mod.ts";
import { formatAddress, isLocal, parseAddress } from "../rpc/mod.ts";

/** An address of this machine; a port alone means loopback. @throws WarrenError NOT_PERMITTED, USAGE */
export function localAddress(text: string): string {
  const address = parseAddress(text.startsWith(":") ? `127.0.0.1${text}` : text);
  if (isLocal(address)) return formatAddress(address);
  throw new WarrenError(
    "NOT_PERMITTED",
    `cannot listen on ${formatAddress(address)}: other machines would reach it without encryption`,
    { hint: "listen on 127.0.0.1 with --raft-addr; remote listening arrives with TLS" },
  );
}

/** `HOST` or `HOST:PORT` without its port. */
export function hostOf(text: string): string {
  return text.replace(/(?<=[^:]|\]):\d+$/, "");
}

/** `text`, with the port of `listening` unless it has one; null when that is chosen at the start. */
export function withPortOf(text: string, listening: string): string | null {
  if (hostOf(text) !== text) return text;
  const port = /:(\d+)$/.exec(listening)?.[1] ?? "0";
  const isBare6 = text.includes(":") && !text.startsWith("[");
  return port === "0" ? null : `${isBare6 ? `[${text}]` : text}:${port}`;
}

/** `listening` as others dial it; "" for a port that is chosen when it is bound. */
export function bindable(listening: string): string {
  const address = parseAddress(listening.startsWith(":") ? `127.0.0.1${listening}` : listening);
  return address.kind === "tcp" && address.port > 0 ? formatAddress(address) : "";
}
