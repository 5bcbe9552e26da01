/**
 * One real member for tests that look at the real transport alone.
 *
 * Used by the tests beside the transport; what others must do is in the contract suite.
 */
import { type Log, Prng, realClock, silentLog } from "../../../lib/mod.ts";
import type { MemberId } from "../../../raft/mod.ts";
import { openGrpcTransport } from "../grpc_transport.ts";
import type { TransportLimits } from "../limits.ts";
import type { Transport } from "../transport.ts";
import { Recorder } from "./recorder.ts";

/** A member and what it saw. */
export interface LoneMember {
  readonly transport: Transport;
  readonly seen: Recorder;
}

/** Starts a member of cluster "c" on a free port. */
export async function startMember(
  memberId: MemberId,
  limits: Partial<TransportLimits> = {},
  log: Log = silentLog,
): Promise<LoneMember> {
  const seen = new Recorder();
  const transport = await openGrpcTransport({
    self: { clusterId: "c", memberId, incarnation: 1, advertiseAddr: "" },
    listen: "127.0.0.1:0",
    events: seen,
    log,
    clock: realClock,
    prng: new Prng(2),
    limits,
  });
  return { transport, seen };
}
