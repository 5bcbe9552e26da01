/**
 * One member's consensus: a state machine without IO, clock, randomness of its own, or promises.
 *
 * The driver feeds it ticks, messages and completions, and carries out what `takeReady` hands out.
 * The same inputs and the same seed give the same outputs. Invariant: nothing that promises
 * durability is in `sendNow`.
 */
import { assert, type Prng } from "../lib/mod.ts";
import { campaign, ownVoteDurable } from "./elections.ts";
import { RaftLog } from "./log.ts";
import {
  changed,
  isVoter,
  type MembershipChange,
  MembershipHistory,
  NO_MEMBERS,
} from "./membership.ts";
import { beginRound, expireReads, requestRead } from "./reads.ts";
import { advanceCommit, appendOwn, membershipChanged, sendAppends } from "./replication.ts";
import { type CoreConfig, type CoreState, emptyOutbox, type Leading, sendNow } from "./state.ts";
import { step } from "./step.ts";
import { becomeFollower, knownLeader } from "./terms.ts";
import type {
  Entry,
  HardState,
  MemberId,
  Membership,
  Message,
  Payload,
  Proposed,
  Ready,
  Refusal,
  SnapshotMeta,
} from "./message.ts";

/** What a member finds on its disk; a new one finds nothing. */
export interface Restored {
  readonly hard: HardState;
  readonly snapshot: SnapshotMeta;
  /** The entry before the first of `entries`; at or before the snapshot. */
  readonly base: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
}

/** Nothing on disk yet: `membership` is agreed on outside, once, when the group is made. */
export function freshStart(membership: Membership = NO_MEMBERS): Restored {
  return {
    hard: { term: 0, vote: null },
    snapshot: { index: 0, term: 0, membership },
    base: { index: 0, term: 0 },
    entries: [],
  };
}

/** What the driver knows of a member's connection. */
export type PeerReport = "unreachable" | "snapshot sent" | "snapshot failed" | "restarted";

interface Written {
  readonly seq: number;
  readonly last: { readonly index: number; readonly term: number } | null;
  readonly selfVoteTerm: number | null;
}

/** Where a member stands, as plain data. */
export interface CoreStatus {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader";
  readonly term: number;
  readonly vote: MemberId | null;
  readonly leader: MemberId | null;
  readonly lastIndex: number;
  readonly durable: number;
  readonly committed: number;
  readonly applied: number;
  readonly membership: Membership;
  /** Of a leader: what each member is known to hold. */
  readonly matches: Readonly<Record<MemberId, number>>;
}

/** The core of one member. */
export class RaftCore {
  readonly #state: CoreState;
  readonly #writing: Written[] = [];
  #seq = 0;
  /** The commit index as of the last `Ready`: what others were told. */
  #toldCommit = 0;

  constructor(config: CoreConfig, restored: Restored, prng: Prng) {
    const { hard, snapshot, base, entries } = restored;
    const memberships = new MembershipHistory(snapshot.index, snapshot.membership);
    for (const { index, payload } of entries) {
      const isNewer = index > snapshot.index;
      if (payload.kind === "membership" && isNewer) memberships.append(index, payload.membership);
    }
    this.#state = {
      config,
      prng,
      log: new RaftLog(snapshot, base, entries),
      memberships,
      term: hard.term,
      vote: hard.vote,
      role: { kind: "follower", leader: null },
      tick: 0,
      leaderSeenTick: null,
      deadlineTick: 0,
      forwarded: new Map(),
      outbox: emptyOutbox(),
    };
    becomeFollower(this.#state, hard.term, null);
  }

  /** One step of time. */
  tick(): void {
    const state = this.#state;
    state.tick += 1;
    expireReads(state);
    if (state.role.kind === "leader") this.#tickLeader(state.role.leading);
    else if (state.tick >= state.deadlineTick) {
      if (isVoter(state.memberships.latest, state.config.id)) campaign(state, false);
      else becomeFollower(state, state.term, null);
    }
  }

  #tickLeader(leading: Leading): void {
    const { tick, config, term } = this.#state;
    leading.sinceRoundTicks += 1;
    if (leading.transfer && tick >= leading.transfer.untilTick) leading.transfer = null;
    if (leading.sinceRoundTicks >= config.heartbeatTicks) leading.isRoundWanted = true;
    // Without a quorum behind it a leader steps down (rule A6).
    if (tick - leading.confirmedTick > config.leaseTicks) {
      if (this.#isAlone) leading.confirmedTick = tick;
      else becomeFollower(this.#state, term, null);
    }
  }

  get #isAlone(): boolean {
    const { voters, outgoing } = this.#state.memberships.latest;
    return outgoing.length === 0 && voters.length === 1 && voters[0] === this.#state.config.id;
  }

  /** Takes a message in. Never throws on what came from the wire. */
  step(message: Message): void {
    step(this.#state, message);
    this.#maybeTransfer();
  }

  /** Appends data to the log, if this member leads. */
  propose(data: Uint8Array): Proposed {
    const { role, config } = this.#state;
    if (role.kind !== "leader") return this.#refuse("not leader");
    if (role.leading.transfer) return this.#refuse("transferring");
    const isFull = role.leading.uncommittedBytes + data.length > config.maxUncommittedBytes;
    if (isFull && role.leading.uncommittedBytes > 0) return this.#refuse("too many uncommitted");
    return this.#append({ kind: "data", data });
  }

  /** Changes the membership by one step (rules E1, E2, E10). */
  changeMembership(change: MembershipChange): Proposed {
    const { role, memberships, log } = this.#state;
    if (role.kind !== "leader") return this.#refuse("not leader");
    if (role.leading.transfer) return this.#refuse("transferring");
    if (log.committed < role.leading.noopIndex) return this.#refuse("no own commit yet");
    if (memberships.latestIndex > log.committed) return this.#refuse("change in flight");
    const membership = changed(memberships.latest, change);
    if (typeof membership === "string") return this.#refuse("bad change", membership);
    const proposed = this.#append({ kind: "membership", membership });
    membershipChanged(this.#state, role.leading);
    return proposed;
  }

  #append(payload: Payload): Proposed {
    const index = appendOwn(this.#state, payload);
    return { isOk: true, term: this.#state.term, index };
  }

  #refuse(reason: Refusal, detail = ""): Proposed {
    return { isOk: false, reason, leader: knownLeader(this.#state), detail };
  }

  /** Asks for an index that a linearizable read may be answered at; the answer is in a `Ready`. */
  readIndex(id: number): void {
    requestRead(this.#state, id);
  }

  /** Hands leadership to `to`; null when begun, otherwise why not (rules D1, D2). */
  transfer(to: MemberId): string | null {
    const { role, memberships, config, tick } = this.#state;
    if (role.kind !== "leader") return "this member does not lead";
    if (to === config.id) return "it leads already";
    if (!isVoter(memberships.latest, to)) return "it is not a voter";
    if (role.leading.transfer) return "a transfer is under way";
    role.leading.transfer = { to, untilTick: tick + config.electionTimeoutTicks, isSent: false };
    this.#maybeTransfer();
    return null;
  }

  #maybeTransfer(): void {
    const { role, log } = this.#state;
    if (role.kind !== "leader" || !role.leading.transfer) return;
    const { transfer, progress } = role.leading;
    if (transfer.isSent || progress.get(transfer.to)?.match !== log.lastIndex) return;
    transfer.isSent = true;
    sendNow(this.#state, { kind: "timeout.now", to: transfer.to });
  }

  /** What the transport found out about a peer. */
  report(peer: MemberId, what: PeerReport): void {
    const state = this.#state;
    if (state.role.kind === "leader") {
      const progress = state.role.leading.progress.get(peer);
      if (what === "unreachable") progress?.lost();
      else if (what === "restarted") progress?.reset(state.log.lastIndex + 1);
      else progress?.snapshotEnded(what === "snapshot sent");
    } else if (what === "unreachable" && knownLeader(state) === peer) {
      this.#leaderLost();
    }
  }

  /** The leader's connection broke: ask at once, after a short random wait against split votes. */
  #leaderLost(): void {
    const state = this.#state;
    becomeFollower(state, state.term, null);
    state.leaderSeenTick = null;
    const spreadTicks = Math.max(1, Math.floor(state.config.heartbeatTimeoutTicks / 5));
    state.deadlineTick = state.tick + 1 + state.prng.below(spreadTicks);
  }

  /** Everything to do since the last call; undefined when there is nothing. */
  takeReady(): Ready | undefined {
    const state = this.#state;
    if (state.role.kind === "leader") {
      const { leading } = state.role;
      if (leading.isRoundWanted) beginRound(state, leading);
      const isCommitNews = state.log.committed > this.#toldCommit;
      sendAppends(state, leading, isCommitNews);
    }
    this.#toldCommit = state.log.committed;
    const { outbox, log } = state;
    const apply = log.takeApplicable(state.config.maxApplyBytes);
    const hard = outbox.isHardChanged ? { term: state.term, vote: state.vote } : null;
    const { truncateFrom, entries, snapshot } = outbox;
    const mustWrite = hard || truncateFrom !== null || entries.length > 0 || snapshot;
    const sends = outbox.sendNow.length + outbox.sendAfterPersisted.length;
    const answers = outbox.reads.length + outbox.readsFailed.length;
    if (!mustWrite && sends + answers + apply.length === 0) return undefined;
    state.outbox = emptyOutbox();
    const seq = ++this.#seq;
    const last = entries.at(-1);
    this.#writing.push({
      seq,
      last: last ? { index: last.index, term: last.term } : null,
      selfVoteTerm: outbox.isSelfVoteDue ? state.term : null,
    });
    return {
      seq,
      persist: mustWrite ? { hard, truncateFrom, entries, snapshot } : null,
      sendNow: outbox.sendNow,
      sendAfterPersisted: outbox.sendAfterPersisted,
      apply,
      restore: snapshot,
      reads: outbox.reads,
      readsFailed: outbox.readsFailed,
    };
  }

  /** The batch `seq` is durable (at once when it had nothing to write). In order. */
  persisted(seq: number): void {
    const written = this.#writing.shift();
    assert(written?.seq === seq, `batch ${written?.seq} is completed before ${seq}`);
    const state = this.#state;
    if (written.last) state.log.durableTo(written.last.index, written.last.term);
    if (written.selfVoteTerm === state.term) ownVoteDurable(state);
    if (state.role.kind === "leader") advanceCommit(state, state.role.leading);
  }

  /** A local snapshot is on disk; entries before `keepFrom` may be forgotten. */
  compact(index: number, keepFrom: number): void {
    const { log, memberships } = this.#state;
    const term = log.termAt(index);
    assert(term !== undefined, "the snapshot's last entry is known");
    log.compact({ index, term, membership: memberships.at(index) }, keepFrom);
    memberships.compact(index);
  }

  /** The membership and term that a snapshot at `index` has to carry. */
  snapshotMeta(index: number): SnapshotMeta {
    const term = this.#state.log.termAt(index);
    assert(term !== undefined, "the entry of the snapshot is known");
    return { index, term, membership: this.#state.memberships.at(index) };
  }

  /** Where this member stands. */
  status(): CoreStatus {
    const { role, term, vote, log, memberships } = this.#state;
    const matches: Record<MemberId, number> = {};
    if (role.kind === "leader") {
      for (const [id, { match }] of role.leading.progress) matches[id] = match;
    }
    return {
      role: role.kind === "candidate" && role.isPre ? "pre-candidate" : role.kind,
      term,
      vote,
      leader: knownLeader(this.#state),
      lastIndex: log.lastIndex,
      durable: log.durable,
      committed: log.committed,
      applied: log.applied,
      membership: memberships.latest,
      matches,
    };
  }

  /** The term of the entry at `index`, while it is kept. */
  termAt(index: number): number | undefined {
    return this.#state.log.termAt(index);
  }

  /** One line for tests, logs and inspection. */
  describe(): string {
    const { role, term, vote, leader, lastIndex, durable, committed, applied } = this.status();
    const log = `last=${lastIndex} durable=${durable} commit=${committed} applied=${applied}`;
    return `${role} term=${term} vote=${vote ?? "-"} leader=${leader ?? "-"} ${log}`;
  }
}
