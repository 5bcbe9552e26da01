/**
 * The managers' side of AgentService: joining, sessions, relays. Holds who is connected and how
 * alive they are; the leader runs one from the beginning of its leadership to its end.
 *
 * What agents report becomes actions; pulses and resource use stay in memory. Invariant: once it was
 * stopped nothing of it waits or proposes any more, and every caller is told NO_LEADER.
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
import type { Node, NodeId } from "../../model/mod.ts";
import type {
  JoinRequest,
  JoinResponse,
  RelayOpen,
  RelayOrder,
  RelayRequest,
  RoleOrder,
  SessionRequest,
  StatusBatch,
} from "../../rpc/gen/warren/v1/agent.ts";
import type { Action, Change, ChangeFeed, Proposer, StateView } from "../../store/mod.ts";
import { orAborted, untilAborted } from "../abortable.ts";
import { Liveness } from "../liveness.ts";
import {
  type AdmissionParts,
  admit,
  authenticate,
  type NodeCredentials,
  nodeRemoved,
  recordHello,
} from "./admission.ts";
import type { OpenSecret } from "./assigned_task.ts";
import { firstMessage } from "./first_message.ts";
import { RelayBroker, type RelayStream } from "./relay_broker.ts";
import { Session, type SessionStream } from "./session.ts";
import { StatsBoard } from "./stats_board.ts";
import { planReports } from "./status_reports.ts";
import { roleOrder, welcome } from "./welcome.ts";

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
  /** Other managers that consensus hears from: the pulse of those that have no agent. */
  readonly activeManagers?: () => Iterable<NodeId>;
}

/** Sessions of all nodes, for the time of one leadership: made anew for the next one. */
export class AgentGateway {
  readonly #parts: GatewayParts;
  readonly #sessions = new Map<NodeId, Session>();
  readonly #liveness = new Liveness();
  readonly #broker: RelayBroker;
  readonly #group: TaskGroup;
  readonly #ended = new AbortController();
  readonly #admission: AdmissionParts;
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
    this.#admission = { ...parts, propose: (actions) => this.#proposeOrThrow(actions) };
    this.#unsubscribe = parts.feed.subscribe((set) => {
      for (const session of this.#sessions.values()) session.note(set);
      for (const change of set.changes) this.#note(change);
    });
  }

  /** Begins to judge who is alive. */
  start(): void {
    this.#group.run("liveness", (signal) => this.#watchLiveness(signal));
  }

  /**
   * Ends every session and relay with NO_LEADER, promptly, whatever waits; agents then look for the
   * new leader. Idempotent.
   */
  async stop(): Promise<void> {
    this.#unsubscribe();
    const reason = new WarrenError("NO_LEADER", "This manager does not lead any more");
    if (!this.#ended.signal.aborted) this.#ended.abort(reason);
    for (const session of this.#sessions.values()) session.end(reason);
    this.#broker.end(reason);
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
    return await orAborted(admit(this.#admission, request), this.#ended.signal);
  }

  /** Serves one session until either side ends it. */
  async session(stream: SessionStream): Promise<void> {
    const messages = stream.messages[Symbol.asyncIterator]();
    const node = await orAborted(this.#letIn(messages), this.#ended.signal);
    const { view, openSecret, log, selfId } = this.#parts;
    const asRole = () => this.#roleOrder(node.id);
    const session = new Session({ nodeId: node.id, view, openSecret, role: asRole, log }, stream);
    this.#begin(session);
    try {
      const role = await orAborted(asRole(), session.signal);
      const pushing = stream.send(welcome(view, node, { role, selfId })).then(() => session.push());
      const parts = [pushing, this.#read(session, messages), abortOf(session.signal)];
      // Whatever ends first says why; what the others end with then says nothing new.
      void Promise.allSettled(parts);
      await Promise.race(parts);
    } finally {
      this.#finish(session);
    }
  }

  /** The node whose hello comes first. @throws WarrenError BAD_REQUEST, TOKEN_REFUSED, NODE_REMOVED */
  async #letIn(messages: AsyncIterator<SessionRequest, undefined>): Promise<Node> {
    const first = await firstMessage(this.#parts.clock, messages);
    const hello = first.done || first.value.kind?.$case !== "hello" ? null : first.value.kind.value;
    if (!hello) throw new WarrenError("BAD_REQUEST", "A session begins with a hello");
    const node = await authenticate(this.#parts, hello.nodeId, hello.credential);
    await recordHello(this.#admission, node, hello);
    return node;
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
    const { signal } = this.#ended;
    await orAborted(authenticate(this.#parts, open.nodeId, open.credential), signal);
    const messages = this.#untilStopped(stream);
    if (!this.#broker.accept(open.relayId, open.nodeId, { ...stream, messages })) {
      throw new WarrenError("BAD_REQUEST", "Nobody waits for this relay any more");
    }
  }

  /** What the agent sends; a reader that is cut off by the end of the leadership is told so. */
  async *#untilStopped(stream: RelayStream): AsyncGenerator<RelayRequest> {
    try {
      yield* untilAborted(stream.messages, this.#ended.signal);
    } finally {
      stream.close();
    }
  }

  /** @throws WarrenError NODE_REMOVED when it was removed while it was being let in; NO_LEADER */
  #begin(session: Session): void {
    this.#ended.signal.throwIfAborted();
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

  #note(change: Change): void {
    if (change.table === "tasks" && change.after === null && change.before) {
      this.stats.forget(change.before.id);
    }
    if (change.table === "nodes" && change.after === null && change.before) {
      this.#removed(change.before.id);
    }
  }

  #removed(id: NodeId): void {
    this.#liveness.forget(id);
    this.#sessions.get(id)?.end(nodeRemoved());
  }

  async #roleOrder(id: NodeId): Promise<RoleOrder> {
    const token = await this.#parts.credentials.managerToken();
    return roleOrder(this.#parts.view, id, token);
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
        return session.answerPulse();
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
    const { clock, view, log } = this.#parts;
    while (!signal.aborted) {
      this.#pulseOfManagers();
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

  /** A manager without an agent has no session: that consensus hears from it is its pulse. */
  #pulseOfManagers(): void {
    const { clock, view, selfId, activeManagers } = this.#parts;
    for (const id of [selfId, ...activeManagers?.() ?? []]) {
      if (view.node(id)?.role === "manager") this.#liveness.pulse(id, clock.monoNow());
    }
  }

  async #proposeStatus(action: Action): Promise<void> {
    try {
      await this.#proposeOrThrow([action]);
    } catch (thrown) {
      if (this.#ended.signal.aborted) return;
      const error = WarrenError.from(thrown, "Cannot record the status of a node");
      this.#parts.log.warn("a node's status was not recorded", { error: error.message });
    }
  }

  async #proposeOrThrow(actions: readonly Action[]): Promise<void> {
    const { signal } = this.#ended;
    const applied = await orAborted(this.#parts.proposer.propose(actions, { signal }), signal);
    if (!applied.ok) throw WarrenError.fromInfo(applied.error);
  }
}

/** Rejects with the reason of `signal` once it is aborted. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
