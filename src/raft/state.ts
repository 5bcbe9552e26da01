/**
 * The state of one member's core, its limits, and what it has to send: shared by the step functions.
 *
 * Owned by `core.ts`. Only `terms.ts` changes term and vote, so that no other path can (the cause of
 * the worst known bugs of other libraries, study 0.1).
 */
import type { Prng } from "../lib/mod.ts";
import type { MembershipHistory } from "./membership.ts";
import type { Progress } from "./progress.ts";
import type { RaftLog } from "./log.ts";
import type { WriteQueue } from "./writes.ts";
import type { Entry, MemberId, Message, Outgoing, SnapshotMeta } from "./message.ts";

/** Times in ticks and bounds; validated by `config.ts`. */
export interface CoreConfig {
  readonly id: MemberId;
  /** A follower that has not heard of its leader for this long, times 1 to 2, campaigns. */
  readonly heartbeatTimeoutTicks: number;
  /** A candidate that has not won for this long, times 1 to 2, tries again. */
  readonly electionTimeoutTicks: number;
  /** A leader whose last confirmed round is older than this steps down. */
  readonly leaseTicks: number;
  readonly heartbeatTicks: number;
  readonly maxAppendEntries: number;
  readonly maxAppendBytes: number;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  /** Beyond it a leader refuses proposals (rule G4). */
  readonly maxUncommittedBytes: number;
  /** Entries on their way to the state machine at a time (rule G7). */
  readonly maxApplyBytes: number;
  /** Committed entries that wait for the state machine; beyond it a follower takes no more (rule G5). */
  readonly maxUnappliedBytes: number;
  /** A log larger than this is compacted even if a member then needs another snapshot (rule F9). */
  readonly maxKeptBytes: number;
  /** Reads that wait, of each kind; more fail at once. */
  readonly maxPendingReads: number;
  /** Heartbeat rounds without an answer; more reads wait for the next period. */
  readonly maxOpenRounds: number;
  /** A write that takes longer costs the leader its place, and others their candidacy (rule I7). */
  readonly stallTicks: number;
  /** A leader that has written nothing for so long writes its hard state again, to see (rule I7). */
  readonly diskProbeTicks: number;
}

/** A read whose index is waiting to be confirmed. */
export interface PendingRead {
  /** Who asked; the answer goes there. */
  readonly from: MemberId;
  readonly id: number;
  readonly index: number;
  /** The round that confirms it was begun after the index was taken. */
  readonly round: number;
}

/** A leader's own state. */
export interface Leading {
  readonly progress: Map<MemberId, Progress>;
  /** Index of this leadership's first entry. */
  readonly noopIndex: number;
  /** The last round that was sent. */
  round: number;
  /** When each round that may still be confirmed was sent, in ticks. */
  readonly roundSentTick: Map<number, number>;
  /** When the latest confirmed round was sent. */
  confirmedTick: number;
  /** A round is to be begun with the next `Ready`. */
  isRoundWanted: boolean;
  sinceRoundTicks: number;
  reads: PendingRead[];
  /** Reads that came before the first own commit. */
  earlyReads: { readonly from: MemberId; readonly id: number }[];
  transfer: { readonly to: MemberId; untilTick: number; isSent: boolean } | null;
  /** Of all entries after the commit index, inherited ones included. */
  uncommittedBytes: number;
}

/** What a member is. */
export type Role =
  | { readonly kind: "follower"; readonly leader: MemberId | null }
  | {
    readonly kind: "candidate";
    readonly isPre: boolean;
    readonly isTransfer: boolean;
    readonly votes: Map<MemberId, boolean>;
  }
  | { readonly kind: "leader"; readonly leading: Leading };

/** Everything a core knows. Changed within one synchronous call only. */
export interface CoreState {
  readonly config: CoreConfig;
  readonly prng: Prng;
  readonly log: RaftLog;
  readonly memberships: MembershipHistory;
  readonly writes: WriteQueue;
  term: number;
  vote: MemberId | null;
  role: Role;
  /** Ticks since the start. */
  tick: number;
  /** When a batch with something to write was last handed out. */
  wroteTick: number;
  /** When the leader was last heard; null when it never was or its connection broke. */
  leaderSeenTick: number | null;
  /** When to campaign unless something happens before. */
  deadlineTick: number;
  /** The end of its log may be missing: it neither votes nor campaigns (rule A11, study 4.5). */
  isRecovering: boolean;
  /** It is whole again once its log is durable up to here. */
  wholeAt: number | null;
  /** Reads of this member's own clients that travel to the leader, by a number of the core's own. */
  readonly forwarded: Map<number, { readonly id: number; readonly untilTick: number }>;
  /** The number of the next forwarded read; begins anywhere, so that no restart uses one again. */
  nextForward: number;
  outbox: Outbox;
}

/** What waits for the next `Ready`. */
export interface Outbox {
  sendNow: Message[];
  sendAfterPersisted: Message[];
  isHardChanged: boolean;
  truncateFrom: number | null;
  entries: Entry[];
  snapshot: SnapshotMeta | null;
  reads: { readonly id: number; readonly index: number }[];
  readsFailed: number[];
  /** The member's own vote of this term is cast and counts once it is durable. */
  isSelfVoteDue: boolean;
}

/** An outbox with nothing in it. */
export function emptyOutbox(): Outbox {
  return {
    sendNow: [],
    sendAfterPersisted: [],
    isHardChanged: false,
    truncateFrom: null,
    entries: [],
    snapshot: null,
    reads: [],
    readsFailed: [],
    isSelfVoteDue: false,
  };
}

/** Queues a message that may leave at once. The term is attached here and nowhere else. */
export function sendNow(state: CoreState, message: Outgoing): void {
  state.outbox.sendNow.push(addressed(state, message));
}

/** Queues a message that may leave when everything decided so far is durable. */
export function sendAfterPersisted(state: CoreState, message: Outgoing): void {
  state.outbox.sendAfterPersisted.push(addressed(state, message));
}

function addressed(state: CoreState, message: Outgoing): Message {
  return { term: state.term, ...message, from: state.config.id } as Message;
}

/** A number of ticks in [base, 2 base). */
export function randomTicks(state: CoreState, baseTicks: number): number {
  return baseTicks + state.prng.below(baseTicks);
}
