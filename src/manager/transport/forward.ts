/**
 * A proposal sent on to the leader: one call, one answer, and certainty about what is uncertain.
 *
 * Both ends. Invariant: NO_LEADER and DISK_FULL are only said of what surely was not taken; whatever may have
 * reached the other side and was not answered by it is UNKNOWN_OUTCOME (rule H2).
 */
import { WarrenError } from "../../lib/mod.ts";
import type { MemberId } from "../../raft/mod.ts";
import type { Channel } from "../../rpc/mod.ts";
import {
  type ForwardRequest,
  type ForwardResponse,
  RaftServiceService,
} from "../../rpc/gen/warren/v1/raft.ts";
import type { Committed, SelfIdentity, TransportEvents } from "./transport.ts";

/** What is sent on. */
export interface Forward {
  readonly self: SelfIdentity;
  readonly to: MemberId;
  /** Null when there is no connection. */
  readonly bulk: Channel | null;
  readonly data: Uint8Array;
}

/** See `Transport.forward`. */
export async function forward(
  { self, to, bulk, data }: Forward,
  signal: AbortSignal,
): Promise<Committed> {
  if (!bulk) throw noLeader(`there is no connection to manager ${to}`);
  if (signal.aborted) throw noLeader("the call was given up before it was sent on");
  const request: ForwardRequest = {
    clusterId: self.clusterId,
    fromMemberId: self.memberId,
    toMemberId: to,
    data: Buffer.from(data.buffer, data.byteOffset, data.length),
  };
  try {
    const { index, term } = await bulk.unary(RaftServiceService.forward, request, { signal });
    return { index, term };
  } catch (error) {
    const { reason, message } = WarrenError.from(error, "the call failed");
    if (reason === "NO_LEADER") throw noLeader(message);
    if (reason === "DISK_FULL") throw error;
    const what = `manager ${to} did not say whether it took the change: ${message}`;
    throw new WarrenError("UNKNOWN_OUTCOME", what, { cause: error });
  }
}

/** Serves one. @throws WarrenError NO_LEADER, or what the driver says */
export async function acceptForward(
  self: SelfIdentity,
  events: Pick<TransportEvents, "isWelcome" | "onForwarded">,
  { clusterId, fromMemberId, toMemberId, data }: ForwardRequest,
): Promise<ForwardResponse> {
  if (clusterId !== self.clusterId || toMemberId !== self.memberId) {
    throw noLeader(`this is manager ${self.memberId} of cluster ${self.clusterId}`);
  }
  if (!events.isWelcome(fromMemberId)) {
    throw noLeader(`manager ${fromMemberId} is not a member of the cluster`);
  }
  // A copy: the driver keeps it, and must not keep the whole request with it.
  const { index, term } = await events.onForwarded(new Uint8Array(data));
  return { index, term };
}

function noLeader(why: string): WarrenError {
  return new WarrenError("NO_LEADER", why);
}
