/**
 * A manager put together: log and store, control loop, sessions, API, metrics, and its own agent.
 *
 * Everything is stopped in the opposite order of its start, so that nothing loses what it stands on;
 * what was started is stopped again when something fails on the way.
 */
import { randomIds, realClock, SteadyClock, VERSION, type WarrenError } from "../lib/mod.ts";
import {
  AgentGateway,
  ControlLoop,
  denoFs,
  LocalProposer,
  nodeCredentials,
  setUpCluster,
} from "../manager/mod.ts";
import type { ManagerState } from "./manager_state.ts";
import { asId, asIndex, type LogIndex, type NodeId } from "../model/mod.ts";
import { DirtySet } from "../orchestrator/mod.ts";
import { generateCredential, openSealer } from "../security/mod.ts";
import { EventBuffer, recordEvents, Store } from "../store/mod.ts";
import { MetricsRegistry } from "../telemetry/mod.ts";
import type { NodeIdentity } from "./data_dir.ts";
import { agentHealth, startLocalAgent, untilConnected } from "./local_agent.ts";
import { machineArch, machineOs } from "./machine.ts";
import { installManagerMetrics, startEndpoint } from "./observe.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";
import type { Settings } from "./settings.ts";
import { startApi } from "./start_api.ts";

/** How long the ready line waits for the manager's own agent, in milliseconds. */
const FIRST_SESSION_MS = 2_000;

/** Starts a manager. @throws WarrenError what keeps it from starting */
export async function startManager(parts: StartParts): Promise<RunningDaemon> {
  await using stack = new AsyncDisposableStack();
  const state = await openState(parts, stack);
  const { gateway, loop } = startDeciding(state, stack);
  const listenAddr = await startApi({ ...state, gateway }, parts.settings, stack);
  await recordAddress(state, parts.settings.advertiseAddr ?? listenAddr);
  const { identity, registry, log, proposer, store } = state;
  const agent = parts.settings.hasAgent
    ? stack.use(
      await startLocalAgent({
        settings: parts.settings,
        identity: { ...identity, clusterId: store.view.cluster()?.id ?? "" },
        managers: [`unix://${parts.settings.socket}`],
        metrics: registry,
        log,
        signal: parts.signal,
      }),
    )
    : null;
  if (agent) await untilConnected(agent, FIRST_SESSION_MS);
  installManagerMetrics(registry, { store, stats: () => gateway.stats.current() });
  const components = () => [
    ...managerHealth(proposer.status().isLeader, loop.trouble),
    ...(agent ? agentHealth(agent) : []),
  ];
  const endpoint = stack.use(await startEndpoint(parts.settings, registry, { log, components }));
  const held = stack.move();
  return {
    nodeId: identity.nodeId,
    listenAddr,
    metricsAddr: endpoint.address,
    socket: parts.settings.socket,
    failed: state.failed,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Replays the log into the store, and makes the cluster when there is none. */
async function openState(
  { dataDir, settings, log: rootLog }: StartParts,
  stack: AsyncDisposableStack,
): Promise<ManagerState> {
  const failed = Promise.withResolvers<WarrenError>();
  const registry = new MetricsRegistry();
  const isFirst = await dataDir.identity() === null;
  const sealer = await openSealer(dataDir.path, { create: isFirst });
  const identity = await dataDir.identity() ?? await dataDir.saveIdentity({
    nodeId: randomIds.next(),
    credential: generateCredential(),
  });
  const log = rootLog.child({ node_id: identity.nodeId });
  const store = new Store();
  const clock = new SteadyClock(realClock);
  // Before the replay: what was recorded under another clock must not lie in the future of this one.
  stack.defer(store.feed.subscribe(({ atMs }) => clock.raiseTo(atMs)));
  const events = new EventBuffer(asIndex<LogIndex>(0));
  stack.defer(recordEvents(store.feed, store.view, events));
  const proposer = stack.use(
    await LocalProposer.open({
      fs: denoFs,
      dir: `${dataDir.path}/log`,
      store,
      clock,
      log: log.child({ component: "log" }),
      metrics: registry,
      onFault: (fault) => failed.resolve(fault),
    }),
  );
  const self = selfNode(identity, settings);
  const nowMs = clock.wallNow();
  await setUpCluster(self, { view: store.view, proposer, sealer, ids: randomIds, nowMs });
  const selfId = self.id;
  return {
    identity,
    selfId,
    store,
    events,
    proposer,
    sealer,
    clock,
    registry,
    log,
    failed: failed.promise,
  };
}

function selfNode(identity: NodeIdentity, settings: Settings) {
  return {
    id: asId<NodeId>(identity.nodeId),
    credential: identity.credential,
    name: settings.nodeName,
    role: settings.hasAgent ? "hybrid" as const : "manager" as const,
    address: settings.advertiseAddr ?? "",
    labels: settings.labels,
    asked: settings.asked,
    os: machineOs(),
    arch: machineArch(),
  };
}

interface Deciding {
  readonly gateway: AgentGateway;
  readonly loop: ControlLoop;
}

/** The leader's work: sessions of agents, who is alive, and the control loop. */
function startDeciding(state: ManagerState, stack: AsyncDisposableStack): Deciding {
  const { store, proposer, sealer, clock, registry, log, selfId } = state;
  const shared = {
    view: store.view,
    feed: store.feed,
    proposer,
    clock,
    ids: randomIds,
    metrics: registry,
  };
  const gateway = new AgentGateway({
    ...shared,
    credentials: nodeCredentials(store.view, sealer),
    openSecret: ({ name, sealed }) => sealer.open({ purpose: "secret", name }, sealed),
    log: log.child({ component: "sessions" }),
    selfId,
  });
  gateway.start();
  stack.defer(() => gateway.stop());
  const loop = new ControlLoop({
    ...shared,
    dirty: new DirtySet(),
    log: log.child({ component: "control_loop" }),
  });
  loop.start();
  stack.defer(() => loop.stop());
  return { gateway, loop };
}

/** The address is known once it is bound: port 0 has become one that others can dial. */
async function recordAddress(
  { store, proposer, selfId }: ManagerState,
  address: string,
): Promise<void> {
  const self = store.view.node(selfId);
  if (!self || self.address === address) return;
  const { description } = self;
  await proposer.propose([{ kind: "node.describe", id: selfId, description, address }]);
}

function managerHealth(isLeader: boolean, planning: string) {
  const message = isLeader ? "" : "its log cannot be written any more";
  return [
    { name: "raft", isHealthy: isLeader, isReady: isLeader, message },
    { name: "control_loop", isHealthy: planning === "", isReady: true, message: planning },
    { name: "api", isHealthy: true, isReady: true, message: `version ${VERSION}` },
  ];
}
