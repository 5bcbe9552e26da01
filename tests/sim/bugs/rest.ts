/** Bugs of reads, quorums, the core's own interface, the log and the membership. */
import { type Bug, inFile } from "./bug.ts";

const READS = inFile("reads.ts", [
  [
    "a heartbeat carries the whole commit index",
    "B7",
    "const commit = Math.min(progress.match, state.log.committed);",
    "const commit = state.log.committed;",
  ],
  [
    "a read is confirmed by a round from before it",
    "C1",
    "round: leading.round + 1 });",
    "round: leading.round });",
  ],
  ["a read is confirmed by nobody", "C1", "round: leading.round + 1 });", "round: 0 });"],
  [
    "a read before the first own commit",
    "C2",
    "if (log.committed < leading.noopIndex) {",
    "if (log.committed < 0) {",
  ],
  [
    "the index of a read is what is applied",
    "C1",
    "index: log.committed, round:",
    "index: log.applied, round:",
  ],
  [
    "any number of reads may wait",
    "C1",
    "if (leading.reads.length + leading.earlyReads.length >= config.maxPendingReads) {",
    "if (config.maxPendingReads < 0) {",
  ],
  [
    "every heartbeat claims to name all that is committed",
    "A11",
    "const isAll = commit === state.log.committed;",
    "const isAll = true;",
  ],
  [
    "a forwarded read has its caller's number",
    "C3",
    "const number = state.nextForward++;",
    "const number = id;",
  ],
  [
    "one answer extends the lease",
    "A6",
    "    if (round <= confirmed) leading.roundSentTick.delete(round);",
    "    leading.confirmedTick = Math.max(leading.confirmedTick, (leading.roundSentTick.get(round) ?? 0));\n    if (round <= confirmed) leading.roundSentTick.delete(round);",
  ],
  [
    "a forwarded read that nobody answers is forgotten",
    "C4",
    "    state.outbox.readsFailed.push(id);\n  }\n}",
    "    void id;\n  }\n}",
  ],
  [
    "reads that wait for the first commit stay",
    "C2",
    "  for (const { from, id } of waiting) takeRead(state, from, id);",
    "  void waiting;",
  ],
]);

const QUORUM = inFile("quorum.ts", [
  [
    "half is a majority of votes",
    "A3",
    "Math.floor(voters.length / 2) + 1;",
    "Math.ceil(voters.length / 2);",
  ],
  [
    "half is a majority of logs",
    "B5",
    "values[Math.floor(voters.length / 2)]",
    "values[Math.floor((voters.length - 1) / 2)]",
  ],
  [
    "values are sorted as text",
    "B5",
    "voters.map(valueOf).sort((a, b) => b - a)",
    "voters.map(valueOf).sort().reverse()",
  ],
  [
    "learners count towards a commit",
    "A3",
    "majorityValue(membership.voters, valueOf),",
    "majorityValue([...membership.voters, ...membership.learners], valueOf),",
  ],
]);

const CORE = inFile("core.ts", [
  [
    "a change before an own commit",
    "E2",
    'if (log.committed < role.leading.noopIndex) return this.#refuse("no own commit yet");',
    "",
  ],
  [
    "two changes at a time",
    "E1",
    'if (memberships.latestIndex > log.committed) return this.#refuse("change in flight");',
    "",
  ],
  [
    "a restart takes its whole log for committed",
    "B3",
    "log.commitTo(Math.min(committed, log.lastIndex));",
    "log.commitTo(committed > 0 ? log.lastIndex : 0);",
  ],
  [
    "a restart forgets the membership in the log",
    "E4",
    'if (payload.kind === "membership" && isNewer)',
    'if (payload.kind === "membership" && isNewer && index < 0)',
  ],
  [
    "a snapshot carries a membership that is not committed",
    "E4",
    "membership: memberships.at(index) };",
    "membership: memberships.latest };",
  ],
  [
    "any number of bytes may be uncommitted",
    "G4",
    "if (isFull && uncommittedBytes > 0)",
    "if (isFull && uncommittedBytes < 0)",
  ],
  [
    "a leader takes proposals though its machine is behind",
    "G5",
    "if (log.unappliedBytes >= config.maxUnappliedBytes) {",
    "if (log.unappliedBytes < 0) {",
  ],
  [
    "an idle leader does not try its disk",
    "I7",
    "if (tick - state.wroteTick >= config.diskProbeTicks) state.outbox.isHardChanged = true;",
    "",
  ],
  [
    "entries that a member needs are compacted",
    "F9",
    "const needed = mayKeep ? neededFrom(role.leading) : Infinity;",
    "const needed = mayKeep && neededFrom(role.leading) < 0 ? 0 : Infinity;",
  ],
  [
    "a transfer to who does not vote",
    "D1",
    'if (!isVoter(memberships.latest, to)) return "it is not a voter";',
    "",
  ],
  [
    "proposals are taken during a transfer",
    "D2",
    'if (role.leading.transfer) return this.#refuse("transferring");\n    const { uncommittedBytes }',
    "const { uncommittedBytes }",
  ],
  [
    "a transfer is never given up",
    "D5",
    "if (leading.transfer && tick >= leading.transfer.untilTick) leading.transfer = null;",
    "",
  ],
  [
    "a leader without a majority stays",
    "A6",
    "if (isExpired || isStalled(state))",
    "if (isStalled(state))",
  ],
  [
    "a leader above a dead disk stays",
    "I7",
    "if (isExpired || isStalled(state))",
    "if (isExpired)",
  ],
  [
    "a member that restarted is believed to hold what it had",
    "4.5",
    'else if (what === "restarted") progress?.reset(state.log.lastIndex + 1);',
    'else if (what === "restarted") progress?.lost();',
  ],
  [
    "the own vote counts for another term",
    "A4",
    "if (selfVoteTerm === state.term) ownVoteDurable(state);",
    "ownVoteDurable(state);",
  ],
  [
    "a transfer to who is behind",
    "D2",
    "transfer.isSent || progress.get(transfer.to)?.match !== log.lastIndex",
    "transfer.isSent || !progress.has(transfer.to)",
  ],
]);

const LOG = inFile("log.ts", [
  [
    "everything is handed out to be applied at once",
    "G7",
    "const entries = this.slice(this.#handed + 1, to + 1, free);",
    "const entries = this.slice(this.#handed + 1, to + 1, Infinity);",
  ],
  [
    "what is not durable is applied",
    "G6",
    "const to = Math.min(this.#committed, this.#durable);",
    "const to = this.#committed;",
  ],

  [
    "truncation leaves the durable mark",
    "ABA",
    "    this.#durable = Math.min(this.#durable, index - 1);\n",
    "",
  ],
]);

const MEMBERSHIP = inFile("membership.ts", [
  [
    "compaction forgets a step too many",
    "E4",
    "(this.#stack[1]?.index ?? Infinity) <= index",
    "(this.#stack[1]?.index ?? Infinity) <= index + 2",
  ],
  [
    "two voters at a time",
    "E10",
    "        voters: [...voters, change.id].sort(),\n        learners: without(learners, change.id),",
    "        voters: [...voters, ...learners].sort(),\n        learners: [],",
  ],
]);

/** All of this file. */
export const OTHER_BUGS: readonly Bug[] = [...READS, ...QUORUM, ...CORE, ...LOG, ...MEMBERSHIP];
