/**
 * The first words on every stream: who is calling whom, and whether that is right (study 4.7, E11).
 *
 * Pure: both ends of a stream ask it. Invariant: nothing is taken from a caller that is of another
 * cluster, talks to somebody else, was removed, or lives a life that is over.
 */
import type { MemberId } from "../../raft/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import type { PeerHello, PeerRefusal, PeerWelcome } from "../../rpc/gen/warren/v1/raft.ts";
import type { SelfIdentity } from "./transport.ts";

/** The form of all that follows the hello; raised when an older receiver could not read it. */
export const PROTOCOL_VERSION = 1;

/** Optional features of this build, one bit each; none yet. */
const FEATURES = 0;

const MAX_ID_CHARS = 128;
const MAX_ADDRESS_CHARS = 300;

/** Why a hello is not accepted. */
export type RefusalReason =
  | "wrong cluster"
  | "wrong peer"
  | "removed"
  | "reused id"
  | "newer protocol"
  | "malformed";

/** What this member says when it dials `to`. */
export function helloTo(self: SelfIdentity, to: MemberId): PeerHello {
  return {
    clusterId: self.clusterId,
    memberId: self.memberId,
    incarnation: self.incarnation,
    toMemberId: to,
    protocolVersion: PROTOCOL_VERSION,
    features: FEATURES,
    advertiseAddress: self.advertiseAddr,
  };
}

/** The answer to a hello that is accepted. */
export function welcomeOf(self: SelfIdentity): PeerWelcome {
  return {
    clusterId: self.clusterId,
    memberId: self.memberId,
    incarnation: self.incarnation,
    protocolVersion: PROTOCOL_VERSION,
    features: FEATURES,
  };
}

/** The answer to one that is not. */
export function refusalOf(self: SelfIdentity, hello: PeerHello, reason: RefusalReason) {
  const refusal: PeerRefusal = {
    reason,
    message: explain(self, hello, reason),
    memberId: self.memberId,
    clusterId: self.clusterId,
  };
  return refusal;
}

/** What the receiver of a hello knows. */
export interface HelloContext {
  readonly self: SelfIdentity;
  /** The newest life of the caller that is known of. */
  readonly knownIncarnation: number | undefined;
  isWelcome(peer: MemberId): boolean;
}

/** Why `hello` is refused, or null when it is accepted. */
export function refusalReason(hello: PeerHello, context: HelloContext): RefusalReason | null {
  const { self, knownIncarnation } = context;
  if (hello.protocolVersion > PROTOCOL_VERSION) return "newer protocol";
  if (hello.clusterId !== self.clusterId) return "wrong cluster";
  if (hello.toMemberId !== self.memberId) return "wrong peer";
  if (!isShaped(hello)) return "malformed";
  if (hello.memberId === self.memberId) return "reused id";
  if (!context.isWelcome(hello.memberId)) return "removed";
  if (hello.incarnation < (knownIncarnation ?? 0)) return "reused id";
  return null;
}

function isShaped({ memberId, advertiseAddress, protocolVersion }: PeerHello): boolean {
  return memberId.length > 0 && memberId.length <= MAX_ID_CHARS && protocolVersion > 0 &&
    advertiseAddress.length <= MAX_ADDRESS_CHARS;
}

function explain(self: SelfIdentity, hello: PeerHello, reason: RefusalReason): string {
  switch (reason) {
    case "wrong cluster":
      return `this manager belongs to cluster ${self.clusterId}`;
    case "wrong peer":
      return `this address is that of manager ${self.memberId}`;
    case "removed":
      return `manager ${hello.memberId} is not a member of the cluster`;
    case "reused id":
      return `manager ${hello.memberId} has been started again elsewhere`;
    case "newer protocol":
      return `protocol ${hello.protocolVersion} is newer than ${PROTOCOL_VERSION}, the newest known`;
    case "malformed":
      return "the hello makes no sense";
  }
}

/** A refusal as the dialler meets it. */
export class RefusedError extends WarrenError {
  readonly refusal: PeerRefusal;

  /** `refusal` is what the peer said, or what the dialler made of its welcome. */
  constructor(refusal: PeerRefusal) {
    super("NOT_PERMITTED", `refused (${refusal.reason}): ${refusal.message}`);
    this.refusal = refusal;
  }
}

/** @throws RefusedError unless the welcome comes from whom was dialled */
export function checkWelcome(welcome: PeerWelcome, self: SelfIdentity, dialled: MemberId): void {
  const { clusterId, memberId } = welcome;
  const refuse = (reason: RefusalReason, message: string) => {
    throw new RefusedError({ reason, message, memberId, clusterId });
  };
  if (clusterId !== self.clusterId) refuse("wrong cluster", `it belongs to cluster ${clusterId}`);
  if (memberId !== dialled) refuse("wrong peer", `it is manager ${memberId}`);
}
