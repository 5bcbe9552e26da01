/**
 * A whole group under one seed: members, network, clients, operators and faults, and the oracle that
 * watches. One call of `step` is one tick of 10 ms.
 */
import { Prng } from "../../src/lib/mod.ts";
import {
  coreConfig,
  type Entry,
  type MemberId,
  type Membership,
  membersOf,
  type Message,
  type Ready,
} from "../../src/raft/mod.ts";
import { Clients } from "./clients.ts";
import { injectFaults } from "./faults.ts";
import { type Applied, encodeRequest, type MachineImage, mix, type Request } from "./machine.ts";
import { Marks } from "./marks.ts";
import { type Observer, SimMember } from "./member.ts";
import { type Cargo, Network, type Packet } from "./network.ts";
import { Operator } from "./operator.ts";
import { CALM, type Faults, type Options } from "./options.ts";
import { Oracle } from "./oracle.ts";
import { checkLeaders } from "./leases.ts";
import { markBatch, markMessage } from "./watch.ts";

interface Waiting {
  readonly request: Request;
  readonly term: number;
}

/** The world of one run. */
export class World implements Observer {
  readonly options: Options;
  readonly members = new Map<MemberId, SimMember>();
  readonly marks = new Marks();
  readonly network: Network;
  readonly oracle: Oracle;
  readonly clients: Clients;
  faults: Faults;
  tick = 0;
  /** Hash of all messages sent and entries applied: two runs of a seed must agree on it. */
  trace = 0;
  #lazyTicks: number;
  readonly #prng: Prng;
  readonly #operator: Operator;
  /** Requests that wait to be applied, by member and index. */
  readonly #waiting = new Map<string, Waiting>();
  /** Which client asked a read, by member and read. */
  readonly #readers = new Map<string, { readonly client: number; readonly sequence: number }>();
  readonly #reports: { readonly atTick: number; readonly run: () => void }[] = [];
  /** Packets that wait for a stopped member. */
  readonly #inboxes = new Map<MemberId, Packet[]>();
  #fresh = 0;

  constructor(options: Options) {
    this.options = options;
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
    if (this.tick % 8 === 0) checkLeaders(this.members.values(), this.network, this.tick);
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
    const { committed } = this.oracle;
    return [...this.members.values()].flatMap(({ core, mirror, disk }) => {
      const chain = core ? mirror : disk.log;
      return chain.links.slice(Math.max(0, committed - chain.base.index)).flatMap(({ entry }) =>
        entry.payload.kind === "membership" ? [entry.payload.membership] : []
      );
    });
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
    for (const packet of inbox) this.#deliver(packet);
    member.catchUp(this.tick - since);
  }

  // --- Faults ---

  crash(member: SimMember, restartTick: number, losesNewest: boolean): void {
    if (!member.core) return;
    if (member.crash(restartTick)) this.marks.hit("unsynced writes lost");
    this.#inboxes.delete(member.id);
    for (const key of this.#waiting.keys()) {
      if (key.startsWith(`${member.id}/`)) this.#waiting.delete(key);
    }
    for (const key of this.#readers.keys()) {
      if (key.startsWith(`${member.id}/`)) this.#readers.delete(key);
    }
    // At most one member at a time, and only where enough others vote.
    const mayLose = losesNewest && !this.hasDoubt && this.#fewestVoters() >= 3;
    if (mayLose && member.disk.loseNewest()) this.oracle.hasLostBatch = true;
    for (const peer of this.members.values()) {
      if (peer !== member && this.#prng.chance(0.6)) this.#unreachable(peer, member.id);
    }
  }

  #fewestVoters(): number {
    const sizes = [...this.members.values()].flatMap(({ core }) => {
      const voters = core?.status().membership.voters.length ?? 0;
      return voters > 0 ? [voters] : [];
    });
    return Math.min(this.oracle.membership.voters.length, ...sizes);
  }

  #unreachable(member: SimMember, peer: MemberId): void {
    const { life } = member;
    this.#later(this.#prng.below(30), () => {
      if (member.life === life) member.core?.report(peer, "unreachable");
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
    member.core?.report(peer.id, "restarted");
  }

  #deliver(packet: Packet): void {
    const { from, to, fromLife, toLife, cargo } = packet;
    const member = this.members.get(to);
    const isStale = member?.life !== toLife || member.known.get(from) !== fromLife;
    if (!member?.core || isStale) return this.#lost(packet);
    if (!member.isAwake(this.tick)) {
      const inbox = this.#inboxes.get(to) ?? [];
      this.#inboxes.set(to, inbox);
      if (inbox.length < 500) inbox.push(packet);
      else this.#lost(packet);
      return;
    }
    if (cargo.kind === "request") return this.#propose(member, cargo.request, true);
    const { message, image } = cargo;
    markMessage(this.marks, member, message);
    member.receive(message, image);
    if (message.kind === "snapshot") this.#reportSnapshot(packet, "snapshot sent");
    if (this.#prng.chance(this.options.pump)) member.pump(this.tick);
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
    this.trace = mix(this.trace, message.term * 31 + message.kind.length + this.tick * 7);
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
  }

  looked(member: SimMember): void {
    this.oracle.looked(member);
  }

  applied(member: SimMember, entry: Entry, applied: Applied | undefined): void {
    this.oracle.applied(member, entry);
    this.trace = mix(this.trace, entry.index);
    if (applied?.isRepeat) this.marks.hit("request applied once though sent twice");
    const key = `${member.id}/${entry.index}`;
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    const { client } = waiting.request;
    if (waiting.term !== entry.term) {
      this.marks.hit("entry replaced before its client was answered");
      this.clients.failed(client, this.tick);
    } else if (applied?.outcome !== undefined && this.#prng.chance(1 - this.faults.loss)) {
      this.clients.written(waiting.request, applied.outcome);
    }
  }

  read(member: SimMember, id: number, isOk: boolean): void {
    const key = `${member.id}/${id}`;
    const reader = this.#readers.get(key);
    this.#readers.delete(key);
    if (!isOk) this.marks.hit("read failed");
    if (!reader) return;
    const register = this.clients.wanted(reader.client, reader.sequence);
    if (register === undefined) return;
    if (isOk) this.clients.seen(reader.client, member.machine.read(register));
    else this.clients.failed(reader.client, this.tick);
  }

  // --- Clients ---

  #front() {
    return {
      running: () => [...this.members.keys()].filter((id) => this.members.get(id)?.core),
      write: (id: MemberId, request: Request) => {
        const member = this.members.get(id);
        if (member?.isAwake(this.tick)) this.#propose(member, request, false);
      },
      read: (id: MemberId, client: number, sequence: number) =>
        this.#read(id, { client, sequence }),
    };
  }

  #propose(member: SimMember, request: Request, isForwarded: boolean): void {
    const proposed = member.core?.propose(encodeRequest(request));
    if (!proposed) return;
    if (proposed.isOk) {
      this.#waiting.set(`${member.id}/${proposed.index}`, { request, term: proposed.term });
      if (this.#prng.chance(this.options.pump)) member.pump(this.tick);
    } else if (proposed.reason === "not leader" && proposed.leader !== null && !isForwarded) {
      this.#send(member, proposed.leader, { kind: "request", request });
    } else {
      if (proposed.reason === "too many uncommitted") {
        this.marks.hit("proposal refused: too many uncommitted");
      }
      if (proposed.reason === "transferring") this.marks.hit("proposal refused: transferring");
      this.clients.failed(request.client, this.tick);
    }
  }

  #read(id: MemberId, reader: { readonly client: number; readonly sequence: number }): void {
    const member = this.members.get(id);
    const status = member?.status();
    if (!member?.isAwake(this.tick) || !status) return;
    // The smallest number that is free: numbers are used again as soon as that is allowed.
    let read = 1;
    while (member.openReads.has(read)) read += 1;
    member.openReads.add(read);
    this.#readers.set(`${id}/${read}`, reader);
    if (status.role === "leader") {
      this.marks.hit("read at the leader");
      const isEarly = member.core?.termAt(status.committed) !== status.term;
      if (isEarly) this.marks.hit("read waited for the first own commit");
    } else if (status.leader !== null) this.marks.hit("read forwarded");
    member.core?.readIndex(read);
    if (this.#prng.chance(this.options.pump)) member.pump(this.tick);
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
