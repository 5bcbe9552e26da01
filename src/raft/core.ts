/**
 * One member's consensus: a state machine without IO, clock, randomness of its own, or promises.
 *
 * The driver feeds it ticks, messages and completions, and carries out what `takeReady` hands out.
 * The same inputs and the same seed give the same outputs. Invariant: nothing that promises
 * durability is in `sendNow`. What the driver must keep to:
 * - It delivers what has arrived, messages and completed writes, before it ticks, and ticks at most one
 *   election timeout at a stretch.
 * - Messages between two connections are never mixed: when a peer restarts, whatever is under way
 *   from or to its former life is dropped, and `report(peer, "restarted")` comes before the first message.
 * - A snapshot message is delivered when its data is on the disk and verified. Its sender is told
 *   once for each how it went; at once when the data is gone.
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
import { expireReads, maybeBeginRound, requestRead } from "./reads.ts";
import {
  advanceCommit,
  appendOwn,
  endRecovery,
  membershipChanged,
  sendAppends,
} from "./replication.ts";
import { type CoreConfig, type CoreState, emptyOutbox, type Leading, sendNow } from "./state.ts";
import {
  checkInvariants,
  type CoreStatus,
  describeLeading,
  describeState,
  heirOf,
  peersOf,
  type PeerStatus,
  statusOf,
} from "./status.ts";
import { step } from "./step.ts";
import { becomeFollower, canCampaign, isStalled, knownLeader } from "./terms.ts";
import { WriteQueue } from "./writes.ts";
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
  /**
   * The newest batch could not be read, and it may have been acknowledged (study 4.5). Only batches
   * without a hard state may be in doubt: a member that may have forgotten a term must not start. Stays
   * set across restarts until `status().isRecovering` is false.
   */
  readonly isInDoubt?: boolean;
  /**
   * Up to here everything was once known to be committed while it was on this disk: it is applied at
   * once, without a leader. May lie behind, and past what is left of the log.
   */
  readonly committed?: number;
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

/** The core of one member. */
export class RaftCore {
  readonly #state: CoreState;

  constructor(config: CoreConfig, restored: Restored, prng: Prng) {
    const { hard, snapshot, base, entries, isInDoubt, committed = 0 } = restored;
    const log = new RaftLog(snapshot, base, entries);
    log.commitTo(Math.min(committed, log.lastIndex));
    const memberships = new MembershipHistory(snapshot.index, snapshot.membership);
    for (const { index, payload } of entries) {
      const isNewer = index > snapshot.index;
      if (payload.kind === "membership" && isNewer) memberships.append(index, payload.membership);
    }
    this.#state = {
      config,
      prng,
      log,
      memberships,
      writes: new WriteQueue(),
      term: hard.term,
      vote: hard.vote,
      role: { kind: "follower", leader: null },
      tick: 0,
      wroteTick: 0,
      leaderSeenTick: null,
      deadlineTick: 0,
      // Who is alone has nobody to ask.
      isRecovering: isInDoubt === true && !isAlone(memberships.latest, config.id),
      wholeAt: null,
      forwarded: new Map(),
      nextForward: prng.uint32() * 2 ** 20,
      outbox: emptyOutbox(),
    };
    becomeFollower(this.#state, hard.term, null);
    // Who is alone in whatever may be in force keeps nobody waiting: it campaigns at its first tick.
    const open = memberships.since(snapshot.index);
    if (open.every((membership) => isAlone(membership, config.id))) this.#state.deadlineTick = 1;
    checkInvariants(this.#state);
  }

  /** One step of time. */
  tick(): void {
    const state = this.#state;
    state.tick += 1;
    expireReads(state);
    if (state.role.kind === "leader") this.#tickLeader(state.role.leading);
    else if (state.tick >= state.deadlineTick) {
      if (canCampaign(state)) campaign(state, false);
      else becomeFollower(state, state.term, null);
    }
  }

  #tickLeader(leading: Leading): void {
    const state = this.#state;
    const { tick, config, term } = state;
    leading.sinceRoundTicks += 1;
    if (leading.transfer && tick >= leading.transfer.untilTick) leading.transfer = null;
    if (leading.sinceRoundTicks >= config.heartbeatTicks) leading.isRoundWanted = true;
    if (isAlone(state.memberships.latest, config.id)) leading.confirmedTick = tick;
    // Without a quorum behind it (rule A6) or a disk below it (rule I7) a leader steps down.
    if (tick - state.wroteTick >= config.diskProbeTicks) state.outbox.isHardChanged = true;
    const isExpired = tick - leading.confirmedTick > config.leaseTicks;
    if (isExpired || isStalled(state)) becomeFollower(state, term, null);
  }

  /**
   * Takes a message in. What does not make sense is ignored.
   *
   * @throws BugError when the leader contradicts what is committed here: one of the two is damaged
   */
  step(message: Message): void {
    step(this.#state, message);
    this.#maybeTransfer();
  }

  /** Appends data to the log, if this member leads (rules G4, G5). */
  propose(data: Uint8Array): Proposed {
    const { role, config, log } = this.#state;
    if (role.kind !== "leader") return this.#refuse("not leader");
    if (role.leading.transfer) return this.#refuse("transferring");
    const { uncommittedBytes } = role.leading;
    const isFull = uncommittedBytes + data.length > config.maxUncommittedBytes;
    if (isFull && uncommittedBytes > 0) return this.#refuse("too many uncommitted");
    // The leader's own state machine may be the slow one (rule G5).
    if (log.unappliedBytes >= config.maxUnappliedBytes) {
      return this.#refuse("too many uncommitted", "the state machine is behind");
    }
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
    checkInvariants(state);
    if (state.role.kind === "leader") {
      const { leading } = state.role;
      maybeBeginRound(state, leading);
      sendAppends(state, leading);
    }
    const { outbox, log, tick } = state;
    const apply = log.takeApplicable(state.config.maxApplyBytes);
    const hard = outbox.isHardChanged ? { term: state.term, vote: state.vote } : null;
    const { truncateFrom, entries, snapshot, sendAfterPersisted, reads, readsFailed } = outbox;
    const hasWork = hard !== null || truncateFrom !== null || entries.length > 0 ||
      snapshot !== null;
    const sends = outbox.sendNow.length + sendAfterPersisted.length;
    if (!hasWork && sends + reads.length + readsFailed.length + apply.length === 0) {
      return undefined;
    }
    state.outbox = emptyOutbox();
    if (hasWork) state.wroteTick = tick;
    const seq = state.writes.begin({
      tick,
      hasWork,
      durableIndex: entries.at(-1)?.index ?? snapshot?.index ?? 0,
      selfVoteTerm: outbox.isSelfVoteDue ? state.term : null,
    });
    return {
      seq,
      persist: hasWork ? { hard, truncateFrom, entries, snapshot } : null,
      sendNow: outbox.sendNow,
      sendAfterPersisted,
      apply,
      restore: snapshot,
      reads,
      readsFailed,
    };
  }

  /** The batch `seq` is durable (at once when it had nothing to write). In order. */
  persisted(seq: number): void {
    const state = this.#state;
    const { durableIndex, selfVoteTerm } = state.writes.finish(seq);
    state.log.durableTo(durableIndex);
    endRecovery(state);
    if (selfVoteTerm === state.term) ownVoteDurable(state);
    if (state.role.kind === "leader") advanceCommit(state, state.role.leading);
  }

  /** The state machine holds everything up to `index`, by entries or by a snapshot. */
  applied(index: number): void {
    this.#state.log.appliedTo(index);
  }

  /**
   * A local snapshot is on disk; entries before `keepFrom` may be forgotten. Those that a member needs
   * after a snapshot that is on its way are kept, within a bound (rule F9). Returns from where entries
   * are kept; null when a newer snapshot was installed meanwhile, and nothing may be deleted.
   */
  compact(index: number, keepFrom: number): number | null {
    const { log, memberships, role, config } = this.#state;
    if (index < log.snapshot.index) return null;
    const mayKeep = role.kind === "leader" && log.bytes <= config.maxKeptBytes;
    const needed = mayKeep ? neededFrom(role.leading) : Infinity;
    log.compact(this.snapshotMeta(index), Math.min(keepFrom, needed));
    memberships.compact(index);
    return log.firstIndex;
  }

  /** The membership and term that a snapshot at `index` has to carry; `index` is applied and kept. */
  snapshotMeta(index: number): SnapshotMeta {
    const { log, memberships } = this.#state;
    if (index === log.snapshot.index) return log.snapshot;
    const term = log.termAt(index);
    assert(term !== undefined, "the entry of the snapshot is known");
    return { index, term, membership: memberships.at(index) };
  }

  /** Where this member stands. Cheap: it may be asked after each step. */
  status(): CoreStatus {
    return statusOf(this.#state);
  }

  /** What a leader knows of the other members, learners included, by id; of others, nothing. */
  peers(): readonly PeerStatus[] {
    return peersOf(this.#state);
  }

  /**
   * Whom to hand leadership to when this member has to go: of the voters that answered within the
   * heartbeat timeout, the one that holds most. Null when there is none, or this member does not lead.
   */
  transferTarget(): MemberId | null {
    return heirOf(this.#state);
  }

  /** The term of the entry at `index`, while it is kept. */
  termAt(index: number): number | undefined {
    return this.#state.log.termAt(index);
  }

  /** One line for tests, logs and inspection; of a leader, one more for each member. */
  describe(): string {
    const { role } = this.#state;
    const line = describeState(this.#state);
    return role.kind === "leader" ? `${line}\n${describeLeading(role.leading)}` : line;
  }
}

function isAlone({ voters, outgoing }: Membership, id: MemberId): boolean {
  return outgoing.length === 0 && voters.length === 1 && voters[0] === id;
}

function neededFrom({ progress }: Leading): number {
  return Math.min(...[...progress.values()].map(({ neededFrom }) => neededFrom ?? Infinity));
}
