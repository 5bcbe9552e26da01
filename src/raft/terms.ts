/**
 * The only place where term, vote and role change.
 *
 * Every change that must be durable is noted in the outbox in the same turn. Timeouts are drawn anew
 * on each change (rule A10).
 */
import { assert } from "../lib/mod.ts";
import { everyone, isVoter } from "./membership.ts";
import { Progress } from "./progress.ts";
import { type CoreState, randomTicks } from "./state.ts";
import type { MemberId } from "./message.ts";

/** Follows `leader` (or nobody yet) in `term`, which is not lower than the present one. */
export function becomeFollower(state: CoreState, term: number, leader: MemberId | null): void {
  assert(term >= state.term, "terms only rise");
  failReads(state);
  if (term > state.term) {
    state.term = term;
    state.vote = null;
    state.outbox.isHardChanged = true;
    state.outbox.isSelfVoteDue = false;
  }
  state.role = { kind: "follower", leader };
  if (leader !== null) state.leaderSeenTick = state.tick;
  restartDeadline(state, state.config.heartbeatTimeoutTicks);
}

/** Asks whether a campaign could succeed; term and vote stay (9.6). */
export function becomePreCandidate(state: CoreState): void {
  failReads(state);
  const votes = new Map([[state.config.id, true]]);
  state.role = { kind: "candidate", isPre: true, isTransfer: false, votes };
  state.leaderSeenTick = null;
  restartDeadline(state, state.config.electionTimeoutTicks);
}

/** Campaigns in the next term. The own vote counts once it is durable (rule A4). */
export function becomeCandidate(state: CoreState, isTransfer: boolean): void {
  failReads(state);
  state.term += 1;
  state.vote = state.config.id;
  state.outbox.isHardChanged = true;
  state.outbox.isSelfVoteDue = true;
  state.role = { kind: "candidate", isPre: false, isTransfer, votes: new Map() };
  state.leaderSeenTick = null;
  restartDeadline(state, state.config.electionTimeoutTicks);
}

/** Leads this term. The caller appends the opening entry next. */
export function becomeLeader(state: CoreState): void {
  assert(state.role.kind === "candidate" && !state.role.isPre, "only a candidate can win");
  const { log, memberships, config } = state;
  const noopIndex = log.lastIndex + 1;
  const progress = new Map<MemberId, Progress>();
  for (const id of everyone(memberships.latest)) {
    if (id !== config.id) progress.set(id, new Progress(noopIndex, 0));
  }
  state.role = {
    kind: "leader",
    leading: {
      progress,
      noopIndex,
      round: 0,
      roundSentTick: new Map(),
      confirmedTick: state.tick,
      isRoundWanted: true,
      sinceRoundTicks: 0,
      reads: [],
      earlyReads: [],
      transfer: null,
      uncommittedBytes: log.bytesBetween(log.committed, log.lastIndex),
    },
  };
}

/** Gives `id` the vote of this term. Who only asked whether to campaign gives that up. */
export function castVote(state: CoreState, id: MemberId): void {
  assert(state.vote === null || state.vote === id, "one vote a term");
  if (state.role.kind === "candidate" && state.vote !== id) becomeFollower(state, state.term, null);
  if (state.vote !== id) {
    state.vote = id;
    state.outbox.isHardChanged = true;
  }
  restartDeadline(state, state.config.heartbeatTimeoutTicks);
}

/** Waits a freshly drawn time before the next campaign. */
export function restartDeadline(state: CoreState, baseTicks: number): void {
  state.deadlineTick = state.tick + randomTicks(state, baseTicks);
}

/**
 * Whether this member may campaign: whole, with a disk that answers, and a voter (rule A9).
 *
 * Who is not one any more by a change that may not be committed still counts: it may be the only one
 * that has the change, and then nobody else can be elected (dissertation 4.2.2). It needs the votes of
 * the others alone, and leaves as soon as the change is committed.
 */
export function canCampaign(state: CoreState): boolean {
  const { memberships, log, config, isRecovering } = state;
  const isAnyVoter = memberships.since(log.committed).some((one) => isVoter(one, config.id));
  return isAnyVoter && !isRecovering && !isStalled(state);
}

/** Whether a write has been under way for too long (rule I7). */
export function isStalled({ writes, tick, config }: CoreState): boolean {
  return tick - (writes.oldestTick ?? tick) > config.stallTicks;
}

/** The leader this member knows of, itself included. */
export function knownLeader(state: CoreState): MemberId | null {
  if (state.role.kind === "leader") return state.config.id;
  return state.role.kind === "follower" ? state.role.leader : null;
}

/** Reads die with the role that took them (rule C4). */
function failReads(state: CoreState): void {
  const { outbox, config } = state;
  if (state.role.kind === "leader") {
    const { reads, earlyReads } = state.role.leading;
    for (const { from, id } of [...reads, ...earlyReads]) {
      if (from === config.id) outbox.readsFailed.push(id);
    }
  }
  for (const { id } of state.forwarded.values()) outbox.readsFailed.push(id);
  state.forwarded.clear();
}
