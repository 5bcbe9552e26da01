/**
 * A whole API over a real store, a real socket and the real client; only the log and the agents are
 * stand-ins. For tests of the API and of what calls it.
 */
import { noMetrics, realClock, seededIds, silentLog, wallMs, WarrenError } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  type ClusterId,
  DEFAULT_TASK,
  type Node,
  type NodeId,
  type Service,
  type Task,
  type TaskId,
  type TaskState,
  type TaskStatus,
} from "../../model/mod.ts";
import { createRpcServer, openChannel, parseAddress } from "../../rpc/mod.ts";
import { taskSpecToProto } from "../../rpc/convert/mod.ts";
import type { RelayRequest, RelayResponse } from "../../rpc/gen/warren/v1/agent.ts";
import type { ServiceSpec } from "../../rpc/gen/warren/v1/service.ts";
import type { TaskStats } from "../../rpc/gen/warren/v1/task.ts";
import { generateJoinToken, Sealer } from "../../security/mod.ts";
import {
  type Action,
  type Applied,
  EventBuffer,
  type Proposer,
  recordEvents,
  Store,
} from "../../store/mod.ts";
import { type Client, connect } from "../../client/mod.ts";
import type { ApiContext, RelayKind, RelayStream } from "../context.ts";
import { apiServices, routeCalls } from "../mod.ts";
import { FakeConsensus } from "./fake_consensus.ts";

/** An agent that answers relays as a test says. */
export type FakeRelay = (
  nodeId: NodeId,
  order: RelayKind,
  input: RelayResponse[],
) => AsyncIterable<RelayRequest>;

/** A running API. */
export interface ApiFixture {
  readonly store: Store;
  readonly client: Client;
  readonly context: ApiContext;
  /** Every proposal so far. */
  readonly proposals: (readonly Action[])[];
  /** Nodes whose agent is connected. */
  readonly connected: Set<string>;
  relay: FakeRelay;
  stats: TaskStats[];
  /** The group of managers; this one leads it alone unless the test says otherwise. */
  readonly consensus: FakeConsensus;
  /** Called before each proposal is applied. */
  beforeApply: () => void;
  /** Applies what must be accepted, outside of the API. */
  apply(...actions: readonly Action[]): void;
}

/** Runs `body` against a new API. */
export async function withApi(body: (api: ApiFixture) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const address = { kind: "unix", path: `${folder}/api.sock` } as const;
  const api = await makeFixture();
  await using server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  const open = (address: string) => openChannel(parseAddress(address));
  const { consensus } = api;
  const selfId = asId<NodeId>("self");
  using routed = routeCalls(apiServices(api.context), {
    consensus,
    clock: realClock,
    open,
    selfId,
  });
  for (const service of routed.services) server.addService(service);
  await server.listen(address);
  const client = await connect(`unix://${address.path}`, { timeoutMs: 10_000 });
  try {
    await body(Object.assign(api, { client }));
  } finally {
    client.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeFixture(): Promise<Omit<ApiFixture, "client">> {
  const store = new Store();
  const { view, feed } = store;
  const events = new EventBuffer();
  recordEvents(feed, view, events);
  const consensus = new FakeConsensus();
  const sealer = await Sealer.fromKey(Uint8Array.from(consensus.dataKey()));
  const ids = seededIds(7);
  const proposals: (readonly Action[])[] = [];
  const applyNow = (actions: readonly Action[], requestId = ""): Applied => {
    const proposal = { actions, atMs: realClock.wallNow(), requestId };
    return store.apply(asIndex(view.index + 1), proposal);
  };
  const proposer: Proposer = {
    async propose(actions, { requestId } = {}) {
      await Promise.resolve();
      fixture.beforeApply();
      proposals.push(actions);
      return applyNow(actions, requestId);
    },
  };
  const fixture = {
    store,
    proposals,
    connected: new Set<string>(),
    relay: noAgent,
    stats: [],
    consensus,
    beforeApply: () => {},
    apply: (...actions: readonly Action[]) => {
      const applied = applyNow(actions);
      if (!applied.ok) throw WarrenError.fromInfo(applied.error);
    },
  };
  const context: ApiContext = {
    view,
    feed,
    events,
    proposer,
    sealer,
    ids,
    clock: realClock,
    log: silentLog,
    sessions: {
      isConnected: (id) => fixture.connected.has(id),
      openRelay: async (id, order) => await openRelay(fixture, id, order),
      stats: () => fixture.stats,
    },
    consensus: fixture.consensus,
    capture: () => store.snapshot(),
    members: () => fixture.consensus.members,
    raft: () => ({ term: 1, commitIndex: view.index, appliedIndex: view.index }),
    previewPlacements: () => [{ serviceName: "web", slot: 1, nodeName: "a", message: "" }],
  };
  const seal = async (role: "worker" | "manager") => {
    const bytes = new TextEncoder().encode(generateJoinToken(role));
    return await sealer.seal({ purpose: "join-token", name: role }, bytes);
  };
  const [workerToken, managerToken] = [await seal("worker"), await seal("manager")];
  const cluster = {
    id: asId<ClusterId>(ids.next()),
    createdMs: wallMs(1),
    workerToken,
    managerToken,
  };
  fixture.apply({ kind: "cluster.create", cluster });
  return Object.assign(fixture, { context });
}

async function* noAgent(): AsyncGenerator<RelayRequest> {
  yield {
    kind: { $case: "failure", value: { reason: "TASK_NOT_RUNNING", message: "No", hint: "" } },
  };
}

async function openRelay(
  fixture: Pick<ApiFixture, "connected" | "relay">,
  id: NodeId,
  order: RelayKind,
): Promise<RelayStream> {
  await Promise.resolve();
  if (!fixture.connected.has(id)) throw new WarrenError("NODE_UNREACHABLE", `Node ${id} is away`);
  const input: RelayResponse[] = [];
  return {
    messages: fixture.relay(id, order, input),
    send: (message) => Promise.resolve(void input.push(message)),
    close: () => {},
  };
}

/** A spec as a client sends it: nothing but what is given. */
export function wireSpec(name: string, over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    labels: {},
    mode: "",
    replicas: undefined,
    jobParallelism: 0,
    task: { ...taskSpecToProto({ ...DEFAULT_TASK, image: "nginx:1" }) },
    placement: undefined,
    update: undefined,
    ...over,
  };
}

/** Adds a ready node whose agent is connected. */
export function addNode(api: ApiFixture, name: string): Node {
  const id = asId<NodeId>(api.context.ids.next());
  api.apply({
    kind: "node.create",
    node: {
      id,
      name,
      role: "worker",
      availability: "active",
      status: "ready",
      statusMessage: "",
      address: "",
      memberId: "",
      raftAddress: "",
      labels: {},
      description: {
        hostname: name,
        os: "linux",
        arch: "amd64",
        runtimes: ["docker"],
        engine: "",
        resources: { milliCpus: 4_000, memoryBytes: 2 ** 33 },
        version: "0",
      },
      credentialHash: "h",
      joinedMs: wallMs(1),
      updatedMs: wallMs(1),
    },
  });
  api.connected.add(id);
  const node = api.store.view.node(id);
  if (!node) throw new Error("the node is there");
  return node;
}

/** Adds a task in `slot`, as the planner would. */
export function addTask(api: ApiFixture, service: Service, slot: number, node: Node | null): Task {
  const id = asId<TaskId>(api.context.ids.next());
  const { revision, restartCount } = service;
  const unplaced = node ? null : { message: "no node is suitable: 1 node is full", refusals: [] };
  const nodeId = node?.id ?? null;
  api.apply({
    kind: "task.create",
    task: { id, serviceId: service.id, revision, restartCount, slot, nodeId, unplaced },
  });
  return getTask(api, id);
}

/** Reports a state of `task`, as its agent would. */
export function report(
  api: ApiFixture,
  { id }: Pick<Task, "id">,
  state: TaskState,
  over: Partial<TaskStatus> = {},
): Task {
  const { status } = getTask(api, id);
  const next = {
    ...status,
    state,
    atMs: realClock.wallNow(),
    sequence: status.sequence + 1,
    ...over,
  };
  api.apply({ kind: "task.report", id, status: next });
  return getTask(api, id);
}

function getTask(api: ApiFixture, id: TaskId): Task {
  const task = api.store.view.task(id);
  if (!task) throw new Error("the task is there");
  return task;
}

/** The service of that name. */
export function getService(api: ApiFixture, name: string): Service {
  const service = api.store.view.serviceByName(name);
  if (!service) throw new Error("the service is there");
  return service;
}
