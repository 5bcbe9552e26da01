/**
 * Messages, entries and batches as one line of text: for scripts, logs and traces.
 *
 * The same text everywhere, so that what a test shows can be searched for in a log.
 */
import type { Entry, MemberId, Membership, Message, Persist, Ready } from "./message.ts";

/** `from->to kind t<term> …`. */
export function describeMessage(message: Message): string {
  const { from, to, kind, term } = message;
  return `${from}->${to} ${kind} t${term}${detailOf(message)}`;
}

function detailOf(message: Message): string {
  switch (message.kind) {
    case "vote": {
      const flags = `${message.isPre ? " pre" : ""}${message.isTransfer ? " transfer" : ""}`;
      return `${flags} last=${message.lastIndex}/t${message.lastTerm}`;
    }
    case "vote.reply":
      return `${message.isPre ? " pre" : ""} ${message.isGranted ? "granted" : "refused"}`;
    case "append": {
      const { prevIndex, prevTerm, entries, commit } = message;
      return ` prev=${prevIndex}/t${prevTerm} [${describeEntries(entries)}] commit=${commit}`;
    }
    case "append.reply":
      return message.isOk
        ? ` ok ${message.index}`
        : ` refused ${message.index} hint=${message.hintIndex}/t${message.hintTerm}`;
    case "heartbeat":
      return ` round=${message.round} commit=${message.commit}${message.isAll ? "" : "+"}`;
    case "heartbeat.reply":
      return ` round=${message.round}`;
    case "snapshot": {
      const { index, term, membership } = message.snapshot;
      return ` at=${index}/t${term} ${describeMembership(membership)}`;
    }
    case "timeout.now":
      return "";
    case "read":
      return ` #${message.id}`;
    case "read.reply":
      return ` #${message.id} index=${message.index ?? "none"}`;
  }
}

/** `voters(outgoing)+learners`. */
export function describeMembership({ voters, outgoing, learners }: Membership): string {
  const list = (ids: readonly MemberId[]) => ids.join(",");
  const before = outgoing.length > 0 ? `(${list(outgoing)})` : "";
  return `${list(voters) || "-"}${before}${learners.length > 0 ? `+${list(learners)}` : ""}`;
}

/** Each as `index/tTerm what`. */
export function describeEntries(entries: readonly Entry[]): string {
  return entries.map(describeEntry).join(" ");
}

function describeEntry({ index, term, payload }: Entry): string {
  const at = `${index}/t${term}`;
  switch (payload.kind) {
    case "noop":
      return at;
    case "data":
      return `${at}:${payload.data.length}B`;
    case "membership":
      return `${at}:${describeMembership(payload.membership)}`;
  }
}

/** What a batch asks for, a line each; messages are left out. */
export function describeReady({ seq, persist, restore, apply, reads, readsFailed }: Ready): string {
  const parts = [
    persist ? describePersist(persist) : "",
    restore ? `restore=${restore.index}` : "",
    apply.length > 0 ? `apply=${describeEntries(apply)}` : "",
    reads.map(({ id, index }) => `read ${id} at ${index}`).join(", "),
    readsFailed.map((id) => `read ${id} failed`).join(", "),
  ];
  return [`#${seq}`, ...parts.filter((part) => part !== "")].join(" ");
}

function describePersist({ hard, truncateFrom, entries, snapshot }: Persist): string {
  const parts = [
    hard ? `hard=t${hard.term}/${hard.vote ?? "-"}` : "",
    snapshot ? `snapshot=${snapshot.index}` : "",
    truncateFrom !== null ? `truncate=${truncateFrom}` : "",
    entries.length > 0 ? `write=${describeEntries(entries)}` : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}
