/**
 * The safety properties of the study (4.10), checked on everything that every member does.
 *
 * It knows the whole group, which no member does. A broken property throws a {@link Violation}.
 */
import type {
  CoreStatus,
  Entry,
  MemberId,
  Membership,
  Message,
  Ready,
} from "../../../src/raft/mod.ts";
import type { SimMember } from "../member.ts";
import type { Marks } from "../marks.ts";
import { must } from "./violation.ts";
import { markChange } from "../watch.ts";

interface Seen {
  readonly life: number;
  readonly status: CoreStatus;
}

/** What the group as a whole must never do. */
export class Oracle {
  readonly #marks: Marks;
  readonly #members: ReadonlyMap<MemberId, SimMember>;
  readonly #leaders = new Map<number, MemberId>();
  /** Hash of everything up to each (term, index), by whoever wrote it first. */
  readonly #links = new Map<string, number>();
  /** Hash of everything up to each committed index. */
  readonly #truth: number[] = [0];
  /** In which term each index was committed, as far as was seen; never less than it was. */
  readonly #committedIn: number[] = [0];
  /** Memberships that were committed, by index. */
  readonly #memberships: { readonly index: number; readonly membership: Membership }[] = [];
  /** Digest of the state machine after each index. */
  readonly #digests: number[] = [0];
  readonly #seen = new Map<MemberId, Seen>();
  /** How far each leader committed under which membership, since its last batch. */
  readonly #commits = new Map<
    MemberId,
    { readonly to: number; readonly membership: Membership }[]
  >();
  /** The newest term in which each member was found to be a complete leader. */
  readonly #complete = new Map<MemberId, number>();
  /** Committed entries that were counted for a member and got lost there. */
  readonly #owed = new Map<MemberId, readonly number[]>();
  /** A crash took a durable batch along: counts of disks mean nothing any more. */
  hasLostBatch = false;

  constructor(members: ReadonlyMap<MemberId, SimMember>, membership: Membership, marks: Marks) {
    this.#members = members;
    this.#marks = marks;
    this.#memberships.push({ index: 0, membership });
  }

  /** The highest committed index. */
  get committed(): number {
    return this.#truth.length - 1;
  }

  /** The membership that was committed last. */
  get membership(): Membership {
    return this.#memberships.at(-1)?.membership ?? { voters: [], outgoing: [], learners: [] };
  }

  /** The newest term that had a leader. */
  get newestTerm(): number {
    return Math.max(0, ...this.#leaders.keys());
  }

  /** Leaderships so far. */
  get leaderships(): number {
    return this.#leaders.size;
  }

  /** A batch was taken: what it writes must be allowed. */
  batch(member: SimMember, ready: Ready): void {
    const status = member.status();
    if (!status) return;
    const { persist } = ready;
    if (persist?.snapshot) {
      const known = this.#truth[persist.snapshot.index];
      const why = `${member.id} installs ${persist.snapshot.index}`;
      must(known === member.mirror.base.chain, "state machine safety", why);
      const { index, membership } = persist.snapshot;
      const there = this.#memberships.findLast((step) => step.index <= index)?.membership;
      must(isSame(membership, there), "membership", `the snapshot at ${index} carries another one`);
    }
    if (persist && (persist.snapshot || persist.truncateFrom !== null)) {
      this.#checkMembership(member, status, persist.snapshot?.membership);
    }
    const fresh = persist?.entries.length ?? 0;
    for (const { entry, chain } of fresh > 0 ? member.mirror.links.slice(-fresh) : []) {
      this.#checkLink(member, entry, chain);
    }
    const isShrunk = status.role === "leader" && (persist?.truncateFrom ?? null) !== null;
    must(!isShrunk, "leader append-only", `${member.id} truncates the log of the term it leads`);
    this.looked(member);
    this.#checkCommit(member, status);
    if (status.role === "leader") this.#checkLeader(member, status);
    if (persist?.entries.some(({ payload }) => payload.kind === "membership")) this.checkQuorums();
  }

  /** What is in force is the newest in the log, or that of the snapshot before it. */
  #checkMembership(
    { id, mirror, disk }: SimMember,
    { membership }: CoreStatus,
    installed: Membership | undefined,
  ): void {
    const link = mirror.links.findLast(({ entry }) => entry.payload.kind === "membership");
    const payload = link?.entry.payload;
    const isOld = !link || link.entry.index <= disk.snapshot.index;
    const expected = payload?.kind === "membership" && (installed || !isOld)
      ? payload.membership
      : installed ?? disk.snapshot.membership;
    must(isSame(membership, expected), "membership", `${id} goes by another one than its log says`);
  }

  /** Log Matching, and that only the leader of a term makes its entries. */
  #checkLink(member: SimMember, entry: Entry, chain: number): void {
    const key = `${entry.term}/${entry.index}`;
    const known = this.#links.get(key);
    if (known === undefined) {
      const owner = this.#leaders.get(entry.term);
      must(
        owner === member.id,
        "term ownership",
        `${member.id} makes ${key}, whose leader is ${owner}`,
      );
      this.#links.set(key, chain);
    } else {
      must(known === chain, "log matching", `${member.id} holds another ${key}`);
    }
  }

  #checkCommit(member: SimMember, status: CoreStatus): void {
    const { id, mirror } = member;
    const { committed } = status;
    const rule = "state machine safety";
    for (let index = this.#truth.length; index <= committed; index++) {
      const link = mirror.at(index);
      must(link, rule, `${id} knows what it commits at ${index}`);
      this.#truth.push(link.chain);
      this.#committedIn.push(status.term);
      const { payload } = link.entry;
      if (payload.kind === "membership") this.#commitMembership(index, payload.membership);
      this.#checkHeld(member, index, link.chain);
      for (const [id, match] of Object.entries(status.matches)) {
        const counted = match >= index ? this.#members.get(id) : undefined;
        if (counted && !this.#holds(counted, index)) this.#owe(id, [index]);
      }
    }
    this.#commits.delete(id);
    const chain = mirror.chainAt(committed);
    must(
      chain === undefined || chain === this.#truth[committed],
      rule,
      `${id} commits another ${committed}`,
    );
  }

  #commitMembership(index: number, membership: Membership): void {
    const before = this.membership;
    this.#marks.hit("change committed");
    if (membership.voters.some((id) => before.learners.includes(id))) {
      this.#marks.hit("learner promoted");
    }
    if (membership.learners.some((id) => before.voters.includes(id))) {
      this.#marks.hit("voter demoted");
    }
    const all = [...membership.voters, ...membership.learners];
    const gone = [...before.voters, ...before.learners].filter((id) => !all.includes(id));
    if (gone.length > 0) this.#marks.hit("member removed");
    this.#memberships.push({ index, membership });
  }

  /** What is committed first is durable on a majority of the voters, of both halves. */
  #checkHeld(member: SimMember, index: number, chain: number): void {
    const membership = this.#commits.get(member.id)?.find(({ to }) => to >= index)?.membership;
    if (this.hasLostBatch || !membership) return;
    for (const half of [membership.voters, membership.outgoing]) {
      const holders = half.filter((id) => {
        const disk = this.#members.get(id)?.disk;
        return disk && (disk.snapshot.index >= index || disk.log.chainAt(index) === chain);
      });
      const why = () => `${member.id} commits ${index}, which only ${holders} of ${half} have`;
      must(half.length === 0 || holders.length * 2 > half.length, "durable commit", why);
    }
  }

  #checkLeader({ id, mirror }: SimMember, { term }: CoreStatus): void {
    if (this.#complete.get(id) !== term) {
      this.#complete.set(id, term);
      // The hash of the last entry committed before this term stands for all before it.
      let last = this.committed;
      while ((this.#committedIn[last] ?? 0) >= term && last > 0) last -= 1;
      const isComplete = last < mirror.base.index || mirror.chainAt(last) === this.#truth[last];
      must(isComplete, "leader completeness", `${id} leads ${term} without ${last}`);
    }
    let open = 0;
    for (let index = this.committed + 1; index <= mirror.lastIndex; index++) {
      if (mirror.at(index)?.entry.payload.kind === "membership") open += 1;
    }
    must(open <= 1, "membership", `${id} has ${open} changes open`);
  }

  /** The core may have changed: at most one leader a term, nothing falls. */
  looked(member: SimMember): void {
    const status = member.status();
    if (!status) return;
    const { id, life } = member;
    const { term, role } = status;
    const seen = this.#seen.get(id);
    if (seen) this.#compare(member, seen, status);
    if (role === "leader") {
      const known = this.#leaders.get(term);
      must(
        known === undefined || known === id,
        "election safety",
        `${known} and ${id} lead ${term}`,
      );
      if (known === undefined) {
        const { hard } = member.disk;
        const isWritten = hard.term === term && hard.vote === id;
        must(isWritten, "durability", `${id} leads ${term} before its own vote is written`);
        this.#leaders.set(term, id);
        this.#marks.hit("election won");
      }
    }
    if (role === "pre-candidate" && seen?.status.role === "follower") {
      const { voters } = this.membership;
      if (!voters.includes(id)) this.#marks.hit("removed member campaigned");
    }
    this.#seen.set(id, { life, status });
  }

  /** Nothing falls: the term and the vote across restarts, the rest within a life. */
  #compare(member: SimMember, seen: Seen, now: CoreStatus): void {
    const { id, life } = member;
    const before = seen.status;
    const { term, vote, committed } = now;
    must(
      term >= before.term || seen.life !== life,
      "monotonic",
      `the term of ${id} fell to ${term}`,
    );
    const isSameTerm = term === before.term && seen.life === life;
    const why = `${id} votes for ${vote} after ${before.vote} in ${term}`;
    must(!isSameTerm || before.vote === null || vote === before.vote, "one vote a term", why);
    if (seen.life !== life) return;
    must(committed >= before.committed, "monotonic", `commit of ${id} fell to ${committed}`);
    must(now.applied >= before.applied, "monotonic", `${id} applies again from ${now.applied}`);
    markChange(this.#marks, member, before, now);
    if (isSameTerm && before.role === "leader" && now.role === "leader") {
      this.#checkMatches(id, before.matches, now.matches);
      if (committed > before.committed) {
        const commits = this.#commits.get(id) ?? [];
        this.#commits.set(id, [...commits, { to: committed, membership: now.membership }]);
      }
      const isOwn = committed === before.committed || member.core?.termAt(committed) === term;
      must(isOwn, "commit rule", `${id} commits ${committed} of an earlier term by counting`);
    }
  }

  /** Told before a leader may count less for a member: it restarted. */
  forgive(leader: MemberId, peer: MemberId): void {
    const seen = this.#seen.get(leader);
    if (!seen) return;
    const matches = { ...seen.status.matches, [peer]: 0 };
    this.#seen.set(leader, { ...seen, status: { ...seen.status, matches } });
  }

  #checkMatches(id: MemberId, before: CoreStatus["matches"], now: CoreStatus["matches"]): void {
    for (const peer in now) {
      const [was, is] = [before[peer] ?? 0, now[peer] ?? 0];
      must(is >= was, "monotonic", `${id} takes ${peer} back from ${was} to ${is}`);
    }
  }

  /** A crash took the newest durable batch of `member` along. */
  lost({ id, disk }: SimMember): void {
    this.hasLostBatch = true;
    const committed = disk.lost.filter(({ entry, chain }) => this.#truth[entry.index] === chain);
    this.#owe(id, committed.map(({ entry }) => entry.index));
  }

  #owe(id: MemberId, indexes: readonly number[]): void {
    this.#owed.set(id, [...this.#owed.get(id) ?? [], ...indexes]);
  }

  /** Doubt is over: whatever was committed while this member counted for it is on its disk again (rule A11). */
  recovered(member: SimMember): void {
    const { id } = member;
    for (const index of this.#owed.get(id) ?? []) {
      const why = `${id} is whole again without ${index}, which it may have acknowledged`;
      must(this.#holds(member, index), "recovery", why);
    }
    this.#owed.delete(id);
  }

  /** Whether the committed entry at `index` is on the member's disk. */
  #holds({ disk }: SimMember, index: number): boolean {
    return disk.snapshot.index >= index || disk.log.chainAt(index) === this.#truth[index];
  }

  /** A message leaves: what it promises must be on the disk. */
  send({ id, disk }: SimMember, message: Message): void {
    const rule = "durability";
    if (message.kind === "append.reply") {
      const { term, isOk, index, to } = message;
      must(disk.hard.term >= term, rule, `${id} answers in ${term} before that is written`);
      // A later term may have replaced it in the same batch: who elected that leader knew of it.
      if (!isOk || disk.hard.term > term) return;
      const last = Math.max(disk.log.lastIndex, disk.snapshot.index);
      must(last >= index, rule, `${id} acknowledges ${index} but has written ${last}`);
      const leader = this.#members.get(to);
      const isLeading = this.#leaders.get(term) === to && leader?.status()?.term === term;
      const [here, there] = [disk.log.chainAt(index), leader?.mirror.chainAt(index)];
      const isSame = here === undefined || there === undefined || here === there;
      must(
        !isLeading || isSame,
        "log matching",
        `${id} acknowledges another ${index} than ${to} has`,
      );
    } else if (message.kind === "timeout.now") {
      this.#checkHandOver(id, message.to);
    } else if (message.kind === "vote.reply") {
      const { term, isPre, isGranted, to } = message;
      if (isPre && isGranted) return;
      must(disk.hard.term >= term, rule, `${id} answers in ${term} before that is written`);
      const holds = disk.hard.term > term || disk.hard.vote === to;
      must(!isGranted || holds, rule, `${id} votes for ${to} in ${term} before that is written`);
    }
  }

  /** A transfer waits until its target is level (rule D2). */
  #checkHandOver(id: MemberId, to: MemberId): void {
    const status = this.#members.get(id)?.status();
    const target = this.#members.get(to)?.disk;
    if (status?.transferTo !== to || !target || this.hasLostBatch) return;
    const last = Math.max(target.log.lastIndex, target.snapshot.index);
    must(last >= status.lastIndex, "transfer", `${id} hands over to ${to}, which is behind`);
  }

  /** A state machine took an entry. */
  applied({ id, machine, disk }: SimMember, entry: Entry): void {
    const rule = "state machine safety";
    const { index } = entry;
    must(this.#truth[index] === machine.chain, rule, `${id} applies another entry ${index}`);
    const isHere = disk.snapshot.index >= index || disk.log.lastIndex >= index;
    must(isHere, "durability", `${id} applies ${index} before it is written`);
    const known = this.#digests[index];
    if (known === undefined) this.#digests[index] = machine.digest;
    else must(known === machine.digest, "determinism", `${id} differs after ${index}`);
  }

  /**
   * Every two memberships by which some member could be elected share a member in all their majorities.
   * A member could be elected if enough of the voters it knows have a log that is not newer.
   */
  checkQuorums(): void {
    const found = new Map<string, Membership>();
    for (const member of this.#members.values()) {
      const membership = member.status()?.membership;
      if (!membership || !membership.voters.includes(member.id)) continue;
      const followers = membership.voters.filter((id) => {
        const other = this.#members.get(id);
        return other && !isNewer(other, member);
      });
      if (followers.length * 2 > membership.voters.length) {
        found.set(membership.voters.join(), membership);
      }
    }
    const all = [...found.values()];
    all.forEach((one, at) => {
      for (const other of all.slice(at + 1)) {
        const why = () => `${one.voters} and ${other.voters} could both elect`;
        must(allMeet(one.voters, other.voters), "quorum intersection", why);
      }
    });
  }
}

function isSame(one: Membership, other: Membership | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isNewer(one: SimMember, other: SimMember): boolean {
  const [a, b] = [one.mirror, other.mirror];
  return a.lastTerm > b.lastTerm || (a.lastTerm === b.lastTerm && a.lastIndex > b.lastIndex);
}

/** Whether every majority of one list shares a member with every majority of the other. */
function allMeet(one: readonly MemberId[], other: readonly MemberId[]): boolean {
  const shared = one.filter((id) => other.includes(id)).length;
  const need = (ids: readonly MemberId[]) => Math.floor(ids.length / 2) + 1;
  // The worst case takes as many as possible from outside of what is shared.
  const fromOne = Math.max(0, need(one) - (one.length - shared));
  const fromOther = Math.max(0, need(other) - (other.length - shared));
  return fromOne + fromOther > shared;
}
