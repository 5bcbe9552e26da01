/**
 * The managers' side of AgentService: joining, sessions, relays. Holds who is connected and how
 * alive they are; the leader runs one.
 *
 * What agents report becomes actions; pulses and resource use stay in memory.
 */
import {
  type Clock,
  type IdSource,
  type Log,
  type Metrics,
  TaskGroup,
  Waker,
  WarrenError,
} from "../../lib/mod.ts";
import {
  asId,
  type Node,
  type NodeId,
  quoteText,
  validateLabels,
  validateName,
} from "../../model/mod.ts";
import { descriptionFromProto } from "../../rpc/convert/mod.ts";
import type {
  Hello,
  JoinRequest,
  JoinResponse,
  RelayOpen,
  RelayOrder,
  RelayRequest,
  SessionRequest,
  StatusBatch,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { Action, ChangeFeed, Proposer, StateView } from "../../store/mod.ts";
import { HEARTBEAT_INTERVAL_MS, Liveness } from "../liveness.ts";
import type { OpenSecret } from "./assigned_task.ts";
import { firstMessage } from "./first_message.ts";
import { RelayBroker, type RelayStream } from "./relay_broker.ts";
import { Session, type SessionStream } from "./session.ts";
import { StatsBoard } from "./stats_board.ts";
import { planReports } from "./status_reports.ts";

/** Proves and makes the secrets that nodes join and come back with. */
export interface NodeCredentials {
  /** The role that `token` joins as, or undefined when it is not valid now. */
  roleOfToken(token: string): Promise<"worker" | "manager" | undefined>;
  /** A new credential and its hash. */
  create(): Promise<{ readonly credential: string; readonly hash: string }>;
  /** Whether `credential` has the given hash; takes the same time either way. */
  matches(credential: string, hash: string): Promise<boolean>;
}

/** What the gateway works with. */
export interface GatewayParts {
  readonly view: StateView;
  readonly feed: ChangeFeed;
  readonly proposer: Proposer;
  readonly credentials: NodeCredentials;
  readonly openSecret: OpenSecret;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly metrics: Metrics;
  /** This manager's own node: alive as long as this process is. */
  readonly selfId: NodeId;
}

/** Sessions of all nodes that are connected to this manager. */
export class AgentGateway {
  readonly #parts: GatewayParts;
  readonly #sessions = new Map<NodeId, Session>();
  readonly #liveness = new Liveness();
  readonly #broker: RelayBroker;
  readonly #group: TaskGroup;
  readonly #unsubscribe: () => void;
  /** Resource use of running tasks, as last reported. */
  readonly stats: StatsBoard;
  readonly #livenessWaker = new Waker();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#broker = new RelayBroker(parts.clock, parts.ids);
    this.stats = new StatsBoard(parts.view);
    this.#group = new TaskGroup((name, error) => {
      parts.log.error("background work failed", { component: name, error: String(error) });
    });
    this.#unsubscribe = parts.feed.subscribe((set) => {
      for (const session of this.#sessions.values()) session.note(set);
      for (const change of set.changes) {
        if (change.table === "nodes" && change.after === null && change.before) {
          this.#removed(change.before.id);
        }
        if (change.table === "tasks" && change.after === null && change.before) {
          this.stats.forget(change.before.id);
        }
      }
    });
  }

  /** Begins to judge who is alive. */
  start(): void {
    this.#group.run("liveness", (signal) => this.#watchLiveness(signal));
  }

  /** Ends every session; agents then look for a manager again. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    const reason = new WarrenError("STOPPING", "The manager is stopping");
    for (const session of this.#sessions.values()) session.end(reason);
    await this.#group.stop();
  }

  /** Whether the node has a session here. */
  isConnected(id: NodeId): boolean {
    return this.#sessions.has(id);
  }

  /**
   * Asks the node's agent for a log or exec stream.
   *
   * @throws WarrenError NODE_UNREACHABLE when it has no session or does not answer
   */
  openRelay(
    id: NodeId,
    order: NonNullable<RelayOrder["kind"]>,
    signal: AbortSignal,
  ): Promise<RelayStream> {
    const session = this.#sessions.get(id);
    if (!session) {
      const name = this.#parts.view.node(id)?.name ?? id;
      const message = `Cannot reach into a task: node "${name}" is not connected`;
      throw new WarrenError("NODE_UNREACHABLE", message);
    }
    const send = (relayId: string) => session.order({ relayId, kind: order });
    return this.#broker.open(id, send, signal);
  }

  /**
   * Makes a node of a caller with a valid token.
   *
   * @throws WarrenError TOKEN_REFUSED, INVALID_SPEC for a bad name or labels, NODE_NAME_TAKEN
   */
  async join(request: JoinRequest): Promise<JoinResponse> {
    const { credentials, view, clock, ids, proposer, log } = this.#parts;
    const role = await credentials.roleOfToken(request.token);
    const cluster = view.cluster();
    if (role !== "worker" || !cluster || !request.description) {
      throw new WarrenError(
        "TOKEN_REFUSED",
        `Cannot join as ${quoteText(request.name)}: bad token`,
      );
    }
    refuseBadNode(request, `Cannot join as ${quoteText(request.name)}`);
    const { credential, hash } = await credentials.create();
    const id = asId<NodeId>(ids.next());
    const node: Omit<Node, "version"> = {
      id,
      name: request.name,
      role,
      availability: "active",
      status: "unknown",
      statusMessage: "has joined and not begun a session yet",
      address: "",
      labels: { ...request.labels },
      description: descriptionFromProto(request.description),
      credentialHash: hash,
      joinedMs: clock.wallNow(),
      updatedMs: clock.wallNow(),
    };
    const applied = await proposer.propose([{ kind: "node.create", node }]);
    if (!applied.ok) throw WarrenError.fromInfo(applied.error);
    log.info("a node joined", { joined_node_id: id, joined_node_name: request.name });
    return { nodeId: id, credential, clusterId: cluster.id };
  }

  /** Serves one session until either side ends it. */
  async session(stream: SessionStream): Promise<void> {
    const messages = stream.messages[Symbol.asyncIterator]();
    const first = await firstMessage(this.#parts.clock, messages);
    const hello = first.done || first.value.kind?.$case !== "hello" ? null : first.value.kind.value;
    if (!hello) throw new WarrenError("BAD_REQUEST", "A session begins with a hello");
    const node = await this.#authenticate(hello.nodeId, hello.credential);
    await this.#describe(node, hello);
    const { view, openSecret, log } = this.#parts;
    const session = new Session({ nodeId: node.id, view, openSecret, log }, stream);
    this.#begin(session);
    try {
      const pushing = stream.send(welcome(node, view.cluster()?.id ?? "")).then(() =>
        session.push()
      );
      const parts = [pushing, this.#read(session, messages), abortOf(session.signal)];
      // Whatever ends first says why; what the others end with then says nothing new.
      void Promise.allSettled(parts);
      await Promise.race(parts);
    } finally {
      this.#finish(session);
    }
  }

  /** The first message of a relay. @throws WarrenError BAD_REQUEST when it is not its id, or late. */
  async relayBegins(messages: AsyncIterator<RelayRequest, undefined>): Promise<RelayOpen> {
    const first = await firstMessage(this.#parts.clock, messages);
    const open = first.done ? undefined : first.value.kind;
    if (open?.$case === "open") return open.value;
    throw new WarrenError("BAD_REQUEST", "A relay begins with its id");
  }

  /** Hands a relay stream that an agent opened to the request that waits for it. */
  async relayOpened(open: RelayOpen, stream: RelayStream): Promise<void> {
    await this.#authenticate(open.nodeId, open.credential);
    if (!this.#broker.accept(open.relayId, open.nodeId, stream)) {
      throw new WarrenError("BAD_REQUEST", "Nobody waits for this relay any more");
    }
  }

  async #authenticate(nodeId: string, credential: string): Promise<Node> {
    const { view, credentials } = this.#parts;
    const node = view.node(asId<NodeId>(nodeId));
    const isGood = await credentials.matches(credential, node?.credentialHash ?? "");
    if (!node) await this.#refuseRemoved(nodeId, credential);
    if (!node || !isGood) {
      const hint = "remove the agent's data directory and join again with a token";
      const message = `Node ${quoteText(nodeId)} is not known here`;
      throw new WarrenError("TOKEN_REFUSED", message, { hint });
    }
    return node;
  }

  /** @throws WarrenError NODE_REMOVED when this was a node and proves it. */
  async #refuseRemoved(nodeId: string, credential: string): Promise<void> {
    const { view, credentials } = this.#parts;
    const removed = view.cluster()?.removedNodes?.find(({ id }) => id === nodeId);
    if (removed && await credentials.matches(credential, removed.credentialHash)) {
      throw nodeRemoved();
    }
  }

  async #describe(node: Node, hello: Hello): Promise<void> {
    if (!hello.description) throw new WarrenError("BAD_REQUEST", "A hello carries a description");
    const { id, address, name } = node;
    const description = descriptionFromProto(hello.description);
    if (JSON.stringify(description) !== JSON.stringify(node.description)) {
      await this.#proposeOrThrow([{ kind: "node.describe", id, description, address }]);
    }
    const asked = Object.entries(hello.labels);
    if (asked.every(([key, value]) => node.labels[key] === value)) return;
    const labels = { ...node.labels, ...hello.labels };
    refuseBadNode({ name, labels }, `Cannot label node ${quoteText(name)}`);
    await this.#proposeOrThrow([{ kind: "node.update", id, labels }]);
  }

  /** @throws WarrenError NODE_REMOVED when it was removed while it was being let in. */
  #begin(session: Session): void {
    if (!this.#parts.view.node(session.nodeId)) throw nodeRemoved();
    this.#sessions.get(session.nodeId)?.end(
      new WarrenError("SESSION_REPLACED", "A newer session of this node took over"),
    );
    this.#sessions.set(session.nodeId, session);
    this.#liveness.pulse(session.nodeId, this.#parts.clock.monoNow());
    this.#livenessWaker.wake();
  }

  #finish(session: Session): void {
    session.end(new WarrenError("STOPPING", "The session ended"));
    if (this.#sessions.get(session.nodeId) !== session) return;
    this.#sessions.delete(session.nodeId);
    this.#liveness.lost(session.nodeId);
    this.#livenessWaker.wake();
  }

  #removed(id: NodeId): void {
    this.#liveness.forget(id);
    this.#sessions.get(id)?.end(nodeRemoved());
  }

  async #read(session: Session, messages: AsyncIterator<SessionRequest>): Promise<void> {
    while (!session.signal.aborted) {
      const next = await messages.next();
      if (next.done || session.signal.aborted) return;
      this.#liveness.pulse(session.nodeId, this.#parts.clock.monoNow());
      await this.#take(session, next.value);
    }
  }

  async #take(session: Session, message: SessionRequest): Promise<void> {
    switch (message.kind?.$case) {
      case "statuses":
        return await this.#report(session.nodeId, message.kind.value);
      case "acknowledged":
        return session.acknowledge(message.kind.value);
      case "stats":
        return this.stats.put(session.nodeId, message.kind.value.stats);
      case "heartbeat":
      case "hello":
      case undefined:
        return;
    }
  }

  /** Proposes what is news; what the node may not say is dropped, and logged once for the batch. */
  async #report(nodeId: NodeId, batch: StatusBatch): Promise<void> {
    const { view, log } = this.#parts;
    const { proposals, refused } = planReports(view, nodeId, batch);
    const [first] = refused;
    if (first !== undefined) {
      const fields = { node_id: nodeId, task_id: first, refused: refused.length };
      log.warn("statuses were refused", fields);
    }
    await Promise.all(proposals.map((actions) => this.#proposeOrThrow(actions)));
  }

  async #watchLiveness(signal: AbortSignal): Promise<void> {
    const { clock, view, selfId, log } = this.#parts;
    while (!signal.aborted) {
      // A manager without an agent has no session; that it runs is its pulse.
      if (view.node(selfId)?.role === "manager") this.#liveness.pulse(selfId, clock.monoNow());
      const { actions, nextMs, standstillMs } = this.#liveness.decide(
        view.nodes(),
        clock.monoNow(),
      );
      if (standstillMs > 0) {
        log.warn("this manager stood still and blames no node for it", { for_ms: standstillMs });
      }
      await Promise.all(actions.map((action) => this.#proposeStatus(action)));
      const delayMs = Math.max(10, nextMs - clock.monoNow());
      await this.#livenessWaker.wait({ clock, delayMs, signal });
    }
  }

  async #proposeStatus(action: Action): Promise<void> {
    try {
      await this.#proposeOrThrow([action]);
    } catch (thrown) {
      const error = WarrenError.from(thrown, "Cannot record the status of a node");
      this.#parts.log.warn("a node's status was not recorded", { error: error.message });
    }
  }

  async #proposeOrThrow(actions: readonly Action[]): Promise<void> {
    const applied = await this.#parts.proposer.propose(actions);
    if (!applied.ok) throw WarrenError.fromInfo(applied.error);
  }
}

/** @throws WarrenError INVALID_SPEC with `message` and all faults */
function refuseBadNode({ name, labels }: Pick<Node, "name" | "labels">, message: string): void {
  const faults = [...validateName("name", name), ...validateLabels("labels", labels)];
  if (faults.length > 0) throw new WarrenError("INVALID_SPEC", message, { faults });
}

function nodeRemoved(): WarrenError {
  return new WarrenError("NODE_REMOVED", "This node was removed from the cluster");
}

/** Rejects with the reason of `signal` once it is aborted. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function welcome(node: Node, clusterId: string) {
  return {
    kind: {
      $case: "welcome" as const,
      value: { clusterId, nodeName: node.name, heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS },
    },
  };
}
