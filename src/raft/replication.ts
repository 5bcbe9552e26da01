/**
 * Replication: the leader's appends and their answers, and what a follower makes of them.
 *
 * Rules B1 to B12 of the study; each function names those it carries out.
 */
import { assert } from "../lib/mod.ts";
import { entryBytes, type Hint, type RaftLog } from "./log.ts";
import { everyone, isVoter } from "./membership.ts";
import { Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import { answerEarlyReads } from "./reads.ts";
import { type CoreState, type Leading, sendAfterPersisted, sendNow } from "./state.ts";
import { becomeFollower } from "./terms.ts";
import type { Entry, MemberId, Message, Payload } from "./message.ts";

type Append = Extract<Message, { kind: "append" }>;
type AppendReply = Extract<Message, { kind: "append.reply" }>;
type Snapshot = Extract<Message, { kind: "snapshot" }>;

/** The first entry of a leadership (rule B6): commits what it inherited, and opens reads. */
export function openLeadership(state: CoreState): void {
  appendOwn(state, { kind: "noop" });
}

/** Appends an entry of this term to the leader's own log (rule B1). Returns its index. */
export function appendOwn(state: CoreState, payload: Payload): number {
  const { log, memberships, outbox } = state;
  const entry: Entry = { index: log.lastIndex + 1, term: state.term, payload };
  log.append([entry]);
  outbox.entries.push(entry);
  if (payload.kind === "membership") memberships.append(entry.index, payload.membership);
  if (state.role.kind === "leader") state.role.leading.uncommittedBytes += entryBytes(entry);
  return entry.index;
}

/** Brings the table of members in line with the membership in force (rules E7, E9, D3). */
export function membershipChanged(state: CoreState, leading: Leading): void {
  const members = everyone(state.memberships.latest);
  for (const id of members) {
    if (id !== state.config.id && !leading.progress.has(id)) {
      leading.progress.set(id, new Progress(state.log.lastIndex, leading.round));
    }
  }
  for (const id of leading.progress.keys()) {
    if (!members.includes(id)) leading.progress.delete(id);
  }
  if (leading.transfer && !isVoter(state.memberships.latest, leading.transfer.to)) {
    leading.transfer = null;
  }
  advanceCommit(state, leading);
}

/** Sends what each member lacks, within its window (rules G2, G6). */
export function sendAppends(state: CoreState, leading: Leading): void {
  const { committed, lastIndex } = state.log;
  for (const [id, progress] of leading.progress) {
    let hasSent = false;
    while (isDue(state, progress) && sendOne(state, id, progress)) hasSent = true;
    const isInDoubt = progress.takeDoubt(lastIndex) && !hasSent && progress.state === "replicate";
    if (isInDoubt || progress.isCommitNews(committed)) ask(state, id, progress);
  }
}

/** Whether there is something to send; a probe may carry nothing and only ask. */
function isDue({ log, config }: CoreState, progress: Progress): boolean {
  const window = { messages: config.inflightMessages, bytes: config.inflightBytes };
  const isBehind = progress.state === "probe"
    ? progress.match < log.lastIndex
    : progress.next <= log.lastIndex;
  return isBehind && progress.canSend(window);
}

/** Sends one append, or a snapshot when the entries are gone. False when nothing more may follow. */
function sendOne(state: CoreState, to: MemberId, progress: Progress): boolean {
  const { log, config } = state;
  if (progress.next < log.firstIndex) {
    sendSnapshot(state, to, progress);
    return false;
  }
  const end = Math.min(log.lastIndex + 1, progress.next + config.maxAppendEntries);
  const entries = log.slice(progress.next, end, config.maxAppendBytes);
  sendEntries(state, { to, progress, entries });
  return progress.state === "replicate";
}

/** Asks with an append of nothing, even beyond the window; what it would follow on may be gone. */
function ask(state: CoreState, to: MemberId, progress: Progress): void {
  if (progress.next < state.log.firstIndex) sendSnapshot(state, to, progress);
  else sendEntries(state, { to, progress, entries: [] });
}

function sendSnapshot(state: CoreState, to: MemberId, progress: Progress): void {
  const { snapshot } = state.log;
  sendNow(state, { kind: "snapshot", to, snapshot });
  progress.sendingSnapshot(snapshot.index);
}

function sendEntries(
  state: CoreState,
  { to, progress, entries }: {
    readonly to: MemberId;
    readonly progress: Progress;
    readonly entries: readonly Entry[];
  },
): void {
  const { log } = state;
  const prevIndex = progress.next - 1;
  const prevTerm = log.termAt(prevIndex);
  assert(prevTerm !== undefined, `the term of ${prevIndex}, which an append follows on, is known`);
  sendNow(state, { kind: "append", to, prevIndex, prevTerm, entries, commit: log.committed });
  progress.told(log.committed, prevIndex + entries.length);
  progress.sent(entries.length, entries.reduce((sum, entry) => sum + entryBytes(entry), 0));
}

/** A follower takes an append of its leader (rules B2, B3, B4, B9). */
export function handleAppend(state: CoreState, message: Append): void {
  const { log } = state;
  const { from: to, prevIndex, prevTerm, entries } = message;
  checkCommitted(log, [{ index: prevIndex, term: prevTerm }, ...entries]);
  if (prevIndex < log.committed) return acknowledge(state, to, log.committed);
  if (!log.matches(prevIndex, prevTerm)) {
    const hint = log.conflictHint(prevIndex, prevTerm);
    return sendAfterPersisted(state, {
      kind: "append.reply",
      to,
      isOk: false,
      index: prevIndex,
      hintIndex: hint.index,
      hintTerm: hint.term,
    });
  }
  // From the first that differs on: what follows a conflict is replaced even if it looks the same.
  const [first] = entries.filter(({ index, term }) => !log.matches(index, term));
  const fresh = first ? entries.slice(first.index - prevIndex - 1) : [];
  // Unanswered, so that the leader asks again with its next heartbeats and no faster (rule G5).
  if (fresh.length > 0 && log.unappliedBytes >= state.config.maxUnappliedBytes) return;
  takeEntries(state, fresh);
  const verified = prevIndex + entries.length;
  log.commitTo(Math.min(message.commit, verified));
  if (verified >= message.commit) maybeRecovered(state, message.commit);
  acknowledge(state, to, verified);
}

/** What is committed here is in every leader's log; otherwise one of the two is damaged (rule B2). */
function checkCommitted(log: RaftLog, places: readonly Hint[]): void {
  for (const { index, term } of places) {
    const known = index <= log.committed ? log.termAt(index) : undefined;
    assert(known === undefined || known === term, `committed entry ${index} is not contradicted`);
  }
}

/**
 * This member holds everything up to `commit`, all that the leader of this term has committed. If an entry
 * of this term is among it, a member in doubt holds whatever it ever acknowledged, and is whole again as
 * soon as that is durable.
 */
export function maybeRecovered(state: CoreState, commit: number): void {
  if (!state.isRecovering || state.log.termAt(commit) !== state.term) return;
  state.wholeAt ??= commit;
  endRecovery(state);
}

/** Ends the recovery when what was missing is durable: another crash must not lose it again. */
export function endRecovery(state: CoreState): void {
  if (state.wholeAt === null || state.log.durable < state.wholeAt) return;
  state.isRecovering = false;
  state.wholeAt = null;
}

/** Appends what is new, which begins at the first real conflict or after the end. */
function takeEntries(state: CoreState, fresh: readonly Entry[]): void {
  const { log, memberships, outbox, writes } = state;
  const first = fresh[0];
  if (first && first.index <= log.lastIndex) {
    log.truncate(first.index);
    memberships.truncate(first.index);
    writes.truncated(first.index);
    outbox.truncateFrom = Math.min(outbox.truncateFrom ?? first.index, first.index);
    outbox.entries = outbox.entries.filter(({ index }) => index < first.index);
  }
  log.append(fresh);
  outbox.entries.push(...fresh);
  for (const { index, payload } of fresh) {
    if (payload.kind === "membership") memberships.append(index, payload.membership);
  }
}

function acknowledge(state: CoreState, to: MemberId, index: number): void {
  sendAfterPersisted(state, {
    kind: "append.reply",
    to,
    isOk: true,
    index,
    hintIndex: 0,
    hintTerm: 0,
  });
}

/** A follower takes a snapshot whose data is on its disk and verified (rules F2, F3). */
export function handleSnapshot(state: CoreState, { from, snapshot }: Snapshot): void {
  const { log, memberships, outbox, writes } = state;
  checkCommitted(log, [snapshot]);
  if (snapshot.index <= log.committed) return acknowledge(state, from, log.committed);
  if (log.matches(snapshot.index, snapshot.term)) {
    // What follows it stays (rule F2).
    log.commitTo(snapshot.index);
    return acknowledge(state, from, snapshot.index);
  }
  log.restore(snapshot);
  memberships.reset(snapshot.index, snapshot.membership);
  writes.truncated(1);
  outbox.snapshot = snapshot;
  outbox.truncateFrom = null;
  outbox.entries = [];
  acknowledge(state, from, snapshot.index);
}

/** The leader learns what a member holds (rules B8, B11, B12). */
export function handleAppendReply(state: CoreState, message: AppendReply): void {
  if (state.role.kind !== "leader") return;
  const { leading } = state.role;
  const progress = leading.progress.get(message.from);
  if (!progress) return;
  progress.heardTick = state.tick;
  if (!message.isOk) {
    const { index } = state.log.conflictHint(message.hintIndex, message.hintTerm);
    progress.refused(message.index, index);
    return;
  }
  if (message.index > state.log.lastIndex) return;
  // An answer that is no news asks for nothing: the next heartbeat's does, at a known pace.
  if (progress.acked(message.index, state.log.firstIndex)) advanceCommit(state, leading);
}

/** Commits what a quorum holds, counting entries of the own term only (rule B5). */
export function advanceCommit(state: CoreState, leading: Leading): void {
  const { log, memberships, config } = state;
  const held = quorumValue(
    memberships.latest,
    (id) => id === config.id ? log.durable : leading.progress.get(id)?.match ?? 0,
  );
  if (held <= log.committed || log.termAt(held) !== state.term) return;
  leading.uncommittedBytes -= log.bytesBetween(log.committed, held);
  log.commitTo(held);
  answerEarlyReads(state, leading);
  maybeLeave(state, leading);
}

/** A leader outside the membership steps down once that is committed (rule E6), and hands over. */
function maybeLeave(state: CoreState, leading: Leading): void {
  const { memberships, log, config } = state;
  const isOut = !isVoter(memberships.latest, config.id);
  if (!isOut || memberships.latestIndex > log.committed) return;
  sendAppends(state, leading);
  const matchOf = (id: MemberId) => leading.progress.get(id)?.match ?? 0;
  const heir = [...memberships.latest.voters].sort((a, b) => matchOf(b) - matchOf(a))[0];
  if (heir !== undefined) sendNow(state, { kind: "timeout.now", to: heir });
  becomeFollower(state, state.term, null);
}
