/**
 * Linearizable reads without a log entry: ReadIndex (dissertation 6.4), at any member.
 *
 * The index is taken first, then a heartbeat round is begun and confirmed by a quorum (rule C1).
 * Rounds are counted by the leader itself, so no caller's id can confirm another's read (rule C3).
 */
import { quorumValue } from "./quorum.ts";
import type { Progress } from "./progress.ts";
import { type CoreState, type Leading, sendNow } from "./state.ts";
import { knownLeader } from "./terms.ts";
import type { MemberId, Message } from "./message.ts";

/** A client of this member wants to read; the answer comes with a `Ready`. Fails when too many wait. */
export function requestRead(state: CoreState, id: number): void {
  const { outbox, config, forwarded, tick } = state;
  const leader = knownLeader(state);
  if (leader === config.id) return takeRead(state, config.id, id);
  if (leader === null || forwarded.size >= config.maxPendingReads) {
    outbox.readsFailed.push(id);
    return;
  }
  const number = state.nextForward++;
  forwarded.set(number, { id, untilTick: tick + config.electionTimeoutTicks });
  sendNow(state, { kind: "read", to: leader, id: number });
}

/** A read arrives at whoever leads; others say that they cannot answer. */
export function takeRead(state: CoreState, from: MemberId, id: number): void {
  const { role, log, config } = state;
  if (role.kind !== "leader") return answer(state, { from, id, index: null });
  const { leading } = role;
  if (leading.reads.length + leading.earlyReads.length >= config.maxPendingReads) {
    return answer(state, { from, id, index: null });
  }
  if (log.committed < leading.noopIndex) {
    leading.earlyReads.push({ from, id });
  } else {
    leading.reads.push({ from, id, index: log.committed, round: leading.round + 1 });
    leading.isRoundWanted = true;
  }
}

/** The first own entry is committed: reads may begin (rule C2). */
export function answerEarlyReads(state: CoreState, leading: Leading): void {
  if (state.log.committed < leading.noopIndex) return;
  const waiting = leading.earlyReads;
  leading.earlyReads = [];
  for (const { from, id } of waiting) takeRead(state, from, id);
}

/** Begins a round if one is due or wanted. Reads alone begin no more than may be open at a time. */
export function maybeBeginRound(state: CoreState, leading: Leading): void {
  const isDue = leading.sinceRoundTicks >= state.config.heartbeatTicks;
  const isOpen = leading.roundSentTick.size >= state.config.maxOpenRounds;
  if (leading.isRoundWanted && (isDue || !isOpen)) beginRound(state, leading);
}

/** Begins a round: heartbeats that confirm the lease and the reads taken before it. */
function beginRound(state: CoreState, leading: Leading): void {
  leading.round += 1;
  leading.isRoundWanted = false;
  leading.sinceRoundTicks = 0;
  leading.roundSentTick.set(leading.round, state.tick);
  for (const [to, progress] of leading.progress) {
    // Never beyond what the member is known to hold (rule B7).
    const commit = Math.min(progress.match, state.log.committed);
    const isAll = commit === state.log.committed;
    progress.told(commit, commit);
    sendNow(state, { kind: "heartbeat", to, round: leading.round, commit, isAll });
  }
  confirmRounds(state, leading);
}

/** A member answered a round. */
export function handleHeartbeatReply(
  state: CoreState,
  message: Extract<Message, { kind: "heartbeat.reply" }>,
): void {
  if (state.role.kind !== "leader") return;
  const { leading } = state.role;
  const progress = leading.progress.get(message.from);
  if (!progress || message.round > leading.round) return;
  progress.heardTick = state.tick;
  progress.ackedRound = Math.max(progress.ackedRound, message.round);
  progress.resume();
  confirmRounds(state, leading);
}

function confirmRounds(state: CoreState, leading: Leading): void {
  const { memberships, config } = state;
  const answeredBy = (roundOf: (progress: Progress) => number) =>
    quorumValue(memberships.latest, (id) => {
      if (id === config.id) return leading.round;
      const progress = leading.progress.get(id);
      return progress ? roundOf(progress) : 0;
    });
  extendLease(leading, answeredBy(({ leaseRound }) => leaseRound));
  const confirmed = answeredBy(({ ackedRound }) => ackedRound);
  const ready = leading.reads.filter(({ round }) => round <= confirmed);
  if (ready.length === 0) return;
  leading.reads = leading.reads.filter(({ round }) => round > confirmed);
  for (const read of ready) answer(state, read);
}

/** The lease counts from when the round was sent, not from when it was answered (study 1.5). */
function extendLease(leading: Leading, confirmed: number): void {
  const sentTick = leading.roundSentTick.get(confirmed);
  if (sentTick !== undefined) leading.confirmedTick = Math.max(leading.confirmedTick, sentTick);
  for (const round of leading.roundSentTick.keys()) {
    if (round <= confirmed) leading.roundSentTick.delete(round);
  }
}

function answer(
  state: CoreState,
  { from, id, index }: {
    readonly from: MemberId;
    readonly id: number;
    readonly index: number | null;
  },
): void {
  if (from !== state.config.id) sendNow(state, { kind: "read.reply", to: from, id, index });
  else if (index === null) state.outbox.readsFailed.push(id);
  else state.outbox.reads.push({ id, index });
}

/** The leader's answer to a read that was forwarded to it. */
export function handleReadReply(
  state: CoreState,
  message: Extract<Message, { kind: "read.reply" }>,
): void {
  const read = state.forwarded.get(message.id);
  if (!read) return;
  state.forwarded.delete(message.id);
  answer(state, { from: state.config.id, id: read.id, index: message.index });
}

/** Fails the forwarded reads that nobody answered in time. */
export function expireReads(state: CoreState): void {
  for (const [number, { id, untilTick }] of state.forwarded) {
    if (state.tick < untilTick) continue;
    state.forwarded.delete(number);
    state.outbox.readsFailed.push(id);
  }
}
