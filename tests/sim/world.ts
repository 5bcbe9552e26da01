/**
 * A whole group under one seed: members, network, clients, operators and faults, and the oracle that
 * watches. One call of `step` is one tick of 10 ms.
 */
import { Prng } from "../../src/lib/mod.ts";
import {
  coreConfig,
  describeMessage,
  type Entry,
  type MemberId,
  type Membership,
  membersOf,
  type Message,
  type Ready,
} from "../../src/raft/mod.ts";
import { checkBatch, checkBounds, checkTaken } from "./checks/bounds.ts";
import { Clients } from "./clients.ts";
import type { Chain } from "./disk.ts";
import { injectFaults } from "./faults.ts";
import { Desk } from "./desk.ts";
import { type Applied, hashText, type MachineImage, mix, type Request } from "./machine.ts";
import { Marks } from "./marks.ts";
import { type MakeCore, type Observer, plainCore, SimMember } from "./member.ts";
import { type Cargo, Network, type Packet } from "./network.ts";
import { Operator } from "./operator.ts";
import { CALM, type Faults, type Options } from "./options.ts";
import { Oracle } from "./checks/oracle.ts";
import { checkLeaders, checkPile, checkStrays } from "./checks/leases.ts";
import { markBatch, markMessage } from "./watch.ts";
import { Words } from "./checks/words.ts";

/** The world of one run. */
export class World implements Observer {
  readonly options: Options;
  readonly members = new Map<MemberId, SimMember>();
  readonly marks = new Marks();
  readonly network: Network;
  readonly oracle: Oracle;
  readonly clients: Clients;
  readonly words = new Words();
  faults: Faults;
  tick = 0;
  /** Hash of all messages sent and entries applied: two runs of a seed must agree on it. */
  trace = 0;
  readonly #makeCore: MakeCore;
  #lazyTicks: number;
  readonly #prng: Prng;
  readonly #operator: Operator;
  readonly #desk: Desk;
  readonly #reports: { readonly atTick: number; readonly run: () => void }[] = [];
  /** What arrived at a stopped member, in order. */
  readonly #inboxes = new Map<MemberId, (() => void)[]>();
  #fresh = 0;

  constructor(options: Options, makeCore: MakeCore = plainCore) {
    this.options = options;
    this.#makeCore = makeCore;
    this.faults = options.faults;
    this.#lazyTicks = options.lazyTicks;
    const root = new Prng(options.seed);
    const branch = () => new Prng(root.uint32());
    this.#prng = branch();
    this.network = new Network(branch(), this.faults);
    this.network.onLost = (packet) => this.#lost(packet);
    const ids = ["a", "b", "c", "d", "e"].slice(0, options.voters);
    const membership = membersOf(...ids);
    this.oracle = new Oracle(this.members, membership, this.marks);
    this.#operator = new Operator(branch(), this);
    this.clients = new Clients(branch(), this.#front(), options.clients, options.restTicks);
    this.#desk = new Desk(this, branch());
    if (ids.length === 1) this.marks.hit("single voter");
    for (const id of ids) this.#add(id, membership);
    for (const a of this.members.values()) {
      for (const b of this.members.values()) a.known.set(b.id, b.life);
    }
  }

  #add(id: MemberId, membership: Membership): void {
    const config = { ...coreConfig(id), ...this.options.config };
    const member = new SimMember(
      id,
      membership,
      config,
      this,
      new Prng(this.#prng.uint32()),
      this.faults,
      this.#makeCore,
    );
    member.bornTick = this.tick;
    member.trailing = this.options.trailing;
    member.clockRate = this.#drawRate();
    this.members.set(id, member);
    member.start();
  }

  #drawRate(): number {
    const { drift } = this.faults;
    return drift === 0 ? 1 : 2 ** ((this.#prng.float() * 2 - 1) * drift);
  }

  nextId(): MemberId {
    return `n${++this.#fresh}`;
  }

  addMember(id: MemberId): void {
    this.#add(id, membersOf());
  }

  isCutOff(id: MemberId): boolean {
    const peers = [...this.members.keys()].filter((peer) => peer !== id);
    const cut = peers.filter((peer) => this.network.isCut(id, peer, this.tick));
    return cut.length * 2 > peers.length;
  }

  cutOff(id: MemberId): void {
    const [since, length] = [1 + this.#prng.below(6), 50 + this.#prng.below(100)];
    this.#later(since, () => {
      for (const peer of this.members.keys()) this.network.cut(id, peer, this.tick + length);
    });
  }

  get hasDoubt(): boolean {
    return [...this.members.values()].some(({ disk }) => disk.isInDoubt);
  }

  /** One tick. */
  step(): void {
    this.tick += 1;
    injectFaults(this, this.faults, this.#prng, this.tick);
    this.#operator.step(this.faults, this.tick);
    this.clients.now = this.tick;
    this.clients.step(this.tick);
    this.#runReports();
    this.#connect();
    for (const packet of this.network.arrivals(this.tick)) this.#deliver(packet);
    for (const member of this.members.values()) {
      if (member.restartTick !== null && member.restartTick <= this.tick) this.#restart(member);
      if (!member.isAwake(this.tick)) continue;
      if (member.pausedUntil !== 0) this.#resume(member);
      member.tick(this.tick);
      if (this.tick % this.#lazyTicks === 0) member.pump(this.tick);
    }
    if (this.tick % 32 === 0) {
      this.oracle.checkQuorums();
      this.#retire();
    }
    if (this.tick % 8 === 0) {
      for (const member of this.members.values()) checkBounds(member);
      checkLeaders(this.members.values(), this.network, this.tick);
      checkStrays(this.members, this.network, this.tick);
    }
  }

  /** Members that were removed run on for a while and are then switched off for good. */
  #retire(): void {
    const { voters, learners } = this.oracle.membership;
    for (const [id, { bornTick }] of this.members) {
      const isMember = voters.includes(id) || learners.includes(id);
      if (
        isMember || this.tick - bornTick < 200 || !this.#prng.chance(0.1) || this.#isHopedFor(id)
      ) continue;
      this.members.delete(id);
      this.#inboxes.delete(id);
    }
  }

  /** Whether a change that may still be committed names `id`. */
  #isHopedFor(id: MemberId): boolean {
    return this.openMemberships().some(({ voters, learners }) =>
      voters.includes(id) || learners.includes(id)
    );
  }

  /** Memberships that are written somewhere and may still be committed. */
  openMemberships(): Membership[] {
    return [...this.members.values()].flatMap(({ core, mirror, disk }) =>
      this.#openIn(core ? mirror : disk.log)
    );
  }

  #openIn({ links, base }: Chain): Membership[] {
    return links.slice(Math.max(0, this.oracle.committed - base.index)).flatMap(({ entry }) =>
      entry.payload.kind === "membership" ? [entry.payload.membership] : []
    );
  }

  #restart(member: SimMember): void {
    member.start();
    const uncommitted = member.status()?.membership;
    if (uncommitted && uncommitted.voters.join() !== this.oracle.membership.voters.join()) {
      this.marks.hit("restart with an uncommitted membership");
    }
    if (member.disk.isInDoubt) this.marks.hit("in-doubt restart");
  }

  /** It was stopped for a while: what has arrived is taken in before its clock catches up. */
  #resume(member: SimMember): void {
    const since = member.pausedSince;
    member.pausedUntil = 0;
    member.resumedTick = this.tick;
    const status = member.status();
    if (status?.role === "leader" && status.term < this.oracle.newestTerm) {
      this.marks.hit("paused leader replaced");
    }
    const inbox = this.#inboxes.get(member.id) ?? [];
    this.#inboxes.delete(member.id);
    for (const arrive of inbox) arrive();
    member.catchUp(this.tick - since);
  }

  // --- Faults ---

  crash(member: SimMember, restartTick: number, losesNewest: boolean): void {
    if (!member.core) return;
    if (member.crash(restartTick)) this.marks.hit("unsynced writes lost");
    this.#inboxes.delete(member.id);
    this.#desk.forget(member.id);
    // At most one member at a time, and only where enough others vote.
    const mayLose = losesNewest && !this.hasDoubt && this.#fewestVoters() >= 3;
    if (mayLose && member.disk.loseNewest()) this.oracle.lost(member);
    for (const peer of this.members.values()) {
      if (peer !== member && this.#prng.chance(0.6)) this.#unreachable(peer, member.id);
    }
  }

  /** Of any membership that may be in force, also where it is written on a member that is down. */
  #fewestVoters(): number {
    const running = [...this.members.values()].flatMap(({ core }) =>
      core?.status().membership ?? []
    );
    // What was not written there may have left and arrive yet.
    const sent = [...this.members.values()].flatMap(({ mirror }) => this.#openIn(mirror));
    const all = [...running, ...sent, ...this.openMemberships()];
    const sizes = all.map(({ voters }) => voters.length);
    return Math.min(this.oracle.membership.voters.length, ...sizes.filter((size) => size > 0));
  }

  #unreachable(member: SimMember, peer: MemberId): void {
    const { life } = member;
    this.#later(this.#prng.below(30), () => {
      if (member.life !== life) return;
      this.words.unreachable(member, peer);
      member.core?.report(peer, "unreachable");
    });
  }

  pause(member: SimMember, untilTick: number): void {
    if (member.pausedUntil !== 0) return;
    member.pausedUntil = untilTick;
    member.pausedSince = this.tick;
  }

  reset(from: MemberId, to: MemberId): void {
    this.network.reset(from, to);
    const sender = this.members.get(from);
    if (sender && from !== to) this.#unreachable(sender, to);
  }

  #later(ticks: number, run: () => void): void {
    this.#reports.push({ atTick: this.tick + ticks, run });
  }

  #runReports(): void {
    for (let at = 0; at < this.#reports.length; at++) {
      const report = this.#reports[at];
      if (!report || report.atTick > this.tick) continue;
      this.#reports.splice(at--, 1);
      report.run();
    }
  }

  // --- Messages ---

  /** Members meet again after a restart, and learn of it before anything else. */
  #connect(): void {
    for (const a of this.members.values()) {
      if (!a.isAwake(this.tick)) continue;
      for (const b of this.members.values()) {
        if (a === b || a.known.get(b.id) === b.life || !b.isAwake(this.tick)) continue;
        const isCut = this.network.isCut(a.id, b.id, this.tick) ||
          this.network.isCut(b.id, a.id, this.tick);
        if (isCut || !this.#prng.chance(0.3)) continue;
        this.#meet(a, b);
        this.#meet(b, a);
      }
    }
  }

  #meet(member: SimMember, peer: SimMember): void {
    const known = member.known.get(peer.id);
    member.known.set(peer.id, peer.life);
    if (known === undefined || known === peer.life) return;
    this.oracle.forgive(member.id, peer.id);
    this.words.restarted(member, peer.id);
    member.core?.report(peer.id, "restarted");
  }

  #deliver(packet: Packet): void {
    const { from, to, fromLife, toLife, cargo } = packet;
    const member = this.members.get(to);
    const isStale = member?.life !== toLife || member.known.get(from) !== fromLife;
    if (!member?.core || isStale) return this.#lost(packet);
    if (!member.isAwake(this.tick)) {
      if (!this.#queue(member, () => this.#deliver(packet))) this.#lost(packet);
      return;
    }
    if (cargo.kind === "request") return this.#desk.write(member, cargo.request, true);
    const { message, image } = cargo;
    const before = member.status();
    markMessage(this.marks, member, message);
    if (message.kind === "read") this.words.readForwarded(member, `${from}/${message.id}`);
    member.receive(message, image);
    if (before) {
      this.words.received(member, message, before);
      checkTaken(member, message, before);
    }
    if (message.kind === "snapshot") this.#reportSnapshot(packet, "snapshot sent");
    this.maybePump(member);
  }

  maybePump(member: SimMember): void {
    if (this.#prng.chance(this.options.pump)) member.pump(this.tick);
  }

  /** Something arrives at a stopped member: it finds it when it goes on. False when too much waits. */
  #queue(member: SimMember, arrive: () => void): boolean {
    const inbox = this.#inboxes.get(member.id) ?? [];
    this.#inboxes.set(member.id, inbox);
    if (inbox.length >= 500) return false;
    inbox.push(arrive);
    return true;
  }

  #lost(packet: Packet): void {
    const { cargo } = packet;
    if (cargo.kind !== "raft" || cargo.message.kind !== "snapshot") return;
    this.marks.hit("snapshot lost");
    this.#reportSnapshot(packet, "snapshot failed");
  }

  #reportSnapshot({ from, fromLife, to }: Packet, what: "snapshot sent" | "snapshot failed"): void {
    this.#later(1, () => {
      const sender = this.members.get(from);
      if (sender?.life === fromLife) sender.core?.report(to, what);
    });
  }

  #send(member: SimMember, to: MemberId, cargo: Cargo): void {
    const packet = { from: member.id, to, fromLife: member.life, cargo };
    const toLife = member.known.get(to);
    if (toLife === undefined) this.#lost({ ...packet, toLife: -1 });
    else this.network.send({ ...packet, toLife }, this.tick);
  }

  send(member: SimMember, message: Message): void {
    this.oracle.send(member, message);
    this.words.sends(member, message);
    this.trace = mix(this.trace, hashMessage(message, this.tick));
    let image: MachineImage | null = null;
    if (message.kind === "snapshot") {
      this.marks.hit("snapshot sent");
      // The newest local one may be newer than the message; then there is nothing to send.
      image = member.disk.image.index === message.snapshot.index ? member.disk.image : null;
      if (!image) {
        const { life } = member;
        this.#later(1, () => {
          if (member.life === life) member.core?.report(message.to, "snapshot failed");
        });
        return;
      }
    }
    this.#send(member, message.to, { kind: "raft", message, image });
  }

  // --- What members do ---

  batch(member: SimMember, ready: Ready): void {
    markBatch(this.marks, member, ready);
    this.oracle.batch(member, ready);
    this.words.batch(member, ready);
    checkPile(member, ready, this.tick);
    checkBatch(member, ready);
  }

  recovered(member: SimMember): void {
    this.oracle.recovered(member);
  }

  looked(member: SimMember): void {
    this.oracle.looked(member);
    const status = member.status();
    if (status) this.words.looked(member, status);
  }

  applied(member: SimMember, entry: Entry, applied: Applied | undefined): void {
    this.oracle.applied(member, entry);
    this.trace = mix(this.trace, entry.index);
    this.#desk.applied(member, entry, applied);
  }

  read(member: SimMember, id: number, isOk: boolean): void {
    this.#desk.answered(member, id, isOk);
  }

  // --- Clients ---

  #front() {
    const arriveAt = (id: MemberId, arrive: (member: SimMember) => void) => {
      const member = this.members.get(id);
      if (member?.isAwake(this.tick)) arrive(member);
      else if (member?.core) this.#queue(member, () => arrive(member));
    };
    return {
      running: () => [...this.members.keys()].filter((id) => this.members.get(id)?.core),
      write: (id: MemberId, request: Request) =>
        arriveAt(id, (member) => this.#desk.write(member, request, false)),
      read: (id: MemberId, client: number, sequence: number) =>
        arriveAt(id, (member) => this.#desk.read(member, { client, sequence })),
    };
  }

  forward(member: SimMember, to: MemberId, request: Request): void {
    this.#send(member, to, { kind: "request", request });
  }

  get loss(): number {
    return this.faults.loss;
  }

  // --- The end ---

  /** Nothing goes wrong any more, but for the members in `dead`, which stay down. */
  heal(dead: ReadonlySet<MemberId>): void {
    this.faults = { ...CALM, slowDisk: Math.min(2, this.faults.slowDisk) };
    this.#lazyTicks = 1;
    this.network.faults = this.faults;
    this.network.heal();
    this.clients.isOpen = false;
    for (const member of this.members.values()) {
      member.pace = this.faults;
      member.disk.stalledUntil = 0;
      member.clockRate = 1;
      if (member.pausedUntil !== 0) member.pausedUntil = this.tick;
      if (dead.has(member.id)) this.crash(member, Infinity, false);
      if (dead.has(member.id)) member.restartTick = Infinity;
      else if (member.restartTick !== null) {
        member.restartTick = Math.min(member.restartTick, this.tick + 10);
      }
    }
  }

  /** Everything, a line a member. */
  describe(): string {
    const lines = [...this.members.values()].map((member) => member.describe());
    return [`tick ${this.tick}, committed ${this.oracle.committed}`, ...lines].join("\n");
  }
}

/** Two runs of a seed say the same, word by word. */
function hashMessage(message: Message, tick: number): number {
  return hashText(`${tick} ${describeMessage(message)}`);
}
