/**
 * The only place where the consensus core, the disk, the network and the state machine meet.
 *
 * Runs in the Raft Worker. Every input (a tick, a message, a completion, a request) changes the core
 * within one turn and then `#pump` carries out what the core wants. Invariant: what promises
 * durability leaves after its batch is durable; what is applied goes out in log order.
 */
import {
  type Clock,
  type ErrorInfo,
  type Log,
  type MonoMs,
  SteadyClock,
  WarrenError,
} from "../../lib/mod.ts";
import {
  type CoreStatus,
  type Entry,
  type MemberId,
  type MembershipChange,
  type Message,
  type PeerReport,
  RaftCore,
  type Ready,
  TICK_MS,
} from "../../raft/mod.ts";
import type { Disk } from "../disk/disk.ts";
import type {
  Committed,
  PeerAddress,
  SnapshotOffer,
  SnapshotReceiver,
  Transport,
  TransportEvents,
} from "../transport/transport.ts";
import { HeldNews } from "./held_news.ts";
import { LeaderDuties } from "./leader_duties.ts";
import type { MachinePort } from "./machine_port.ts";
import { PeerBook } from "./peer_book.ts";
import type { ProposalRequest, RaftStatus } from "./protocol.ts";
import {
  committedEntry,
  diskFull,
  noLeader,
  outcomeOf,
  refusalOf,
  unknownOutcome,
} from "./refusals.ts";
import { stampEntry } from "./stamp.ts";
import { SnapshotKeeper } from "./snapshot_keeper.ts";
import { raftStatus } from "./status.ts";
import { Ticker } from "./ticker.ts";
import { type Settled, WaitingProposals } from "./waiting.ts";
import { WritePipeline } from "./write_pipeline.ts";

/** How often a leader looks for learners to promote, in milliseconds. */
const AUTOPILOT_MS = 100;
/** The same state is not told more often than this, in milliseconds. */
const STATUS_MS = 50;
/** Proposals of other members that are waited for at a time. */
const MAX_FORWARDED = 4_096;
/** How often a leader with a full disk tries to hand over, in milliseconds: the others' may be full too. */
const LEAVE_MS = 5_000;

/** What a driver is made of. */
export interface DriverParts {
  readonly core: RaftCore;
  readonly memberId: MemberId;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: MachinePort;
  readonly peers: readonly PeerAddress[];
  readonly electionTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly snapshotThreshold: number;
  readonly trailingLogs: number;
  /** Of the snapshot that the core was restored with; 0 for none. */
  readonly snapshotIndex: number;
}

/** One member at work, from `start` to `stop`. */
export class RaftDriver implements TransportEvents {
  readonly #parts: DriverParts;
  readonly #core: RaftCore;
  readonly #wall: SteadyClock;
  readonly #writes: WritePipeline;
  readonly #waiting = new WaitingProposals();
  readonly #snapshots: SnapshotKeeper;
  readonly #book: PeerBook;
  readonly #news: HeldNews;
  readonly #duties: LeaderDuties;
  #transport: Transport | null = null;
  #ticker: Ticker | null = null;
  /** What the core wants waits until the state machine has the state that everything follows on. */
  #isStarted = false;
  #isPumping = false;
  #isStopped = false;
  #isDiskFull = false;
  #leaveAtMs = 0;
  /** Until it is known that nothing is missing, and the disk was told. */
  #isInDoubt = true;
  /** Whom connections are held to. */
  #members: ReadonlySet<MemberId> = new Set();
  /** What was noticed last. */
  #seen: CoreStatus | null = null;
  #forwarded = 0;
  #autopilotAtMs = 0;
  #syncs: number[] = [];
  #statusAtMs = 0;
  #toldStatus = "";

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#core = parts.core;
    this.#wall = new SteadyClock(parts.clock);
    this.#news = new HeldNews(parts.clock, (messages) => this.#transport?.send(messages));
    this.#book = new PeerBook(parts.memberId, parts.peers);
    this.#duties = new LeaderDuties(parts);
    this.#writes = new WritePipeline({
      disk: parts.disk,
      clock: parts.clock,
      onDurable: (ready) => this.#durable(ready),
      onSynced: (seconds) => this.#syncs.push(seconds),
      onFailed: (error) => this.#fail(error, "Cannot write the log"),
    });
    this.#snapshots = new SnapshotKeeper({
      ...parts,
      onReport: (peer, what) => this.#report(peer, what),
      onFailed: (error, doing) => this.#fail(error, doing),
    }, parts.snapshotIndex);
    parts.disk.onSpace((isLow) => this.#spaceChanged(isLow));
  }

  /** Hands the newest snapshot to the state machine and begins. */
  async start(transport: Transport): Promise<void> {
    this.#transport = transport;
    await this.#snapshots.restoreNewest();
    this.#isStarted = true;
    this.#connectPeers();
    const { clock, electionTimeoutMs } = this.#parts;
    this.#ticker = new Ticker({
      clock,
      maxTicks: Math.max(1, Math.floor(electionTimeoutMs / TICK_MS)),
      onTicks: (ticks) => this.#tick(ticks),
    });
    this.#pump();
  }

  /** Hands leadership over if it can, then ends. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ticker?.stop();
    this.#news.stop();
    this.#waiting.abandon();
    await this.#snapshots.stop();
    await this.#transport?.stop();
    await this.#writes.idle();
    await this.#parts.disk.close();
  }

  // What main asks for.

  /** Proposes, or sends on to the leader. */
  propose(proposals: readonly ProposalRequest[]): void {
    for (const request of proposals) this.#propose(request);
    this.#pump();
  }

  #propose({ id, data, term }: ProposalRequest): void {
    const { port } = this.#parts;
    const { role, term: ownTerm, leader } = this.#core.status();
    if (role === "leader" && (term === null || term === ownTerm)) {
      const refused = this.#append(data, (how, at) => port.proposed(id, outcomeOf(how, at)));
      if (refused) port.proposed(id, { kind: "not taken", error: refused });
      return;
    }
    if (term !== null || leader === null || leader === this.#parts.memberId) {
      return port.proposed(id, { kind: "not taken", error: noLeader().toInfo() });
    }
    void this.#forward(id, data, leader);
  }

  async #forward(id: number, data: Uint8Array, leader: MemberId): Promise<void> {
    const { port } = this.#parts;
    const transport = this.#transport;
    if (!transport) return port.proposed(id, { kind: "not taken", error: noLeader().toInfo() });
    try {
      const signal = AbortSignal.timeout(10_000);
      const committed = await transport.forward(leader, data, signal);
      port.proposed(id, { kind: "committed", ...committed });
    } catch (thrown) {
      const error = WarrenError.from(thrown, "Cannot send a change to the leader");
      const isSure = error.reason === "NO_LEADER" || error.reason === "DISK_FULL";
      port.proposed(id, { kind: isSure ? "not taken" : "unknown", error: error.toInfo() });
    }
  }

  /** Appends as the leader; null when taken, and `settle` is then called once. */
  #append(
    data: Uint8Array,
    settle: (how: Settled, at: Committed) => void,
  ): ErrorInfo | null {
    if (this.#isDiskFull) {
      const isLeaving = this.#core.status().transferTo !== null;
      return (isLeaving ? noLeader() : diskFull()).toInfo();
    }
    const proposed = this.#core.propose(stampEntry(this.#wall.wallNow(), data));
    if (!proposed.isOk) return refusalOf(proposed.reason).toInfo();
    const { index, term } = proposed;
    this.#waiting.add(index, { term, settle: (how) => settle(how, { index, term }) });
    return null;
  }

  /** Asks for the index of a linearizable read. `id` is used once. */
  read(id: number): void {
    this.#core.readIndex(id);
    this.#pump();
  }

  /** The state machine is at `index`. */
  applied(index: number): void {
    this.#core.applied(index);
    this.#snapshots.applied(index);
    this.#pump();
  }

  /** A state of the state machine begins; see `SnapshotKeeper`. */
  get snapshots(): SnapshotKeeper {
    return this.#snapshots;
  }

  /** Hands leadership to `to`, or to whoever is most caught up; answered when it is gone. */
  transfer(id: number, to: MemberId | null): void {
    this.#duties.transfer(id, to);
    this.#pump();
  }

  /** Changes the membership by one step; answered when committed. */
  change(id: number, change: MembershipChange): void {
    this.#duties.change(id, change);
    this.#pump();
  }

  /** Where members are, as the replicated state says. */
  setAddresses(peers: readonly PeerAddress[]): void {
    this.#book.know(peers);
    this.#connectPeers();
  }

  // What the transport tells.

  onMessages(messages: readonly Message[]): void {
    if (this.#isStopped) return;
    for (const message of messages) this.#guard(() => this.#core.step(message));
    this.#pump();
  }

  onPeer(peer: MemberId, what: "unreachable" | "restarted" | "connected"): void {
    if (this.#isStopped) return;
    const { sends } = this.#snapshots;
    if (what === "connected") return sends.wake(peer);
    if (what === "restarted") sends.forget(peer);
    this.#report(peer, what);
  }

  onAddress(peer: PeerAddress): void {
    if (!this.#book.learn(peer)) return;
    this.#parts.port.address(peer);
    this.#connectPeers();
  }

  onRemoved(by: MemberId): void {
    // One that led before knows no better, while a leader of now counts on this member.
    const { leader } = this.#core.status();
    if (leader === null || leader === by) this.#parts.port.removed(by);
  }

  isWelcome(peer: MemberId): boolean {
    // Only a leader surely knows the membership in force: others may not have heard of a newcomer.
    // What is not committed may be taken back, and who was told to go would be gone.
    const { role, membership, hasOwnCommit, hasOpenChange } = this.#core.status();
    if (role !== "leader" || !hasOwnCommit || hasOpenChange) return true;
    const { voters, outgoing, learners } = membership;
    return [voters, outgoing, learners].some((list) => list.includes(peer));
  }

  receiveSnapshot(offer: SnapshotOffer): Promise<SnapshotReceiver | null> {
    return this.#snapshots.receive(offer);
  }

  onForwarded(data: Uint8Array): Promise<Committed> {
    const { promise, resolve, reject } = Promise.withResolvers<Committed>();
    if (this.#forwarded >= MAX_FORWARDED) {
      // Told as "surely not taken", so that the follower may try again.
      reject(noLeader());
      return promise;
    }
    const refused = this.#isStopped ? noLeader().toInfo() : this.#append(data, (how, at) => {
      this.#forwarded -= 1;
      if (how === "committed") resolve(at);
      else reject(how === "replaced" ? noLeader() : unknownOutcome());
    });
    if (refused) reject(refused.reason === "DISK_FULL" ? diskFull() : noLeader());
    else this.#forwarded += 1;
    this.#pump();
    return promise;
  }

  // Time.

  #tick(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) this.#guard(() => this.#core.tick());
    const nowMs = this.#parts.clock.monoNow();
    if (nowMs >= this.#autopilotAtMs) {
      this.#autopilotAtMs = nowMs + AUTOPILOT_MS;
      this.#duties.promote(nowMs);
      this.#tellSyncs();
      this.#maybeEndDoubt();
      if (this.#isDiskFull && nowMs >= this.#leaveAtMs) this.#leave(nowMs);
    }
    this.#duties.tick(nowMs);
    this.#pump();
    this.#tellStatus(nowMs);
  }

  #tellSyncs(): void {
    if (this.#syncs.length === 0) return;
    this.#parts.port.synced(this.#syncs);
    this.#syncs = [];
  }

  // Carrying out.

  /** Carries out what the core wants, until it wants nothing. Calls from within are taken up at the end. */
  #pump(): void {
    if (!this.#isStarted || this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    try {
      for (;;) {
        const ready = this.#core.takeReady();
        if (!ready) break;
        this.#carryOut(ready);
      }
      this.#noticeRole();
      this.#snapshots.maybeSave();
    } catch (error) {
      this.#fail(error, "Cannot take part any more");
    } finally {
      this.#isPumping = false;
    }
  }

  #carryOut(ready: Ready): void {
    const { port } = this.#parts;
    this.#send(ready.sendNow);
    this.#writes.add(ready);
    for (const { id, index } of ready.reads) port.read(id, index);
    for (const id of ready.readsFailed) port.read(id, null);
    if (ready.apply.length > 0) this.#apply(ready.apply);
  }

  #apply(entries: readonly Entry[]): void {
    this.#snapshots.apply(entries.map(committedEntry));
    for (const { index, term } of entries) this.#waiting.committed(index, term);
    const last = entries.at(-1);
    if (last) this.#duties.committed(last.index);
  }

  #durable(ready: Ready): void {
    if (this.#isStopped) return;
    this.#guard(() => this.#core.persisted(ready.seq));
    this.#send(ready.sendAfterPersisted);
    if (ready.restore) this.#snapshots.installed(ready.restore);
    this.#pump();
  }

  #send(messages: readonly Message[]): void {
    const transport = this.#transport;
    if (!transport || messages.length === 0) return;
    const plain = messages.filter(({ kind }) => kind !== "snapshot");
    const now = this.#news.sift(plain);
    if (now.length > 0) transport.send(now);
    for (const message of messages) {
      if (message.kind === "snapshot") this.#snapshots.sends.send(transport, message);
    }
  }

  #noticeRole(): void {
    const status = this.#core.status();
    const seen = this.#seen;
    this.#seen = status;
    const isSame = (key: "role" | "term" | "leader" | "hasOwnCommit") =>
      seen?.[key] === status[key];
    const hasMoved = !(isSame("role") && isSame("term") && isSame("leader"));
    const hasChange = seen?.membership !== status.membership ||
      seen.hasOpenChange !== status.hasOpenChange;
    if (hasMoved || hasChange) this.#connectPeers();
    if (hasMoved || !isSame("hasOwnCommit")) this.#tellStatus(this.#parts.clock.monoNow(), true);
    if (seen?.role !== "leader" || status.role === "leader") return;
    this.#waiting.abandon();
    this.#duties.end();
  }

  #report(peer: MemberId, what: PeerReport): void {
    this.#guard(() => this.#core.report(peer, what));
    this.#pump();
  }

  /**
   * Who is being removed is still answered: without that a leader's own removal is never committed, and
   * a change that is not committed may be taken back.
   */
  #connectPeers(): void {
    const { membership, leader, hasOpenChange } = this.#core.status();
    const { voters, outgoing, learners } = membership;
    const members = new Set([...voters, ...outgoing, ...learners]);
    if (leader !== null && members.size > 0) members.add(leader);
    if (hasOpenChange) { for (const id of this.#members) members.add(id); }
    this.#members = members;
    this.#transport?.setPeers(this.#book.peersOf([...members]));
  }

  #spaceChanged(isLow: boolean): void {
    if (this.#isDiskFull === isLow) return;
    this.#isDiskFull = isLow;
    const { log } = this.#parts;
    if (!isLow) return log.info("the disk has room again");
    log.error("the disk is full: no new changes are taken here until there is room");
    this.#leave(this.#parts.clock.monoNow());
    this.#pump();
  }

  /** A leader without room hands over, if anybody can take it. */
  #leave(nowMs: MonoMs): void {
    this.#leaveAtMs = nowMs + LEAVE_MS;
    const target = this.#core.transferTarget();
    if (target !== null) this.#core.transfer(target);
  }

  /** What the disk doubted at the start is there again. A full disk is told again later. */
  #maybeEndDoubt(): void {
    if (!this.#isInDoubt || this.#core.status().isRecovering) return;
    this.#isInDoubt = false;
    this.#parts.disk.clearDoubt().catch((thrown) => {
      const error = WarrenError.from(thrown, "Cannot end the doubt");
      if (error.reason === "DISK_FULL") this.#isInDoubt = true;
      else this.#fail(error, "Cannot end the doubt");
    });
  }

  #tellStatus(nowMs: MonoMs, isUrgent = false): void {
    if (!isUrgent && nowMs - this.#statusAtMs < STATUS_MS) return;
    this.#statusAtMs = nowMs;
    const status = this.#status();
    const text = JSON.stringify(status);
    if (text === this.#toldStatus) return;
    this.#toldStatus = text;
    this.#parts.port.status(status);
  }

  #status(): RaftStatus {
    return raftStatus(this.#core, {
      connected: this.#transport?.connected() ?? new Set(),
      isDiskFull: this.#isDiskFull,
      recentMs: this.#parts.heartbeatTimeoutMs * 2,
    });
  }

  /** A core that finds its own state impossible stops taking part. */
  #guard(work: () => void): void {
    if (this.#isStopped) return;
    try {
      work();
    } catch (error) {
      this.#fail(error, "Cannot take part any more");
    }
  }

  #fail(error: unknown, doing: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ticker?.stop();
    this.#news.stop();
    this.#waiting.abandon();
    this.#snapshots.abort();
    this.#parts.port.failed(WarrenError.from(error, doing));
    this.#transport?.stop().catch(() => {});
  }
}
