/**
 * The agent's way to a manager: three calls, so that tests and the simulator can stand in for gRPC.
 */
import {
  AgentServiceService,
  type JoinRequest,
  type JoinResponse,
  type RelayRequest,
  type RelayResponse,
  type SessionRequest,
  type SessionResponse,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { BidiCall, Channel } from "../../rpc/mod.ts";

/** A connection to one manager. */
export interface ManagerLink {
  /** @throws WarrenError TOKEN_REFUSED, NODE_NAME_TAKEN, CLUSTER_UNREACHABLE */
  join(request: JoinRequest, signal: AbortSignal): Promise<JoinResponse>;
  session(signal: AbortSignal): BidiCall<SessionRequest, SessionResponse>;
  relay(signal: AbortSignal): BidiCall<RelayRequest, RelayResponse>;
  close(): void;
}

/** Opens a link; nothing is dialled before the first call. */
export type Connect = (address: string) => ManagerLink;

/** How long one try to join may take. */
const JOIN_TIMEOUT_MS = 15_000;

/** A link over a gRPC channel. */
export function channelLink(channel: Channel): ManagerLink {
  const { join, session, relay } = AgentServiceService;
  return {
    join: (request, signal) => channel.unary(join, request, { signal, timeoutMs: JOIN_TIMEOUT_MS }),
    session: (signal) => channel.bidi(session, { signal }),
    relay: (signal) => channel.bidi(relay, { signal }),
    close: () => channel.close(),
  };
}
