/**
 * Whether a message makes sense in itself, before the core looks at it.
 *
 * The decoder checks shapes; this checks what the handlers rely on: whole numbers, entries without a
 * gap, terms that never fall. What fails is dropped like a message that was lost.
 */
import type { Entry, Message, SnapshotMeta } from "./message.ts";

/** Whether the handlers can take `message` as it is. */
export function isWellFormed(message: Message): boolean {
  if (!isCount(message.term)) return false;
  switch (message.kind) {
    case "vote":
      return isCount(message.lastIndex) && isCount(message.lastTerm);
    case "append":
      return isCount(message.commit) && isRun(message);
    case "append.reply":
      return isCount(message.index) && isCount(message.hintIndex) && isCount(message.hintTerm);
    case "heartbeat":
      return isCount(message.round) && isCount(message.commit);
    case "heartbeat.reply":
      return isCount(message.round);
    case "snapshot":
      return isSnapshot(message.snapshot, message.term);
    case "read":
      return isCount(message.id);
    case "read.reply":
      return isCount(message.id) && (message.index === null || isCount(message.index));
    case "vote.reply":
    case "timeout.now":
      return true;
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isRun({ prevIndex, prevTerm, entries, term }: {
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly term: number;
}): boolean {
  if (!isCount(prevIndex) || !isCount(prevTerm) || prevTerm > term) return false;
  let before = { index: prevIndex, term: prevTerm };
  for (const entry of entries) {
    if (entry.index !== before.index + 1 || !isCount(entry.term)) return false;
    if (entry.term < before.term || entry.term > term) return false;
    const { payload } = entry;
    if (payload.kind === "membership" && payload.membership.voters.length === 0) return false;
    before = entry;
  }
  return true;
}

function isSnapshot(
  { index, term: snapshotTerm, membership }: SnapshotMeta,
  term: number,
): boolean {
  return isCount(index) && index > 0 && isCount(snapshotTerm) && snapshotTerm <= term &&
    membership.voters.length > 0;
}
