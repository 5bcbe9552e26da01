/**
 * A manager put together: consensus and store, what a leader runs, API, metrics, and its own agent.
 *
 * Everything is stopped in the opposite order of its start, so that nothing loses what it stands on;
 * what was started is stopped again when something fails on the way. Leadership is handed over
 * before anything stops, so that nobody has to wait for an election.
 */
import { sleep, WarrenError } from "../lib/mod.ts";
import type { Agent } from "../agent/mod.ts";
import { type SelfNode, setUpCluster } from "../manager/mod.ts";
import { asId, type ClusterId } from "../model/mod.ts";
import { agentHealth, startLocalAgent, untilConnected } from "./local_agent.ts";
import { machineArch, machineOs } from "./machine.ts";
import type { ManagerState } from "./manager_state.ts";
import { managerHealth } from "./manager_health.ts";
import { installManagerMetrics, startEndpoint } from "./observe.ts";
import { openState } from "./open_state.ts";
import { watchDemotion } from "./role/role_change.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";
import type { Settings } from "./settings.ts";
import { startApi } from "./start_api.ts";
import { startLeading } from "./start_leading.ts";
import { startSelfRecord } from "./self_record.ts";

/** How long the ready line waits for the manager's own agent, in milliseconds. */
const FIRST_SESSION_MS = 2_000;
/** How long the ready line waits for a leader, in milliseconds: a lone survivor must start too. */
const FIRST_LEADER_MS = 10_000;
const LOOK_MS = 10;

/** Starts a manager. @throws WarrenError what keeps it from starting */
export async function startManager(parts: StartParts): Promise<RunningDaemon> {
  await using stack = new AsyncDisposableStack();
  const { settings, signal } = parts;
  const state = await openState(parts, stack);
  const { identity, registry, log, store } = state;
  const leading = startLeading(state, stack);
  if (identity.isFounder) await foundCluster(state, settings, signal);
  const listenAddr = await startApi({ ...state, gateway: leading.gateway }, settings, stack);
  const self = selfNode(state, settings, listenAddr);
  const isRecorded = startSelfRecord(state, self, stack);
  let agent: Agent | null = null;
  const roles = stack.use(watchDemotion({
    view: store.view,
    feed: store.feed,
    selfId: state.selfId,
    memberId: identity.memberId,
    managers: () => agent?.managers ?? [],
  }));
  void state.removed.then(roles.memberRemoved);
  if (settings.hasAgent) {
    agent = stack.use(
      await startLocalAgent({
        settings,
        identity,
        managers: [`unix://${settings.socket}`],
        metrics: registry,
        log,
        onRole: roles.onRole,
        signal,
      }),
    );
  }
  installManagerMetrics(registry, {
    store,
    stats: () => leading.gateway()?.stats.current() ?? [],
  });
  const components = () => [
    ...managerHealth(state, leading.trouble()),
    ...(agent ? agentHealth(agent) : []),
  ];
  const endpoint = stack.use(await startEndpoint(settings, registry, { log, components }));
  // Whoever asks meanwhile is told what it waits for.
  await untilUseful(state, signal, isRecorded);
  if (agent) await untilConnected(agent, FIRST_SESSION_MS);
  // The first to be stopped: whoever takes over answers what comes in meanwhile.
  stack.defer(() => handOver(state));
  const held = stack.move();
  return {
    nodeId: identity.nodeId,
    listenAddr,
    metricsAddr: endpoint.address,
    socket: settings.socket,
    failed: state.failed,
    changed: roles.changed,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Waits until this manager votes, knows a leader and is known to it; not for ever. */
async function untilUseful(
  state: ManagerState,
  signal: AbortSignal,
  isRecorded: () => boolean,
): Promise<void> {
  const { clock, log } = state;
  const untilMs = clock.monoNow() + FIRST_LEADER_MS;
  const isReady = () => isUseful(state) && isRecorded();
  while (!isReady() && clock.monoNow() < untilMs) {
    await Promise.race([sleep(clock, LOOK_MS, signal), failure(state)]);
  }
  if (!isUseful(state)) log.warn("no leader yet: this manager serves what it knows");
}

/** It knows the cluster and a leader, and votes. */
function isUseful({ raft, store, identity }: ManagerState): boolean {
  const { status } = raft;
  const votes = status?.membership.voters.includes(identity.memberId) === true;
  return votes && status?.leader !== null && store.view.cluster() !== null;
}

/** A new cluster has no other manager that could make it. */
async function foundCluster(
  state: ManagerState,
  settings: Settings,
  signal: AbortSignal,
): Promise<void> {
  const { raft, store, sealer, identity, clock } = state;
  if (identity.hasLog && store.view.cluster()) return;
  const untilMs = clock.monoNow() + FIRST_LEADER_MS;
  while (raft.leadingTerm === null && clock.monoNow() < untilMs) {
    // One of several by now: whoever joined has found a cluster, and another one may lead.
    if ((raft.status?.membership.voters.length ?? 1) > 1) return;
    await Promise.race([sleep(clock, LOOK_MS, signal), failure(state)]);
  }
  if (raft.leadingTerm === null) {
    const hint = "look at the disk of the data directory, then start again";
    throw new WarrenError(
      "NO_LEADER",
      "Cannot begin: this manager could not write its log in time",
      {
        hint,
      },
    );
  }
  await setUpCluster(selfNode(state, settings, ""), {
    view: store.view,
    proposer: raft.asLeader(raft.leadingTerm),
    sealer,
    clusterId: asId<ClusterId>(identity.clusterId),
    term: raft.leadingTerm,
    nowMs: clock.wallNow(),
  });
}

function selfNode(
  { selfId, identity, raft }: ManagerState,
  settings: Settings,
  listenAddr: string,
): SelfNode {
  return {
    id: selfId,
    credential: identity.credential,
    name: settings.nodeName,
    role: settings.hasAgent ? "hybrid" : "manager",
    address: settings.advertiseAddr ?? listenAddr,
    memberId: identity.memberId,
    raftAddress: settings.raftAdvertiseAddr ?? raft.address,
    labels: settings.labels,
    asked: settings.asked,
    os: machineOs(),
    arch: machineArch(),
  };
}

/** Rejects when the manager cannot go on. */
async function failure({ failed }: ManagerState): Promise<never> {
  throw await failed;
}

/** Moves leadership to another manager, if there is one; a lone manager just stops. */
async function handOver({ raft, log, clock }: ManagerState): Promise<void> {
  if (raft.leadingTerm === null || (raft.status?.membership.voters.length ?? 1) < 2) return;
  const startMs = clock.monoNow();
  try {
    await raft.transferLeader(null);
    log.info("handed leadership over", { duration_ms: Math.round(clock.monoNow() - startMs) });
  } catch (thrown) {
    const { message } = WarrenError.from(thrown, "Cannot hand leadership over");
    log.warn("stops as the leader: the others have to elect one", { error: message });
  }
}
