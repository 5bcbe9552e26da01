/**
 * Agents and a gateway in memory for the tests of sessions, over a store that applies at once.
 */
import {
  BoundedQueue,
  ManualClock,
  noMetrics,
  seededIds,
  silentLog,
  wallMs,
} from "../../../lib/mod.ts";
import {
  asId,
  type ClusterId,
  type Node,
  type NodeId,
  type TaskId,
  type TaskState,
} from "../../../model/mod.ts";
import { descriptionToProto, statusToProto } from "../../../rpc/convert/mod.ts";
import type { SessionRequest, SessionResponse } from "../../../rpc/gen/warren/v1/agent.ts";
import type { Action, Proposer } from "../../../store/mod.ts";
import { SEALED, StoreFixture } from "../../../store/testing/store_fixture.ts";
import type { NodeCredentials } from "../admission.ts";
import { AgentGateway } from "../agent_gateway.ts";
import type { SessionStream } from "../session.ts";

/** One agent's end of a session. */
export class TestAgent {
  readonly said = new BoundedQueue<SessionRequest>(100);
  readonly heard: SessionResponse[] = [];
  readonly abort = new AbortController();
  /** Holds back what is sent to the agent, as a full connection does. */
  isStuck = false;
  readonly ended: Promise<unknown>;

  constructor(gateway: AgentGateway, node: Node, labels: Record<string, string> = {}) {
    this.say({
      $case: "hello",
      value: {
        nodeId: node.id,
        credential: "c",
        labels,
        description: descriptionToProto(node.description),
      },
    });
    const stream: SessionStream = {
      messages: this.said,
      signal: this.abort.signal,
      send: (message) => {
        this.heard.push(message);
        return this.isStuck ? new Promise(() => {}) : Promise.resolve();
      },
    };
    this.ended = gateway.session(stream).then(() => undefined, (error) => error);
  }

  /** Sequence that {@link report} gives. */
  static readonly REPORTED = 1_000;

  report(id: TaskId, state: TaskState): void {
    const status = {
      ...{ state, message: "", reason: "", exitCode: null, restarts: 0, health: "none" as const },
      ...{ containerId: "c", ports: [], lastLines: [], startedMs: null, atMs: wallMs(5) },
      sequence: TestAgent.REPORTED,
    };
    this.say({ $case: "statuses", value: { statuses: [statusToProto(id, status)] } });
  }

  say(kind: NonNullable<SessionRequest["kind"]>): void {
    this.said.push({ kind });
  }

  heardKinds(): (string | undefined)[] {
    return this.heard.map(({ kind }) => kind?.$case);
  }
}

/** A cluster of no nodes, and a gateway that leads it. */
export function scene() {
  const fixture = new StoreFixture();
  const clock = new ManualClock();
  fixture.ok({
    kind: "cluster.create",
    cluster: {
      id: asId<ClusterId>("c1"),
      createdMs: wallMs(1),
      workerToken: SEALED,
      managerToken: SEALED,
    },
  });
  /** What waits before a credential is found good: where a removal can come between. */
  const gate = { wait: Promise.resolve() };
  const credentials: NodeCredentials = {
    roleOfToken: () => Promise.resolve("worker"),
    managerToken: () => Promise.resolve("manager token"),
    create: () => Promise.resolve({ credential: "c", hash: "h" }),
    matches: async (credential, hash) => {
      await gate.wait;
      return credential === "c" && hash === "h";
    },
  };
  /** While it is cut, no proposal is answered. */
  const cut = { isCut: false };
  const proposer: Proposer = {
    propose: (actions: readonly Action[]) =>
      cut.isCut ? new Promise(() => {}) : Promise.resolve(fixture.apply(...actions)),
  };
  const newGateway = (activeManagers: readonly NodeId[] = []) =>
    new AgentGateway({
      view: fixture.view,
      feed: fixture.store.feed,
      proposer,
      credentials,
      openSecret: () => Promise.resolve(new Uint8Array()),
      clock,
      ids: seededIds(3),
      log: silentLog,
      metrics: noMetrics,
      selfId: asId("self"),
      activeManagers: () => activeManagers,
    });
  const addNode = (name: string) =>
    fixture.addNode(name, { credentialHash: "h", status: "unknown" });
  const remove = (node: Node) => {
    fixture.ok({ kind: "node.status", id: node.id, status: "down", message: "" });
    fixture.ok({ kind: "node.remove", id: node.id });
  };
  return { fixture, clock, gateway: newGateway(), newGateway, gate, cut, addNode, remove };
}

/** The reason of a WarrenError. */
export function reasonOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "reason" in error ? error.reason : error;
}
