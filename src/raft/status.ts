/**
 * Where a member stands, as plain data and as lines of text, and what must always hold of it.
 *
 * The invariants are checked in production too: a member that finds its own state impossible must stop
 * taking part (study 0.10). They are cheap: no loop over the log.
 */
import { assert } from "../lib/mod.ts";
import { describeMembership } from "./describe.ts";
import { isVoter } from "./membership.ts";
import { knownLeader } from "./terms.ts";
import type { CoreState, Leading } from "./state.ts";
import type { MemberId, Membership } from "./message.ts";

/** Where a member stands, as plain data. */
export interface CoreStatus {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader";
  readonly term: number;
  readonly vote: MemberId | null;
  readonly leader: MemberId | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly durable: number;
  readonly committed: number;
  readonly applied: number;
  /** What the kept entries count, in bytes: when to make a snapshot is decided by it. */
  readonly logBytes: number;
  readonly membership: Membership;
  /** Whether the end of the log may be missing; such a member neither votes nor campaigns. */
  readonly isRecovering: boolean;
  /** Of a leader: what each member is known to hold. */
  readonly matches: Readonly<Record<MemberId, number>>;
  /** Of a leader: to whom it hands over, or null. */
  readonly transferTo: MemberId | null;
  /** Of a leader: the index of the first entry of its term; null of others. */
  readonly noopIndex: number | null;
  /** Of a leader: whether an entry of its term is committed, so that it may read and change members. */
  readonly hasOwnCommit: boolean;
  /** Whether the membership in force is not known to be committed. */
  readonly hasOpenChange: boolean;
  /** Of a leader: what its uncommitted entries count, in bytes. */
  readonly uncommittedBytes: number;
  /** What committed entries that are not applied count, in bytes. */
  readonly unappliedBytes: number;
  /** Batches that were handed out and are not durable. */
  readonly pendingWrites: number;
  /** Reads that wait here, of this member's clients and of others. */
  readonly pendingReads: number;
}

/** What a leader knows of another member. */
export interface PeerStatus {
  readonly id: MemberId;
  readonly isVoter: boolean;
  /** It is known to hold everything up to here. */
  readonly match: number;
  readonly state: "probe" | "replicate" | "snapshot";
  /** Appends with entries that it has not acknowledged, and what those count in bytes. */
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  /** Ticks since it last answered this leader; null when it never did. */
  readonly silentTicks: number | null;
}

/** Where `state` stands. */
export function statusOf(state: CoreState): CoreStatus {
  const { role, term, vote, log, memberships } = state;
  const leading = role.kind === "leader" ? role.leading : null;
  const matches: Record<MemberId, number> = {};
  for (const [id, { match }] of leading?.progress ?? []) matches[id] = match;
  return {
    role: role.kind === "candidate" && role.isPre ? "pre-candidate" : role.kind,
    term,
    vote,
    leader: knownLeader(state),
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    lastTerm: log.lastTerm,
    durable: log.durable,
    committed: log.committed,
    applied: log.applied,
    logBytes: log.bytes,
    membership: memberships.latest,
    isRecovering: state.isRecovering,
    matches,
    transferTo: leading?.transfer?.to ?? null,
    noopIndex: leading?.noopIndex ?? null,
    hasOwnCommit: leading !== null && log.committed >= leading.noopIndex,
    hasOpenChange: memberships.latestIndex > log.committed,
    uncommittedBytes: leading?.uncommittedBytes ?? 0,
    unappliedBytes: log.unappliedBytes,
    pendingWrites: state.writes.length,
    pendingReads: state.forwarded.size + (leading?.reads.length ?? 0) +
      (leading?.earlyReads.length ?? 0),
  };
}

/** What a leader knows of the others, by id. */
export function peersOf({ role, tick, memberships }: CoreState): readonly PeerStatus[] {
  if (role.kind !== "leader") return [];
  return [...role.leading.progress].map(([id, progress]) => ({
    id,
    isVoter: isVoter(memberships.latest, id),
    match: progress.match,
    state: progress.state,
    inflightMessages: progress.inflightMessages,
    inflightBytes: progress.inflightBytes,
    silentTicks: progress.heardTick === null ? null : tick - progress.heardTick,
  })).sort((one, other) => one.id < other.id ? -1 : 1);
}

/** The voter that holds most, of those that answered within the heartbeat timeout. */
export function heirOf(state: CoreState): MemberId | null {
  const { heartbeatTimeoutTicks } = state.config;
  const reachable = peersOf(state).filter(({ isVoter, silentTicks }) =>
    isVoter && silentTicks !== null && silentTicks < heartbeatTimeoutTicks
  );
  return reachable.sort((one, other) => other.match - one.match)[0]?.id ?? null;
}

/** One line: role, term, membership and log. */
export function describeState(state: CoreState): string {
  const { role, term, vote, leader, membership } = statusOf(state);
  const flags = state.isRecovering ? " recovering" : "";
  const who = `${role} term=${term} vote=${vote ?? "-"} leader=${leader ?? "-"}${flags} of ${
    describeMembership(membership)
  }`;
  return `${who} ${state.log.describe()}`;
}

/** A leader's own state, one line for itself and one for each member. */
export function describeLeading(leading: Leading): string {
  const { round, reads, earlyReads, transfer, uncommittedBytes } = leading;
  const to = transfer ? ` transfer=${transfer.to}${transfer.isSent ? " sent" : ""}` : "";
  const waiting = `reads=${reads.length} early=${earlyReads.length}`;
  const lines = [...leading.progress].map(([id, progress]) => `  ${id}: ${progress.describe()}`);
  return [`round=${round} ${waiting} uncommitted=${uncommittedBytes}B${to}`, ...lines].join("\n");
}

/** Throws a `BugError` when `state` cannot be. */
export function checkInvariants(state: CoreState): void {
  const { log, memberships, role, config } = state;
  const { snapshot, handed, applied, committed, durable, lastIndex } = log;
  assert(Number.isSafeInteger(state.term) && Number.isSafeInteger(lastIndex), "numbers are safe");
  assert(log.firstIndex - 1 <= snapshot.index, "the base is not after the snapshot");
  assert(
    snapshot.index <= handed && applied <= handed,
    "the snapshot and what is applied were handed",
  );
  assert(handed <= committed && committed <= lastIndex, "handed <= committed <= last");
  assert(durable <= lastIndex, "nothing beyond the log is durable");
  assert(log.lastTerm <= state.term, "no entry is of a later term");
  assert(memberships.latestIndex <= lastIndex, "the membership in force is in the log");
  if (role.kind === "candidate" && !role.isPre) {
    assert(state.vote === config.id, "own vote is cast");
  }
  if (role.kind === "leader") checkLeading(state, role.leading);
}

function checkLeading({ log, vote, config, memberships }: CoreState, leading: Leading): void {
  assert(vote === config.id, "a leader voted for itself");
  assert(leading.uncommittedBytes >= 0, "uncommitted bytes are counted right");
  const isOut = !isVoter(memberships.latest, config.id);
  assert(!isOut || memberships.latestIndex > log.committed, "a leader that left has stepped down");
  for (const [id, { match, next }] of leading.progress) {
    assert(match < next && next <= log.lastIndex + 1, `${id}: match < next <= last + 1`);
  }
}
