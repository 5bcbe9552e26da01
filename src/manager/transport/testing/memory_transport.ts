/**
 * Members of one process that talk through memory: for tests of the driver, without ports.
 *
 * It passes the same contract as the real transport and uses the same hello, queues and codec.
 * Everything happens in microtasks and nothing waits on time, so a run is repeatable. Links can be
 * cut and held, members can crash. Invariant: a frame is delivered in the life of the link that it
 * was queued in, or not at all.
 */
import { WarrenError } from "../../../lib/mod.ts";
import type { MemberId, Message } from "../../../raft/mod.ts";
import { decodeMessages, encodeMessage } from "../../codec/message.ts";
import { helloTo, refusalReason } from "../hello.ts";
import { Incarnations } from "../incarnations.ts";
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from "../limits.ts";
import { PeerStatus } from "../peer_status.ts";
import { SendQueue } from "../send_queue.ts";
import type {
  Committed,
  PeerAddress,
  SelfIdentity,
  SnapshotMessage,
  SnapshotSource,
  Transport,
  TransportEvents,
} from "../transport.ts";

/** How a member is started. */
export interface MemoryStart {
  readonly self: SelfIdentity;
  readonly events: TransportEvents;
  readonly limits?: Partial<TransportLimits>;
}

/** All members that can reach each other, and the faults between them. */
export class MemoryNetwork implements AsyncDisposable {
  readonly #members = new Map<string, MemoryTransport>();
  readonly #cut = new Set<string>();
  readonly #held = new Set<string>();
  #started = 0;
  #isSettling = false;

  /** Starts a member; its address is free to choose by `advertiseAddr`. */
  start({ self, events, limits }: MemoryStart): Promise<Transport> {
    const address = self.advertiseAddr || `memory-${++this.#started}:1`;
    const own = { ...self, advertiseAddr: address };
    const member = new MemoryTransport(this, own, events, {
      ...DEFAULT_TRANSPORT_LIMITS,
      ...limits,
    });
    this.#members.set(address, member);
    this.settle();
    return Promise.resolve(member);
  }

  /** The address of the newest member of this id, or of nobody. */
  addressOf(id: MemberId): string {
    const all = [...this.#members.values()].filter((member) => member.id === id);
    return all.at(-1)?.address ?? "nobody:1";
  }

  /** Ends a member without a goodbye. */
  crash(id: MemberId): void {
    this.find(this.addressOf(id))?.vanish();
  }

  /** Breaks what is between two members, and lets nothing new through. */
  cut(a: MemberId, b: MemberId): void {
    for (const [from, to] of [[a, b], [b, a]] as const) {
      this.#cut.add(linkKey(from, to));
      for (const member of this.#members.values()) if (member.id === from) member.lose(to);
    }
  }

  /** Carries nothing from `from` to `to`, and breaks nothing. */
  hold(from: MemberId, to: MemberId): void {
    this.#held.add(linkKey(from, to));
  }

  /** Ends cuts and holds between the two. */
  heal(a: MemberId, b: MemberId): void {
    for (const key of [linkKey(a, b), linkKey(b, a)]) {
      this.#cut.delete(key);
      this.#held.delete(key);
    }
    this.settle();
  }

  /** For its members. */
  find(address: string): MemoryTransport | undefined {
    return this.#members.get(address);
  }

  /** For its members. */
  isCut(from: MemberId, to: MemberId): boolean {
    return this.#cut.has(linkKey(from, to));
  }

  /** For its members. */
  isHeld(from: MemberId, to: MemberId): boolean {
    return this.#held.has(linkKey(from, to));
  }

  /** For its members: that one is gone. */
  remove(gone: MemoryTransport): void {
    this.#members.delete(gone.address);
    for (const member of this.#members.values()) member.gone(gone);
  }

  /** Something has changed, such as who is welcome: all try again in a moment. */
  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    queueMicrotask(() => {
      this.#isSettling = false;
      for (const member of [...this.#members.values()]) member.dial();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of [...this.#members.values()]) await member.stop();
  }
}

interface Link {
  readonly peer: PeerAddress;
  readonly status: PeerStatus;
  readonly control: SendQueue;
  readonly append: SendQueue;
  /** Whom it is connected to. */
  target: MemoryTransport | null;
  isFlushing: boolean;
  isRemovalTold: boolean;
}

class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #self: SelfIdentity;
  readonly #events: TransportEvents;
  readonly #limits: TransportLimits;
  readonly #links = new Map<MemberId, Link>();
  readonly #incarnations = new Incarnations((peer) => this.#restarted(peer));
  readonly #sendingTo = new Set<MemberId>();
  #isStopped = false;

  constructor(
    network: MemoryNetwork,
    self: SelfIdentity,
    events: TransportEvents,
    limits: TransportLimits,
  ) {
    this.#network = network;
    this.#self = self;
    this.#events = events;
    this.#limits = limits;
  }

  get id(): MemberId {
    return this.#self.memberId;
  }

  get address(): string {
    return this.#self.advertiseAddr;
  }

  setPeers(peers: readonly PeerAddress[]): void {
    if (this.#isStopped) return;
    const wanted = new Map(peers.map((peer) => [peer.id, peer]));
    wanted.delete(this.id);
    for (const [id, link] of this.#links) {
      if (wanted.get(id)?.address === link.peer.address) continue;
      this.#links.delete(id);
      link.target?.callerGone(this.id);
    }
    for (const peer of wanted.values()) {
      if (!this.#links.has(peer.id)) this.#links.set(peer.id, this.#newLink(peer));
    }
    this.#network.settle();
  }

  #newLink(peer: PeerAddress): Link {
    const { frameBytes, controlMessages, appendMessages, appendBytes } = this.#limits;
    const queue = (messages: number, bytes: number, drops: "oldest" | "newest") => {
      return new SendQueue(this.id, peer.id, { messages, bytes, frameBytes, drops });
    };
    return {
      peer,
      status: new PeerStatus((what) => {
        if (!this.#isStopped && this.#links.has(peer.id)) this.#events.onPeer(peer.id, what);
      }),
      control: queue(controlMessages, Infinity, "oldest"),
      append: queue(appendMessages, appendBytes, "newest"),
      target: null,
      isFlushing: false,
      isRemovalTold: false,
    };
  }

  /** Tries all links that are down, and sends what was held. */
  dial(): void {
    for (const link of this.#links.values()) {
      if (link.target) this.#flush(link);
      if (this.#isStopped || link.target) continue;
      const target = this.#network.find(link.peer.address);
      if (!target || this.#network.isCut(this.id, link.peer.id) || !this.#greet(link, target)) {
        link.status.begin("no connection");
      }
    }
  }

  #greet(link: Link, target: MemoryTransport): boolean {
    const refusal = target.judge(this.#self, link.peer.id);
    if (refusal === "removed" && !link.isRemovalTold) {
      link.isRemovalTold = true;
      this.#events.onRemoved(link.peer.id);
    }
    if (refusal !== null) return false;
    this.#incarnations.meet(link.peer.id, target.#self.incarnation);
    link.target = target;
    link.isRemovalTold = false;
    for (const trouble of ["queue full", "caller gone", "no connection"] as const) {
      link.status.end(trouble);
    }
    target.#called(this.#self);
    this.#flush(link);
    return true;
  }

  /** The answer to a hello: why it is refused, or null. */
  judge(caller: SelfIdentity, dialled: MemberId): string | null {
    const refusal = refusalReason(helloTo(caller, dialled), {
      self: this.#self,
      knownIncarnation: this.#incarnations.get(caller.memberId),
      isWelcome: (peer) => this.#events.isWelcome(peer),
    });
    if (refusal === null) this.#incarnations.meet(caller.memberId, caller.incarnation);
    return refusal;
  }

  #called({ memberId, advertiseAddr }: SelfIdentity): void {
    this.#events.onAddress({ id: memberId, address: advertiseAddr });
    this.#links.get(memberId)?.status.end("caller gone");
    this.#network.settle();
  }

  #restarted(peer: MemberId): void {
    const link = this.#links.get(peer);
    if (link) this.#down(link);
    this.#events.onPeer(peer, "restarted");
  }

  #down(link: Link): void {
    link.control.clear();
    link.append.clear();
    if (link.target === null) return;
    link.target = null;
    link.status.begin("no connection");
    this.#network.settle();
  }

  /** The connection to `peer` broke, and that of `peer` to this member. */
  lose(peer: MemberId): void {
    const link = this.#links.get(peer);
    if (!link) return;
    this.#down(link);
    link.status.begin("caller gone");
  }

  /** A member is not there any more. */
  gone(member: MemoryTransport): void {
    const link = this.#links.get(member.id);
    if (link?.target === member) this.lose(member.id);
  }

  /** `peer` does not call any more. */
  callerGone(peer: MemberId): void {
    this.#links.get(peer)?.status.begin("caller gone");
  }

  send(messages: readonly Message[]): void {
    const touched = new Set<Link>();
    for (const message of messages) {
      const link = this.#links.get(message.to);
      if (this.#isStopped || !link) continue;
      touched.add(link);
      const isBulk = message.kind === "append" || message.kind === "append.reply";
      if (!isBulk) {
        link.control.push(message);
        if (!link.target) link.control.trim(this.#limits.controlMessagesDown);
      } else if (link.target && !link.append.push(message)) link.status.begin("queue full");
    }
    for (const link of touched) this.#flush(link);
  }

  #flush(link: Link): void {
    if (link.isFlushing) return;
    link.isFlushing = true;
    queueMicrotask(() => {
      link.isFlushing = false;
      this.#deliver(link);
    });
  }

  #deliver(link: Link): void {
    const { target } = link;
    if (!target || this.#network.isHeld(this.id, link.peer.id)) return;
    for (const queue of [link.control, link.append]) {
      for (let frame = queue.takeFrame(); frame; frame = queue.takeFrame()) {
        target.#take(decodeMessages(frame));
        if (link.target !== target) return;
      }
    }
    link.status.end("queue full");
  }

  #take(messages: readonly Message[]): void {
    if (!this.#isStopped) this.#events.onMessages(messages);
  }

  async sendSnapshot(
    message: SnapshotMessage,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void> {
    const { to } = message;
    const link = this.#links.get(to);
    const target = link?.target;
    if (this.#sendingTo.has(to)) {
      throw new WarrenError("TOO_MANY", `a snapshot is already being sent to manager ${to}`);
    }
    if (this.#isStopped || !link || !target) throw unreachable(to);
    const isAlive = () => link.target === target;
    this.#sendingTo.add(to);
    try {
      await target.#receive(message, source, { isAlive, signal, limits: this.#limits });
    } finally {
      this.#sendingTo.delete(to);
    }
  }

  async #receive(
    message: SnapshotMessage,
    source: SnapshotSource,
    { isAlive, signal, limits }: {
      readonly isAlive: () => boolean;
      readonly signal: AbortSignal;
      readonly limits: TransportLimits;
    },
  ): Promise<void> {
    const { digest, sizeBytes } = source;
    const offer = { from: message.from, meta: message.snapshot, digest, sizeBytes };
    const receiver = await this.#events.receiveSnapshot(offer);
    if (!receiver) throw new WarrenError("SNAPSHOT_REFUSED", "the peer does not want it");
    try {
      for (let offset = receiver.offset; offset < sizeBytes;) {
        const chunk = await source.read(offset, limits.chunkBytes);
        if (signal.aborted) throw new WarrenError("ABORTED_BY_USER", "it was given up");
        if (!isAlive()) throw unreachable(this.id);
        if (chunk === null) throw new WarrenError("SNAPSHOT_GONE", "the snapshot is gone");
        await receiver.write(chunk);
        offset += chunk.length;
      }
      await receiver.finish();
      if (!isAlive()) throw unreachable(this.id);
    } catch (error) {
      await receiver.abort();
      const fault = WarrenError.from(error, "cannot send the snapshot");
      const isOwn = fault !== error || fault.reason === "DATA_CORRUPT";
      throw isOwn ? new WarrenError("SNAPSHOT_REFUSED", fault.message) : fault;
    }
    this.#take(decodeMessages(encodeMessage(message)));
  }

  async forward(to: MemberId, data: Uint8Array, signal: AbortSignal): Promise<Committed> {
    const link = this.#links.get(to);
    const target = link?.target;
    if (this.#isStopped || !link || !target || signal.aborted) {
      throw new WarrenError("NO_LEADER", `there is no connection to manager ${to}`);
    }
    const given = Promise.withResolvers<never>();
    const giveUp = () => given.reject(new Error("it was given up"));
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      const answer = target.#events.onForwarded(new Uint8Array(data));
      const committed = await Promise.race([answer, given.promise]);
      if (link.target !== target) throw unreachable(to);
      return committed;
    } catch (error) {
      const isLost = link.target !== target;
      if (!isLost && error instanceof WarrenError && error.reason === "NO_LEADER") throw error;
      throw new WarrenError("UNKNOWN_OUTCOME", `manager ${to} did not say`, { cause: error });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  connected(): ReadonlySet<MemberId> {
    const links = [...this.#links.values()].filter(({ status }) => status.isConnected);
    return new Set(links.map(({ peer }) => peer.id));
  }

  /** Is gone at once. */
  vanish(): void {
    this.#isStopped = true;
    this.#network.remove(this);
    this.#links.clear();
  }

  stop(): Promise<void> {
    if (!this.#isStopped) {
      for (const link of this.#links.values()) this.#deliver(link);
      this.vanish();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function unreachable(peer: MemberId): WarrenError {
  return new WarrenError("NODE_UNREACHABLE", `there is no connection to manager ${peer}`);
}

function linkKey(from: MemberId, to: MemberId): string {
  return `${from} ${to}`;
}
