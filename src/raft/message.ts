/**
 * The words of consensus as plain data: members, entries, messages, and what must be durable.
 *
 * Everything here is immutable once made. Terms and indexes are safe integers; 0 is "before the
 * first". Names are those of the Raft dissertation.
 */

/** A member of the group: random, made once per data directory, never reused. */
export type MemberId = string;

/** What an entry carries. */
export type Payload =
  /** Opens a leadership, so that entries of earlier terms can be committed (dissertation 6.4). */
  | { readonly kind: "noop" }
  | { readonly kind: "data"; readonly data: Uint8Array }
  /** In force from the moment it is appended, committed or not. */
  | { readonly kind: "membership"; readonly membership: Membership };

/** One record of the log. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly payload: Payload;
}

/** Who votes and who only listens. Lists are sorted; no one is in two of them but the two voters'. */
export interface Membership {
  readonly voters: readonly MemberId[];
  /** The voters before a joint change; empty outside of one. Both halves must then agree. */
  readonly outgoing: readonly MemberId[];
  readonly learners: readonly MemberId[];
}

/** What must be durable before anything that depends on it leaves. */
export interface HardState {
  readonly term: number;
  /** Who got this term's vote, or null. */
  readonly vote: MemberId | null;
}

/** A state as of an index, with the membership at that index. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  readonly membership: Membership;
}

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's term; of a pre-vote, the term it would campaign in. */
  readonly term: number;
}

/** What members say to each other. */
export type Message =
  | Envelope & {
    readonly kind: "vote";
    /** Asks whether a campaign could succeed; changes nobody's term or vote (9.6). */
    readonly isPre: boolean;
    /** Asked for by the leader: stickiness does not apply. */
    readonly isTransfer: boolean;
    readonly lastIndex: number;
    readonly lastTerm: number;
  }
  | Envelope & {
    readonly kind: "vote.reply";
    readonly isPre: boolean;
    readonly isGranted: boolean;
  }
  | Envelope & {
    readonly kind: "append";
    readonly prevIndex: number;
    readonly prevTerm: number;
    readonly entries: readonly Entry[];
    readonly commit: number;
  }
  | Envelope & {
    readonly kind: "append.reply";
    readonly isOk: boolean;
    /** Verified up to here; of a refusal, the index before the refused entries. */
    readonly index: number;
    /** Of a refusal: the best place to try next. */
    readonly hintIndex: number;
    readonly hintTerm: number;
  }
  | Envelope & {
    readonly kind: "heartbeat";
    /** Counts the leader's rounds; lease and reads are confirmed by a quorum of replies to one. */
    readonly round: number;
    /** No more than the receiver is known to hold (rule B7). */
    readonly commit: number;
    /** Whether that is all that the leader has committed. */
    readonly isAll: boolean;
  }
  | Envelope & { readonly kind: "heartbeat.reply"; readonly round: number }
  | Envelope & { readonly kind: "snapshot"; readonly snapshot: SnapshotMeta }
  | Envelope & { readonly kind: "timeout.now" }
  | Envelope & {
    readonly kind: "read";
    /** A number that the sender's core never uses twice, not that of its client (rule C3). */
    readonly id: number;
  }
  | Envelope & {
    readonly kind: "read.reply";
    readonly id: number;
    /** Null when the leader cannot confirm; the reader asks again. */
    readonly index: number | null;
  };

/** The part of a message that its sender's core fills in when it sends. */
export type Outgoing = Message extends infer M
  ? M extends Message ? Omit<M, "from" | "term"> & { readonly term?: number } : never
  : never;

/** What `takeReady` hands out. */
export interface Ready {
  /** Completions are reported by it, in order. */
  readonly seq: number;
  /** Absent when nothing must be written. */
  readonly persist: Persist | null;
  /** May leave at once. */
  readonly sendNow: readonly Message[];
  /** May leave when `seq` is durable: they reveal a term, a vote or an append. */
  readonly sendAfterPersisted: readonly Message[];
  /** Committed and durable here, in order. */
  readonly apply: readonly Entry[];
  /** A snapshot to hand to the state machine once `seq` is durable, before any later `apply`. */
  readonly restore: SnapshotMeta | null;
  /**
   * Reads that may be answered once the state machine has applied `index`. At a member that was removed
   * meanwhile that may never be: whoever waits bounds the wait.
   */
  readonly reads: readonly { readonly id: number; readonly index: number }[];
  readonly readsFailed: readonly number[];
}

/** One atomic durable record. */
export interface Persist {
  readonly hard: HardState | null;
  /** Entries from here on are replaced by `entries`. */
  readonly truncateFrom: number | null;
  readonly entries: readonly Entry[];
  /** Replaces the whole log. */
  readonly snapshot: SnapshotMeta | null;
}

/** Why a proposal was not taken. */
export type Refusal =
  | "not leader"
  | "transferring"
  | "too many uncommitted"
  | "change in flight"
  | "no own commit yet"
  | "bad change"
  | "stopped";

/** The answer to a proposal: where it stands in the log, or why it does not. */
export type Proposed =
  | { readonly isOk: true; readonly term: number; readonly index: number }
  | {
    readonly isOk: false;
    readonly reason: Refusal;
    readonly leader: MemberId | null;
    readonly detail: string;
  };
