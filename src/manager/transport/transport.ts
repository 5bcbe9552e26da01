/**
 * How members talk: messages of consensus, proposals sent on to the leader, and snapshots.
 *
 * The driver calls it and is called back; `grpc_transport.ts` is the real one. It may lose, repeat
 * and reorder messages, never alter them. Invariant: no call blocks on a peer, every queue is
 * bounded, and nothing from a former life of a peer arrives after its `restarted`.
 */
import type { MemberId, Message, SnapshotMeta } from "../../raft/mod.ts";

/** The message that puts a snapshot in force; it travels with the snapshot's bytes, never without. */
export type SnapshotMessage = Extract<Message, { kind: "snapshot" }>;

/** Where a member is. */
export interface PeerAddress {
  readonly id: MemberId;
  /** `host:port` of its Raft listener. */
  readonly address: string;
}

/** Who this member is to others. */
export interface SelfIdentity {
  readonly clusterId: string;
  readonly memberId: MemberId;
  readonly incarnation: number;
  /** `host:port` that others dial, told in the hello; "" for the address as bound. */
  readonly advertiseAddr: string;
}

/** A snapshot that is offered by a peer. */
export interface SnapshotOffer {
  readonly from: MemberId;
  readonly meta: SnapshotMeta;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Takes the bytes of an offered snapshot; as in `disk.ts`. */
export interface SnapshotReceiver {
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** Where a snapshot's bytes come from. */
export interface SnapshotSource {
  readonly meta: SnapshotMeta;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Null when the snapshot is gone. */
  read(offset: number, maxBytes: number): Promise<Uint8Array | null>;
}

/** The answer to a proposal that was sent on: where it was committed. */
export interface Committed {
  readonly index: number;
  readonly term: number;
}

/** What the transport tells the driver. */
export interface TransportEvents {
  /** Messages as they came in, of one sender and at least one; only well-formed ones from the member that says so. */
  onMessages(messages: readonly Message[]): void;
  /**
   * `unreachable`: a connection broke in either direction, could not be made, or its queue is full;
   * once per loss, not per attempt. `connected`: all of that is over. The two alternate.
   */
  onPeer(peer: MemberId, what: "unreachable" | "restarted" | "connected"): void;
  /** A peer that dialled said where it listens. */
  onAddress(peer: PeerAddress): void;
  /** A member of this cluster says that this one is not a member any more; at every attempt. */
  onRemoved(by: MemberId): void;
  /** Whether `peer` may talk to this member; false answers its hello with "removed". */
  isWelcome(peer: MemberId): boolean;
  /**
   * A peer offers a snapshot; null declines. Once `finish` has resolved, its message comes through
   * `onMessages`; when the transfer fails, `abort` is called instead. One at a time from each peer.
   */
  receiveSnapshot(offer: SnapshotOffer): Promise<SnapshotReceiver | null>;
  /**
   * A follower sent a proposal on. Resolves once committed.
   *
   * @throws WarrenError NO_LEADER or DISK_FULL when it surely was not appended; anything else is unknown
   */
  onForwarded(data: Uint8Array): Promise<Committed>;
}

/** The connections of one member. */
export interface Transport extends AsyncDisposable {
  /** `host:port` as bound. */
  readonly address: string;
  /** Whom to hold connections to; others are closed. Unchanged peers keep theirs. */
  setPeers(peers: readonly PeerAddress[]): void;
  /**
   * Queues messages by their `to`; drops appends first when a queue is full, and all for unknown
   * peers. Never given a message of kind "snapshot": that is for `sendSnapshot`.
   */
  send(messages: readonly Message[]): void;
  /**
   * Sends `message.to` a snapshot in chunks, resuming where the peer says. Resolves once the peer has
   * it durably and took `message` in. One at a time to each peer; tries once.
   *
   * @throws WarrenError NODE_UNREACHABLE, SNAPSHOT_REFUSED (not wanted, or damaged on its way), TOO_MANY
   *   (one is under way), SNAPSHOT_GONE, ABORTED_BY_USER
   */
  sendSnapshot(
    message: SnapshotMessage,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Sends a proposal on to `to`, which leads.
   *
   * @throws WarrenError NO_LEADER or DISK_FULL when it surely was not taken, UNKNOWN_OUTCOME otherwise
   */
  forward(to: MemberId, data: Uint8Array, signal: AbortSignal): Promise<Committed>;
  /** Peers with a working connection. */
  connected(): ReadonlySet<MemberId>;
  /** Refuses new work, flushes what is queued within a bound, closes. Idempotent. */
  stop(): Promise<void>;
}
