/**
 * Elections: asking for votes, giving them, winning.
 */
import { voteResult } from "./quorum.ts";
import { type CoreState, sendAfterPersisted, sendNow } from "./state.ts";
import { openLeadership } from "./replication.ts";
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  canCampaign,
  castVote,
  knownLeader,
} from "./terms.ts";
import type { Message } from "./message.ts";

type Vote = Extract<Message, { kind: "vote" }>;
type VoteReply = Extract<Message, { kind: "vote.reply" }>;

/** Begins a campaign; with `isTransfer` at once, otherwise by asking first (rules A5, D4). */
export function campaign(state: CoreState, isTransfer: boolean): void {
  if (!canCampaign(state)) return;
  if (isTransfer) becomeCandidate(state, true);
  else becomePreCandidate(state);
  askForVotes(state);
  countVotes(state);
}

function askForVotes(state: CoreState): void {
  const { role, log, memberships, config } = state;
  if (role.kind !== "candidate") return;
  const { voters, outgoing } = memberships.latest;
  for (const to of new Set([...voters, ...outgoing])) {
    if (to === config.id) continue;
    sendNow(state, {
      kind: "vote",
      to,
      term: role.isPre ? state.term + 1 : state.term,
      isPre: role.isPre,
      isTransfer: role.isTransfer,
      lastIndex: log.lastIndex,
      lastTerm: log.lastTerm,
    });
  }
}

/** Whether a vote is ignored because this member hears from a leader (rule A7). */
export function isSticky(state: CoreState, message: Vote): boolean {
  if (message.isTransfer) return false;
  if (state.role.kind === "leader") return true;
  const { leaderSeenTick, tick, config } = state;
  return leaderSeenTick !== null && tick - leaderSeenTick < config.heartbeatTimeoutTicks;
}

/** Answers a vote whose term passed the gate: it is this member's, or of a pre-vote a higher one. */
export function handleVote(state: CoreState, message: Vote): void {
  const { log } = state;
  const { from: to, isPre } = message;
  const hasNoFavourite = state.vote === null && knownLeader(state) === null;
  const isFree = !state.isRecovering &&
    (isPre ? message.term > state.term : state.vote === to || hasNoFavourite);
  const isUpToDate = message.lastTerm > log.lastTerm ||
    (message.lastTerm === log.lastTerm && message.lastIndex >= log.lastIndex);
  if (isFree && isUpToDate) {
    if (!isPre) castVote(state, to);
    const term = message.term;
    sendAfterPersisted(state, { kind: "vote.reply", to, term, isPre, isGranted: true });
  } else {
    sendAfterPersisted(state, { kind: "vote.reply", to, isPre, isGranted: false });
  }
}

/** Counts an answer of the present phase; others are of no interest (rule A3). */
export function handleVoteReply(state: CoreState, message: VoteReply): void {
  const { role } = state;
  if (role.kind !== "candidate" || role.isPre !== message.isPre) return;
  if (!role.votes.has(message.from)) role.votes.set(message.from, message.isGranted);
  countVotes(state);
}

/** The own vote of this term became durable. */
export function ownVoteDurable(state: CoreState): void {
  const { role, config } = state;
  if (role.kind !== "candidate" || role.isPre) return;
  role.votes.set(config.id, true);
  countVotes(state);
}

/**
 * Acts on the result. Nobody leads before the own vote is durable, whatever the others say: a leader
 * that forgot its term in a crash could lead the same term again with another log.
 */
function countVotes(state: CoreState): void {
  const { role, memberships, config } = state;
  if (role.kind !== "candidate") return;
  const result = voteResult(memberships.latest, (id) => role.votes.get(id));
  if (result === "lost") becomeFollower(state, state.term, null);
  if (result !== "won" || role.votes.get(config.id) !== true) return;
  if (role.isPre) {
    becomeCandidate(state, false);
    askForVotes(state);
  } else {
    becomeLeader(state);
    openLeadership(state);
  }
}
