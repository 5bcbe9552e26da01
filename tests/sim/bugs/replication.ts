/** Bugs of replication, and of what a leader knows of its members. */
import { type Bug, inFile } from "./bug.ts";

const REPLICATION = inFile("replication.ts", [
  [
    "an entry of an earlier term is committed by counting",
    "B5",
    " || log.termAt(held) !== state.term",
    "",
  ],
  [
    "a follower commits beyond what was verified",
    "B3",
    "Math.min(message.commit, verified)",
    "Math.min(message.commit, log.lastIndex)",
  ],
  [
    "a follower acknowledges its whole log",
    "B4",
    "acknowledge(state, to, verified);",
    "acknowledge(state, to, log.lastIndex);",
  ],
  [
    "an acknowledgement leaves before it is durable",
    "A1",
    "function acknowledge(state: CoreState, to: MemberId, index: number): void {\n  sendAfterPersisted(state, {",
    "function acknowledge(state: CoreState, to: MemberId, index: number): void {\n  sendNow(state, {",
  ],
  [
    "a leader counts itself before it is durable",
    "G6",
    "(id) => id === config.id ? log.durable",
    "(id) => id === config.id ? log.lastIndex",
  ],
  [
    "what agrees is truncated too",
    "B2",
    "entries.filter(({ index, term }) => !log.matches(index, term))",
    "entries.filter(({ index }) => index > log.committed)",
  ],
  [
    "a conflict is kept",
    "B2",
    "entries.filter(({ index, term }) => !log.matches(index, term))",
    "entries.filter(({ index }) => index > log.lastIndex)",
  ],
  [
    "what an append follows on is not compared",
    "B2",
    "if (!log.matches(prevIndex, prevTerm)) {",
    "if (prevIndex > log.lastIndex) {",
  ],
  [
    "batches keep entries that were truncated",
    "G1",
    "    outbox.entries = outbox.entries.filter(({ index }) => index < first.index);\n",
    "",
  ],
  [
    "a batch does not say that it truncates",
    "B2",
    "    outbox.truncateFrom = Math.min(outbox.truncateFrom ?? first.index, first.index);\n",
    "",
  ],
  [
    "a follower takes entries though its machine is behind",
    "G5",
    "  if (fresh.length > 0 && log.unappliedBytes >= state.config.maxUnappliedBytes) return;\n",
    "",
  ],
  [
    "an append has any number of entries",
    "G3",
    "progress.next + config.maxAppendEntries);",
    "log.lastIndex + 1);",
  ],
  ["an append has any size", "G3", "end, config.maxAppendBytes);", "end, Infinity);"],
  ["a truncated membership stays in force", "E3", "    memberships.truncate(first.index);\n", ""],
  [
    "writes in flight make durable what was truncated",
    "ABA",
    "    writes.truncated(first.index);\n",
    "",
  ],
  [
    "an early append is refused, not answered with the commit index",
    "B9",
    "  if (prevIndex < log.committed) return acknowledge(state, to, log.committed);\n",
    "",
  ],
  [
    "a snapshot over a conflicting log keeps that log",
    "F2",
    "if (log.matches(snapshot.index, snapshot.term)) {",
    "if (log.lastIndex >= snapshot.index) {",
  ],
  [
    "a snapshot goes back",
    "F3",
    "  if (snapshot.index <= log.committed) return acknowledge(state, from, log.committed);\n",
    "",
  ],
  [
    "a snapshot brings no membership",
    "E4",
    "  memberships.reset(snapshot.index, snapshot.membership);\n",
    "",
  ],
  [
    "a snapshot is acknowledged before it is durable",
    "F6",
    "  outbox.entries = [];\n  acknowledge(state, from, snapshot.index);",
    '  outbox.entries = [];\n  sendNow(state, { kind: "append.reply", to: from, isOk: true, index: snapshot.index, hintIndex: 0, hintTerm: 0 });',
  ],
  [
    "a refusal changes nothing",
    "B11",
    "    progress.refused(message.index, index);\n",
    "    void index;\n",
  ],
  ["a leader that is out stays", "E6", "  becomeFollower(state, state.term, null);\n}", "}"],
  [
    "doubt ends with any commit index",
    "A11",
    " || state.log.termAt(commit) !== state.term) return;",
    ") return;",
  ],
  [
    "doubt ends with what an append verified",
    "A11",
    "if (verified >= message.commit) maybeRecovered(state, message.commit);",
    "if (log.matches(verified, state.term)) maybeRecovered(state, verified);",
  ],
  [
    "doubt ends before what was missing is durable",
    "A11",
    "if (state.wholeAt === null || state.log.durable < state.wholeAt) return;",
    "if (state.wholeAt === null) return;",
  ],
  [
    "uncommitted bytes never become fewer",
    "G4",
    "  leading.uncommittedBytes -= log.bytesBetween(log.committed, held);\n",
    "",
  ],
  [
    "no first entry",
    "B6",
    '  appendOwn(state, { kind: "noop" });\n',
    "  void appendOwn;\n  void state;\n",
  ],
  [
    "a snapshot is taken for what a probe follows on",
    "F7",
    "  if (progress.next < log.firstIndex) {\n    sendSnapshot(state, to, progress);\n    return false;\n  }\n",
    "  if (progress.next < log.firstIndex) {\n    progress.sendingSnapshot(log.snapshot.index);\n    return false;\n  }\n",
  ],
]);

const PROGRESS = inFile("progress.ts", [
  [
    "a window has no end",
    "G2",
    "return this.#inflight.length < window.messages && this.#inflightBytes < window.bytes;",
    "return window.messages > 0;",
  ],
  ["progress goes back", "B8", "if (isNews) this.#match = index;", "this.#match = index;"],
  [
    "a probe stays paused",
    "B12",
    '    if (this.#state.kind === "probe") this.#state = { kind: "probe", isPaused: false };\n    this.#isDoubtful = true;',
    "    this.#isDoubtful = true;",
  ],
  [
    "a full window that is lost stays full",
    "B12",
    "    this.#isDoubtful = true;",
    "    this.#isDoubtful = false;",
  ],
  [
    "a snapshot that failed is waited for",
    "F7",
    'if (this.#state.kind !== "snapshot") return;',
    'if (this.#state.kind !== "snapshot" || !hasArrived) return;',
  ],
  [
    "a refusal is taken for what is known to be there",
    "B8",
    "this.#next = Math.max(this.#match + 1, Math.min(prevIndex, hintIndex + 1));",
    "this.#next = Math.min(prevIndex, hintIndex + 1);",
  ],
]);

/** All of this file. */
export const REPLICATION_BUGS: readonly Bug[] = [...REPLICATION, ...PROGRESS];
