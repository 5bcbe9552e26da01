/**
 * One message in: the gate that every term passes, then the handler of its kind.
 *
 * What does not fit is ignored. Only a leader that contradicts what is committed here stops this
 * member: then one of the two is damaged, and guessing which would lose data (study 0.10).
 */
import { assertNever } from "../lib/mod.ts";
import { campaign, handleVote, handleVoteReply, isSticky } from "./elections.ts";
import { handleHeartbeatReply, handleReadReply, takeRead } from "./reads.ts";
import { handleAppend, handleAppendReply, handleSnapshot, maybeRecovered } from "./replication.ts";
import { type CoreState, sendAfterPersisted, sendNow } from "./state.ts";
import { becomeFollower, isStalled } from "./terms.ts";
import { isWellFormed } from "./well_formed.ts";
import type { MemberId, Message } from "./message.ts";

/** Takes one message in. */
export function step(state: CoreState, message: Message): void {
  if (!isWellFormed(message)) return;
  if (message.to !== state.config.id || message.from === state.config.id) return;
  if (isStalled(state) && needsDisk(message)) return;
  if (message.term > state.term) {
    if (!passesHigher(state, message)) return;
  } else if (message.term < state.term) {
    return answerLower(state, message);
  }
  handle(state, message);
}

/**
 * Whether the answer has to wait for the disk. While that answers nothing such messages are dropped, or
 * what waits for it would grow without a bound (rule G5).
 */
function needsDisk({ kind }: Message): boolean {
  return kind === "append" || kind === "snapshot" || kind === "vote";
}

/** A higher term demotes, unless it is only a question or stickiness forbids it. */
function passesHigher(state: CoreState, message: Message): boolean {
  switch (message.kind) {
    case "vote":
      if (isSticky(state, message)) return false;
      if (!message.isPre) becomeFollower(state, message.term, null);
      return true;
    case "vote.reply":
      // A granted pre-vote carries the term that it was asked about.
      if (message.isPre && message.isGranted) return message.term === state.term + 1;
      becomeFollower(state, message.term, null);
      return false;
    case "append":
    case "heartbeat":
    case "snapshot":
      becomeFollower(state, message.term, message.from);
      return true;
    case "append.reply":
    case "heartbeat.reply":
    case "timeout.now":
    case "read":
    case "read.reply":
      becomeFollower(state, message.term, null);
      return message.kind === "read";
    default:
      return assertNever(message, "message");
  }
}

/** A sender that is behind is told so, or it would stay stuck (rules A5, A8). */
function answerLower(state: CoreState, message: Message): void {
  const to = message.from;
  switch (message.kind) {
    case "append":
    case "heartbeat":
    case "snapshot":
      return sendAfterPersisted(state, {
        kind: "append.reply",
        to,
        isOk: false,
        index: 0,
        hintIndex: 0,
        hintTerm: 0,
      });
    case "vote": {
      const { isPre } = message;
      return sendAfterPersisted(state, { kind: "vote.reply", to, isPre, isGranted: false });
    }
    case "read":
      return sendNow(state, { kind: "read.reply", to, id: message.id, index: null });
    case "append.reply":
    case "heartbeat.reply":
    case "vote.reply":
    case "timeout.now":
    case "read.reply":
      return;
    default:
      return assertNever(message, "message");
  }
}

function handle(state: CoreState, message: Message): void {
  switch (message.kind) {
    case "vote":
      return handleVote(state, message);
    case "vote.reply":
      return handleVoteReply(state, message);
    case "append":
    case "heartbeat":
    case "snapshot":
      return handleFromLeader(state, message);
    case "append.reply":
      return handleAppendReply(state, message);
    case "heartbeat.reply":
      return handleHeartbeatReply(state, message);
    case "timeout.now":
      return handleTimeoutNow(state, message.from);
    case "read":
      return takeRead(state, message.from, message.id);
    case "read.reply":
      return handleReadReply(state, message);
    default:
      return assertNever(message, "message");
  }
}

/** The leader hands over. One that is not known here has been followed by another (rule D3). */
function handleTimeoutNow(state: CoreState, from: MemberId): void {
  const { role } = state;
  if (role.kind === "follower" && (role.leader ?? from) === from) campaign(state, true);
}

/** Something that only the leader of this term says. */
function handleFromLeader(
  state: CoreState,
  message: Extract<Message, { kind: "append" | "heartbeat" | "snapshot" }>,
): void {
  // Two leaders of one term cannot be; a leader that hears of another ignores it and is checked.
  if (state.role.kind === "leader") return;
  const isNew = state.role.kind !== "follower" || state.role.leader !== message.from;
  if (isNew) becomeFollower(state, message.term, message.from);
  state.leaderSeenTick = state.tick;
  restart(state);
  if (message.kind === "append") return handleAppend(state, message);
  if (message.kind === "snapshot") return handleSnapshot(state, message);
  const { log } = state;
  if (message.commit <= log.lastIndex) {
    log.commitTo(message.commit);
    if (message.isAll) maybeRecovered(state, message.commit);
  }
  // At once, though the term may not be durable: who elected this leader remembers it (study 0.2).
  sendNow(state, { kind: "heartbeat.reply", to: message.from, round: message.round });
}

/** Contact restarts the follower's deadline with a freshly drawn time (study 1.5). */
function restart(state: CoreState): void {
  const base = state.config.heartbeatTimeoutTicks;
  state.deadlineTick = state.tick + base + state.prng.below(base);
}
