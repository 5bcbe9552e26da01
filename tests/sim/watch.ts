/**
 * Where marks are taken: from messages as they arrive and from batches as they are taken.
 */
import type { CoreStatus, Message, Ready } from "../../src/raft/mod.ts";
import type { Marks } from "./marks.ts";
import type { SimMember } from "./member.ts";

/** Before `member` takes `message` in. */
export function markMessage(marks: Marks, member: SimMember, message: Message): void {
  const status = member.status();
  if (!status) return;
  if (message.term < status.term && (message.kind === "append" || message.kind === "heartbeat")) {
    marks.hit("old term answered");
  }
  if (message.term !== status.term) return;
  switch (message.kind) {
    case "append":
      if (message.entries.length === 0) marks.hit("append of nothing asked");
      return;
    case "append.reply": {
      if (message.isOk || status.role !== "leader") return;
      const isOld = message.index <= (status.matches[message.from] ?? 0);
      marks.hit(isOld ? "stale refusal" : "refusal with a hint");
      return;
    }
    case "snapshot": {
      const { index, term } = message.snapshot;
      const own = member.core?.termAt(index);
      if (index <= status.committed || own === term) marks.hit("snapshot not needed");
      else {
        marks.hit("snapshot installed");
        if (own !== undefined) marks.hit("snapshot over a conflicting log");
      }
      return;
    }
    default:
      return;
  }
}

/** When `member` hands out `ready`; its mirror has it already. */
export function markBatch(marks: Marks, member: SimMember, ready: Ready): void {
  if (member.disk.pending > 0 && ready.persist) marks.hit("several batches in flight");
  if (!ready.persist) return;
  if (ready.persist.truncateFrom !== null) marks.hit("conflict truncated");
  if (member.hasRolledBack) marks.hit("membership rolled back");
}

/** When the role, term or health of `member` changed within one life. */
export function markChange(
  marks: Marks,
  member: SimMember,
  before: CoreStatus,
  now: CoreStatus,
): void {
  const isNewTerm = now.term > before.term;
  if (before.isRecovering && !now.isRecovering) marks.hit("in-doubt member whole again");
  if (before.role === "leader") markLeader(marks, member, before, now);
  if (before.role === now.role && !isNewTerm) return;
  const hasFailed = now.role === "follower" || now.role === "pre-candidate";
  if (before.role === "candidate" && hasFailed) marks.hit("election lost or timed out");
  if (before.role === "pre-candidate" && now.role === "follower" && now.leader === null) {
    marks.hit("pre-vote lost or timed out");
  }
}

function markLeader(marks: Marks, member: SimMember, before: CoreStatus, now: CoreStatus): void {
  if (now.term > before.term) {
    marks.hit("leader deposed by a higher term");
    if (before.transferTo !== null) marks.hit("transfer completed");
  } else if (now.role === "leader") {
    if (before.transferTo !== null && now.transferTo === null) marks.hit("transfer given up");
  } else if (!now.membership.voters.includes(member.id)) {
    marks.hit("leader removed itself");
  } else if (member.disk.stalledUntil > 0) {
    marks.hit("leader gave up on a stalled disk");
  } else {
    marks.hit("leader gave up without a quorum");
  }
}
