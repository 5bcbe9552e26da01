/** Bugs of elections, terms, and of the gate that every message passes. */
import { type Bug, inFile } from "./bug.ts";

const ELECTIONS = inFile("elections.ts", [
  ["a vote regardless of the log", "A2", "if (isFree && isUpToDate) {", "if (isFree) {"],
  [
    "a vote by length alone",
    "A2",
    "(message.lastTerm === log.lastTerm && message.lastIndex >= log.lastIndex)",
    "message.lastIndex >= log.lastIndex",
  ],
  [
    "a vote leaves before it is durable",
    "A1",
    'sendAfterPersisted(state, { kind: "vote.reply", to, term, isPre, isGranted: true });',
    'sendNow(state, { kind: "vote.reply", to, term, isPre, isGranted: true });',
  ],
  [
    "a second vote in a term",
    "A1",
    "(isPre ? message.term > state.term : state.vote === to || hasNoFavourite);",
    "(isPre ? message.term > state.term : (state.vote = null, true));",
  ],
  [
    "a leader without its own durable vote",
    "A4",
    " || role.votes.get(config.id) !== true",
    "",
  ],
  [
    "answers of the other phase count",
    "A3",
    " || role.isPre !== message.isPre",
    "",
  ],
  [
    "nobody is sticky",
    "A7",
    "  const { leaderSeenTick, tick, config } = state;\n",
    "  const { tick, config } = state;\n  const leaderSeenTick = null as number | null;\n",
  ],
  [
    "a leader gives way to any vote",
    "A7",
    'if (state.role.kind === "leader") return true;',
    "",
  ],
  ["a transfer is no exception", "A7", "if (message.isTransfer) return false;", ""],
  [
    "a member in doubt votes",
    "A11",
    "const isFree = !state.isRecovering &&\n   ",
    "const isFree =\n   ",
  ],
  [
    "everyone skips the pre-vote",
    "A5",
    "if (isTransfer) becomeCandidate",
    "if (state) becomeCandidate",
  ],
]);

const TERMS = inFile("terms.ts", [
  [
    "a vote that is not written down",
    "A1",
    "    state.vote = id;\n    state.outbox.isHardChanged = true;\n",
    "    state.vote = id;\n",
  ],
  [
    "a term that is not written down by who follows",
    "A1",
    "    state.vote = null;\n    state.outbox.isHardChanged = true;\n",
    "    state.vote = null;\n",
  ],
  [
    "a candidacy that is not written down",
    "A1",
    "  state.vote = state.config.id;\n  state.outbox.isHardChanged = true;\n",
    "  state.vote = state.config.id;\n",
  ],
  [
    "the own vote counts at once",
    "A4",
    "isPre: false, isTransfer, votes: new Map() };",
    "isPre: false, isTransfer, votes: new Map([[state.config.id, true]]) };",
  ],
  [
    "a vote is kept into the next term",
    "A1",
    "    state.vote = null;\n",
    "",
  ],
  [
    "who was voted out by an open change never campaigns",
    "A9",
    "memberships.since(log.committed).some((one) => isVoter(one, config.id))",
    "isVoter(memberships.latest, config.id)",
  ],
  ["learners campaign", "A9", "return isAnyVoter && !isRecovering", "return !isRecovering"],
  ["a member in doubt campaigns", "A11", " && !isRecovering && ", " && "],
  [
    "inherited entries are not counted",
    "G4",
    "log.bytesBetween(log.committed, log.lastIndex)",
    "0",
  ],
  [
    "reads are forgotten when leadership ends",
    "C4",
    "if (from === config.id) outbox.readsFailed.push(id);",
    "",
  ],
]);

const STATE = inFile("state.ts", [
  ["time-outs are not random", "A10", "baseTicks + state.prng.below(baseTicks)", "baseTicks"],
]);

const STEP = inFile("step.ts", [
  [
    "a pre-vote raises the term",
    "A5",
    "if (!message.isPre) becomeFollower(state, message.term, null);",
    "becomeFollower(state, message.term, null);",
  ],
  [
    "an old leader is not answered",
    "A8",
    '      return sendAfterPersisted(state, {\n        kind: "append.reply",',
    '      return void ({\n        kind: "append.reply",',
  ],
  [
    "answers of old terms count as acknowledgements",
    "B10",
    "} else if (message.term < state.term) {",
    '} else if (message.term < state.term && message.kind !== "append.reply") {',
  ],
  [
    "answers of old terms confirm rounds",
    "B10",
    "} else if (message.term < state.term) {",
    '} else if (message.term < state.term && message.kind !== "heartbeat.reply") {',
  ],
  [
    "votes of old terms count",
    "B10",
    "} else if (message.term < state.term) {",
    '} else if (message.term < state.term && message.kind !== "vote.reply") {',
  ],
  [
    "appends of old terms are taken",
    "B10",
    "} else if (message.term < state.term) {",
    '} else if (message.term < state.term && message.kind !== "append") {',
  ],
  [
    "a higher term in an answer is ignored",
    "B10",
    '      becomeFollower(state, message.term, null);\n      return message.kind === "read";',
    "      return false;",
  ],
  [
    "an asker with an old term is not answered",
    "A5",
    'return sendAfterPersisted(state, { kind: "vote.reply", to, isPre, isGranted: false });',
    "return void { to, isPre };",
  ],
  [
    "entries pile up before a disk that does not answer",
    "G5",
    "  if (isStalled(state) && needsDisk(message)) return;\n",
    "  void [isStalled, needsDisk];\n",
  ],
  [
    "who is to take over asks first",
    "D4",
    "=== from) campaign(state, true);",
    "=== from) campaign(state, false);",
  ],
  [
    "contact does not restart the time-out",
    "A10",
    "  state.leaderSeenTick = state.tick;\n  restart(state);\n",
    "  state.leaderSeenTick = state.tick;\n",
  ],
]);

/** All of this file. */
export const ELECTION_BUGS: readonly Bug[] = [...ELECTIONS, ...TERMS, ...STATE, ...STEP];
