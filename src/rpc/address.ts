/**
 * Addresses of the API as users write them: `unix:///path` or `host:port`.
 *
 * Pure text; used by the server, the channel and the command line.
 */
import { WarrenError } from "../lib/mod.ts";

/** Where an API listens or is dialled. */
export type RpcAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/**
 * An address from its text form. A bare absolute path counts as a socket.
 *
 * @throws WarrenError USAGE when it has neither form.
 */
export function parseAddress(text: string): RpcAddress {
  if (text.startsWith("unix:")) return unixAddress(text.slice(5).replace(/^\/\/(?=\/)/, ""), text);
  if (text.startsWith("/")) return unixAddress(text, text);
  const match = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return refuse(text);
  return { kind: "tcp", host, port };
}

function unixAddress(path: string, text: string): RpcAddress {
  return path.startsWith("/") && !path.includes("\0") ? { kind: "unix", path } : refuse(text);
}

function refuse(text: string): never {
  throw new WarrenError("USAGE", `"${text}" is not an address`, {
    hint: "write unix:///path/to/socket or host:port",
  });
}

/** The text form that `parseAddress` reads. */
export function formatAddress(address: RpcAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** The form that grpc-js dials and binds. */
export function grpcTarget(address: RpcAddress): string {
  return address.kind === "unix" ? `unix:${address.path}` : formatAddress(address);
}

/** Whether only this machine can reach the address. */
export function isLocal(address: RpcAddress): boolean {
  if (address.kind === "unix") return true;
  return address.host === "localhost" || address.host === "::1" ||
    /^127\.\d+\.\d+\.\d+$/.test(address.host);
}
