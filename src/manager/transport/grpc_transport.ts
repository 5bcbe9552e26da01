/**
 * The real transport: a gRPC server for what others say, and a link to each peer for what we say.
 *
 * Made by the Raft Worker. It wires the parts together and keeps who is who; each part does one
 * thing and knows nothing of the others. Invariant: when a peer shows a new life, all streams and
 * queues of the former one are closed and emptied before `restarted` is reported, and no message of
 * the new one is delivered before that.
 */
import {
  type Clock,
  type Log,
  noMetrics,
  type Prng,
  sleep,
  TaskGroup,
  WarrenError,
} from "../../lib/mod.ts";
import type { MemberId, Message } from "../../raft/mod.ts";
import {
  createRpcServer,
  formatAddress,
  parseAddress,
  type RpcServer,
  serve,
} from "../../rpc/mod.ts";
import { type PeerHello, RaftServiceService } from "../../rpc/gen/warren/v1/raft.ts";
import { acceptForward, forward } from "./forward.ts";
import { type RefusalReason, refusalReason } from "./hello.ts";
import { Incarnations } from "./incarnations.ts";
import { Incoming, type SlotKind } from "./incoming.ts";
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from "./limits.ts";
import { type LinkContext, PeerLink } from "./peer_link.ts";
import { receiveSnapshot } from "./snapshot_receive.ts";
import { sendSnapshot } from "./snapshot_send.ts";
import type {
  Committed,
  PeerAddress,
  SelfIdentity,
  SnapshotMessage,
  SnapshotSource,
  Transport,
  TransportEvents,
} from "./transport.ts";

/** What a transport needs. */
export interface GrpcTransportOptions {
  readonly self: SelfIdentity;
  /** `host:port` to listen on; port 0 for one that is free. */
  readonly listen: string;
  readonly events: TransportEvents;
  readonly log: Log;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly limits?: Partial<TransportLimits>;
}

/**
 * Listens, and dials whom `setPeers` names.
 *
 * @throws WarrenError USAGE for an address of no known form, NOT_PERMITTED for one that other machines
 *   reach, PORT_IN_USE
 */
export async function openGrpcTransport(options: GrpcTransportOptions): Promise<Transport> {
  const transport = new GrpcTransport(options);
  await transport.listen(options.listen);
  return transport;
}

interface RunningLink {
  readonly link: PeerLink;
  readonly group: TaskGroup;
}

class GrpcTransport implements Transport {
  readonly #events: TransportEvents;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #limits: TransportLimits;
  readonly #server: RpcServer;
  readonly #incoming: Incoming;
  readonly #incarnations: Incarnations;
  readonly #links = new Map<MemberId, RunningLink>();
  /** Links that were dropped and are closing. */
  readonly #closing: TaskGroup;
  readonly #sendingTo = new Set<MemberId>();
  readonly #refused = new Set<string>();
  #self: SelfIdentity;
  #address = "";
  #stopped: Promise<void> | undefined;

  constructor({ self, events, log, clock, prng, limits }: GrpcTransportOptions) {
    this.#self = self;
    this.#events = events;
    this.#log = log.child({ component: "raft_transport" });
    this.#clock = clock;
    this.#prng = prng;
    this.#limits = { ...DEFAULT_TRANSPORT_LIMITS, ...limits };
    this.#closing = new TaskGroup((name, error) => this.#fault(name, error));
    this.#incarnations = new Incarnations((peer) => this.#restarted(peer));
    this.#server = createRpcServer({
      log,
      clock,
      metrics: noMetrics,
      limits: {
        maxRequestBytes: this.#limits.receiveBytes,
        maxResponseBytes: this.#limits.receiveBytes,
        stopGraceMs: this.#limits.stopGraceMs,
      },
    });
    this.#incoming = this.#makeIncoming();
  }

  #makeIncoming(): Incoming {
    return new Incoming({
      self: () => this.#self,
      limits: this.#limits,
      clock: this.#clock,
      log: this.#log,
      judge: (hello) => this.#judge(hello),
      onOpen: (kind, hello) => this.#opened(kind, hello),
      onClose: (kind, caller) => {
        if (kind === "control" && !this.#stopped) {
          this.#links.get(caller)?.link.status.begin("caller gone");
        }
      },
      onMessages: (messages) => this.#deliver(messages),
    });
  }

  get address(): string {
    return this.#address;
  }

  async listen(address: string): Promise<void> {
    const incoming = this.#incoming;
    this.#server.addService(serve(RaftServiceService, {
      control: (requests, call) => incoming.messages("control", requests, call),
      append: (requests, call) => incoming.messages("append", requests, call),
      snapshot: (requests, call) => {
        const { receiveSnapshot: take } = this.#events;
        const events = {
          receiveSnapshot: take.bind(this.#events),
          onMessages: (messages: readonly Message[]) => this.#deliver(messages),
        };
        return receiveSnapshot(incoming, events, requests, call);
      },
      forward: (request) => acceptForward(this.#self, this.#events, request),
    }));
    this.#address = formatAddress(await this.#server.listen(parseAddress(address)));
    const advertiseAddr = this.#self.advertiseAddr || this.#address;
    this.#self = { ...this.#self, advertiseAddr };
  }

  #judge(hello: PeerHello): RefusalReason | null {
    if (this.#stopped) throw stopping();
    const reason = refusalReason(hello, {
      self: this.#self,
      knownIncarnation: this.#incarnations.get(hello.memberId),
      isWelcome: (peer) => this.#events.isWelcome(peer),
    });
    if (reason === null) this.#incarnations.meet(hello.memberId, hello.incarnation);
    else this.#logRefusal(hello, reason);
    return reason;
  }

  /** Once for each caller and reason, until that caller is accepted. */
  #logRefusal({ memberId, clusterId }: PeerHello, reason: RefusalReason): void {
    const key = `${memberId.slice(0, 128)} ${reason}`;
    if (this.#refused.has(key) || this.#refused.size >= MAX_REFUSALS) return;
    this.#refused.add(key);
    this.#log.warn("peer refused", { peer: memberId, cluster_id: clusterId, reason });
  }

  #opened(kind: SlotKind, { memberId, advertiseAddress }: PeerHello): void {
    for (const key of this.#refused) if (key.startsWith(`${memberId} `)) this.#refused.delete(key);
    if (kind !== "control") return;
    if (advertiseAddress !== "") {
      this.#events.onAddress({ id: memberId, address: advertiseAddress });
    }
    const link = this.#links.get(memberId)?.link;
    link?.status.end("caller gone");
    link?.wake();
  }

  #deliver(messages: readonly Message[]): void {
    if (!this.#stopped) this.#events.onMessages(messages);
  }

  #restarted(peer: MemberId): void {
    this.#incoming.closeAll(peer);
    this.#links.get(peer)?.link.restart();
    this.#log.info("peer restarted", { peer, incarnation: this.#incarnations.get(peer) });
    this.#events.onPeer(peer, "restarted");
  }

  setPeers(peers: readonly PeerAddress[]): void {
    if (this.#stopped) return;
    const wanted = new Map(peers.map((peer) => [peer.id, peer]));
    wanted.delete(this.#self.memberId);
    for (const [id, { link, group }] of this.#links) {
      const address = wanted.get(id)?.address;
      if (address === link.peer.address) continue;
      this.#links.delete(id);
      if (address === undefined) this.#incoming.closeAll(id);
      this.#closing.run(`closing the link to ${id}`, () => group.stop());
    }
    for (const peer of wanted.values()) if (!this.#links.has(peer.id)) this.#link(peer);
  }

  #link(peer: PeerAddress): void {
    const link = new PeerLink(this.#linkContext, peer);
    const group = new TaskGroup((name, error) => this.#fault(name, error));
    this.#links.set(peer.id, { link, group });
    group.run(`the link to ${peer.id}`, (signal) => link.run(signal));
  }

  get #linkContext(): LinkContext {
    return {
      self: this.#self,
      limits: this.#limits,
      clock: this.#clock,
      prng: this.#prng,
      log: this.#log,
      onIncarnation: (peer, incarnation) => this.#incarnations.meet(peer, incarnation),
      onStatus: (peer, what) => {
        if (!this.#stopped && this.#links.has(peer)) this.#events.onPeer(peer, what);
      },
      onRemoved: (by) => this.#events.onRemoved(by),
    };
  }

  send(messages: readonly Message[]): void {
    if (this.#stopped) return;
    const touched = new Set<PeerLink>();
    for (const message of messages) {
      const link = this.#links.get(message.to)?.link;
      if (!link) continue;
      link.push(message);
      touched.add(link);
    }
    for (const link of touched) link.flush();
  }

  async sendSnapshot(
    message: SnapshotMessage,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void> {
    const { to } = message;
    if (this.#stopped) throw stopping();
    if (this.#sendingTo.has(to)) {
      throw new WarrenError("TOO_MANY", `a snapshot is already being sent to manager ${to}`);
    }
    const bulk = this.#links.get(to)?.link.bulk;
    if (!bulk) {
      throw new WarrenError("NODE_UNREACHABLE", `there is no connection to manager ${to}`);
    }
    this.#sendingTo.add(to);
    const context = { self: this.#self, limits: this.#limits, clock: this.#clock };
    try {
      await sendSnapshot(context, bulk, { message, source }, signal);
    } finally {
      this.#sendingTo.delete(to);
    }
  }

  forward(to: MemberId, data: Uint8Array, signal: AbortSignal): Promise<Committed> {
    const bulk = this.#stopped ? null : this.#links.get(to)?.link.bulk;
    return forward({ self: this.#self, to, bulk: bulk ?? null, data }, signal);
  }

  connected(): ReadonlySet<MemberId> {
    const links = [...this.#links.values()].filter(({ link }) => link.status.isConnected);
    return new Set(links.map(({ link }) => link.peer.id));
  }

  #fault(name: string, error: unknown): void {
    const { message } = WarrenError.from(error, name);
    this.#log.error("connection failed by an internal fault", { error: message });
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const links = [...this.#links.values()];
    const grace = new AbortController();
    const late = sleep(this.#clock, this.#limits.stopGraceMs, grace.signal).catch(() => {});
    for (const { link } of links) link.end();
    await Promise.race([Promise.all(links.map(({ link }) => link.over)), late]);
    grace.abort();
    await Promise.all(links.map(({ group }) => group.stop()));
    await this.#closing.stop();
    await this.#server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Refusals that are remembered for having been logged. */
const MAX_REFUSALS = 256;

function stopping(): WarrenError {
  return new WarrenError("STOPPING", "the manager is stopping");
}
