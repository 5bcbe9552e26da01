/**
 * That nothing grows without a bound (rules G2 to G5, G7): windows, queues, and what waits for a slow disk
 * or a slow state machine. Throws a {@link Violation}.
 */
import type { CoreStatus, Entry, Message, Proposed, Ready } from "../../../src/raft/mod.ts";
import type { SimMember } from "../member.ts";
import { must } from "./violation.ts";

/** What an entry counts, in bytes: as the core counts. */
function entryBytes({ payload }: Entry): number {
  return 32 + (payload.kind === "data" ? payload.data.length : 0);
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}

/** A proposal of `size` bytes was taken by a leader that stood at `before`, or refused. */
export function checkProposed(
  { id, config }: SimMember,
  proposed: Proposed,
  size: number,
  before: CoreStatus,
): void {
  if (!proposed.isOk) return;
  const { uncommittedBytes, unappliedBytes, transferTo } = before;
  const isRoomy = uncommittedBytes === 0 || uncommittedBytes + size <= config.maxUncommittedBytes;
  must(isRoomy, "bounds", `${id} takes a proposal beyond ${uncommittedBytes} uncommitted bytes`);
  const keepsUp = unappliedBytes < config.maxUnappliedBytes;
  must(keepsUp, "bounds", `${id} takes a proposal beyond ${unappliedBytes} unapplied bytes`);
  must(transferTo === null, "transfer", `${id} takes a proposal and hands over to ${transferTo}`);
}

/** `member` took `message` in; `before` is where it stood. */
export function checkTaken(member: SimMember, message: Message, before: CoreStatus): void {
  const now = member.status();
  if (message.kind !== "append" || !now) return;
  const isFull = before.unappliedBytes >= member.config.maxUnappliedBytes;
  const why = () => `${member.id} takes entries beyond ${before.unappliedBytes} unapplied bytes`;
  must(!isFull || now.lastIndex <= before.lastIndex, "bounds", why);
}

/** `member` hands out `ready`, which is not carried out yet. */
export function checkBatch(member: SimMember, ready: Ready): void {
  const { maxApplyBytes, maxAppendBytes, maxAppendEntries } = member.config;
  const applying = [...member.applying, ...ready.apply];
  const bytes = bytesOf(applying);
  const isLittle = ready.apply.length === 0 || applying.length === 1 || bytes <= maxApplyBytes;
  must(isLittle, "bounds", () => `${member.id} has ${bytes} bytes on their way to be applied`);
  for (const message of ready.sendNow) {
    if (message.kind !== "append" || message.entries.length <= 1) continue;
    const size = bytesOf(message.entries);
    const isShort = size <= maxAppendBytes && message.entries.length <= maxAppendEntries;
    must(isShort, "bounds", () => `${member.id} sends ${message.entries.length} entries at once`);
  }
}

/** At any time. */
export function checkBounds({ id, core, config }: SimMember): void {
  if (!core) return;
  const { pendingReads } = core.status();
  must(pendingReads <= 2 * config.maxPendingReads, "bounds", `${id} has ${pendingReads} reads`);
  for (const { id: peer, inflightMessages, inflightBytes } of core.peers()) {
    const isLittle = inflightMessages <= config.inflightMessages &&
      inflightBytes < config.inflightBytes + config.maxAppendBytes + 1_000;
    const what = `${inflightMessages} messages, ${inflightBytes} bytes`;
    must(isLittle, "bounds", `${id} has ${what} on their way to ${peer}`);
  }
}
