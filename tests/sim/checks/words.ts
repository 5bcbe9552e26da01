/**
 * What a member may say and take from a message, given all it heard before: the rules of the study that
 * show in single messages (A7, B3, B4, B8 to B10, C1, G5).
 *
 * It sees only what a member sees, in the same order, and so finds a broken rule long before an unlucky
 * sequel turns it into lost data. A broken rule throws a {@link Violation}.
 */
import type { CoreStatus, MemberId, Membership, Message, Ready } from "../../../src/raft/mod.ts";
import type { SimMember } from "../member.ts";
import { must } from "./violation.ts";

/** What one member heard in one life. */
interface Heard {
  readonly life: number;
  term: number;
  /** When its leader's last heartbeat came, on its own clock; null when that means nothing any more. */
  leaderTick: number | null;
  /** Votes that it may give: asked for while it heard of no leader. */
  readonly mayVote: Set<string>;
  /** Since the last batch: up to where an append or snapshot of this term showed what the log must be. */
  shown: number;
  /** Since the last batch: places that an append of this term followed on, not below the commit index. */
  readonly mayRefuse: Set<number>;
  /** Of this term that it leads: what each member said to hold, and which round it answered. */
  readonly acked: Map<MemberId, number>;
  readonly answered: Map<MemberId, number>;
  /** The last round that it began in this term. */
  round: number;
  /** The last round that was begun before each read came, by who asked and its number. */
  readonly reads: Map<string, number>;
  /** Memberships in force since the last batch was taken, and those of the batch before. */
  inForce: Membership[];
  wereInForce: readonly Membership[];
}

/** Watches the words of all members. */
export class Words {
  readonly #heard = new Map<MemberId, Heard>();

  /** `member` took `message` in; `before` is where it stood. */
  received(member: SimMember, message: Message, before: CoreStatus): void {
    const now = member.status();
    if (!now) return;
    const heard = this.#of(member, now);
    this.#checkTerm(member, message, now);
    if (message.kind === "vote") {
      if (!isSticky(member, heard, message, before)) {
        heard.mayVote.add(voteKey(message.from, message));
      }
    }
    if (message.term !== now.term) return;
    const { id } = member;
    const committed = (most: number) =>
      must(
        now.committed <= Math.max(before.committed, most),
        "commit rule",
        `${id} commits ${now.committed} by a message that shows ${most}`,
      );
    switch (message.kind) {
      case "heartbeat":
        if (now.role !== "leader") heard.leaderTick = member.ownTick;
        return committed(message.commit);
      case "append": {
        const shown = message.prevIndex + message.entries.length;
        heard.shown = Math.max(heard.shown, shown);
        if (message.prevIndex >= before.committed) heard.mayRefuse.add(message.prevIndex);
        return committed(Math.min(message.commit, shown));
      }
      case "snapshot":
        heard.shown = Math.max(heard.shown, message.snapshot.index);
        return;
      case "append.reply":
        if (message.isOk) raise(heard.acked, message.from, message.index);
        return this.#checkMatches(member, heard, now);
      case "heartbeat.reply":
        return raise(heard.answered, message.from, message.round);
      default:
        return;
    }
  }

  /** An answer or a heartbeat of a higher term is heeded, whatever else is in it (rule B10). */
  #checkTerm({ id }: SimMember, message: Message, now: CoreStatus): void {
    const isGate = message.kind === "heartbeat" || message.kind === "heartbeat.reply" ||
      message.kind === "append.reply" || message.kind === "read.reply" ||
      (message.kind === "vote.reply" && !message.isPre);
    const why = () => `${id} stays in ${now.term} after ${message.kind} of ${message.term}`;
    must(!isGate || now.term >= message.term, "terms", why);
  }

  /** Nobody is taken to hold more than it said to this leader, in this term (rules B8, B10). */
  #checkMatches({ id }: SimMember, heard: Heard, { role, matches }: CoreStatus): void {
    if (role !== "leader") return;
    for (const [peer, match] of Object.entries(matches)) {
      const said = heard.acked.get(peer) ?? 0;
      const why = () => `${id} takes ${peer} to hold ${match}, which said ${said}`;
      must(match <= said, "acknowledgements", why);
    }
  }

  /** `member` says `message`. */
  sends(member: SimMember, message: Message): void {
    const now = member.status();
    if (!now) return;
    const heard = this.#of(member, now);
    const { id } = member;
    if (message.kind === "vote.reply") {
      const isAllowed = !message.isGranted || heard.mayVote.has(voteKey(message.to, message));
      must(isAllowed, "stickiness", () => `${id} votes for ${message.to} and hears of a leader`);
    }
    if (message.term !== now.term) return;
    if (message.kind === "heartbeat") heard.round = Math.max(heard.round, message.round);
    if (message.kind === "read.reply" && message.index !== null) {
      this.#checkRead(member, heard, now, `${message.to}/${message.id}`);
    }
  }

  /** What is acknowledged was shown (rule B4); what is below the commit index is not refused (rule B9). */
  #checkReply(
    id: MemberId,
    heard: Heard,
    { isOk, index, to }: Extract<Message, { kind: "append.reply" }>,
    { committed }: CoreStatus,
  ): void {
    const most = Math.max(heard.shown, committed);
    const why = `${id} acknowledges ${index} to ${to}, which showed ${most}`;
    must(!isOk || index <= most, "acknowledgements", why);
    const mayRefuse = index === 0 || heard.mayRefuse.has(index);
    must(
      isOk || mayRefuse,
      "refusals",
      `${id} refuses what follows on ${index}, which is committed`,
    );
  }

  /** A read came to `member`, which leads or not. */
  readTaken(member: SimMember, key: string): void {
    const now = member.status();
    if (now?.role === "leader") this.#of(member, now).reads.set(key, this.#of(member, now).round);
  }

  /** A read that was forwarded may come twice; the first time counts. */
  readForwarded(member: SimMember, key: string): void {
    const now = member.status();
    if (now && !this.#of(member, now).reads.has(key)) this.readTaken(member, key);
  }

  /** Before what `ready` carries is carried out. */
  batch(member: SimMember, ready: Ready): void {
    const now = member.status();
    if (!now) return;
    const heard = this.#of(member, now);
    heard.wereInForce = heard.inForce;
    heard.inForce = [now.membership];
    for (const message of ready.sendAfterPersisted) {
      if (message.kind !== "append.reply" || message.term !== now.term) continue;
      this.#checkReply(member.id, heard, message, now);
    }
    heard.shown = 0;
    heard.mayRefuse.clear();
    if (now.role !== "leader") return;
    for (const { id } of ready.reads) this.#checkRead(member, heard, now, `${member.id}/${id}`);
  }

  /** A quorum answered a round that began after the read came (rule C1). */
  #checkRead({ id }: SimMember, heard: Heard, now: CoreStatus, key: string): void {
    const since = heard.reads.get(key);
    if (since === undefined) return;
    heard.reads.delete(key);
    const confirms = (one: MemberId) => one === id || (heard.answered.get(one) ?? 0) > since;
    const why = () => `${id} answers ${key} of after round ${since}, confirmed by too few`;
    const memberships = [now.membership, ...heard.wereInForce];
    must(memberships.some((membership) => hasQuorum(membership, confirms)), "reads", why);
  }

  /** `peer` restarted, and `member` learns of it. */
  restarted(member: SimMember, peer: MemberId): void {
    this.#heard.get(member.id)?.acked.delete(peer);
  }

  /** The connection from `member` to `peer` broke. */
  unreachable(member: SimMember, peer: MemberId): void {
    const heard = this.#heard.get(member.id);
    if (heard && member.status()?.leader === peer) heard.leaderTick = null;
  }

  /** The core may have changed. */
  looked(member: SimMember, { role, membership }: CoreStatus): void {
    const heard = this.#heard.get(member.id);
    if (heard && heard.inForce.at(-1) !== membership) heard.inForce.push(membership);
    if (heard && (role === "candidate" || role === "pre-candidate")) heard.leaderTick = null;
  }

  #of({ id, life }: SimMember, { term }: CoreStatus): Heard {
    let heard = this.#heard.get(id);
    if (heard?.life !== life) {
      heard = {
        life,
        term,
        leaderTick: null,
        mayVote: new Set(),
        shown: 0,
        mayRefuse: new Set(),
        acked: new Map(),
        answered: new Map(),
        round: 0,
        reads: new Map(),
        inForce: [],
        wereInForce: [],
      };
      this.#heard.set(id, heard);
    }
    if (heard.term !== term) {
      heard.term = term;
      heard.shown = heard.round = 0;
      for (const kept of [heard.mayRefuse, heard.acked, heard.answered, heard.reads]) kept.clear();
    }
    return heard;
  }
}

type Vote = Extract<Message, { kind: "vote" | "vote.reply" }>;

function voteKey(candidate: MemberId, { term, isPre }: Vote): string {
  return `${candidate} ${term} ${isPre}`;
}

/** Whether a vote must be ignored because the member hears of a leader (rule A7). */
function isSticky(
  { ownTick, config }: SimMember,
  { leaderTick }: Heard,
  { isTransfer, term }: Extract<Message, { kind: "vote" }>,
  before: CoreStatus,
): boolean {
  if (isTransfer || term <= before.term) return false;
  const hears = leaderTick !== null && ownTick - leaderTick < config.heartbeatTimeoutTicks;
  return before.role === "leader" || hears;
}

function hasQuorum(
  { voters, outgoing }: Membership,
  holds: (id: MemberId) => boolean,
): boolean {
  return [voters, outgoing].every((half) =>
    half.length === 0 || half.filter(holds).length * 2 > half.length
  );
}

function raise(values: Map<MemberId, number>, id: MemberId, value: number): void {
  values.set(id, Math.max(values.get(id) ?? 0, value));
}
