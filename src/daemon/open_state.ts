/**
 * From a data directory to a member of the managers' group at work.
 *
 * Founds the cluster, joins one, or resumes. Invariant: who this node is was durable before anybody
 * heard of it, so a start that was cut short goes on as the same node and the same member.
 */
import { randomIds, realClock, SteadyClock, WarrenError } from "../lib/mod.ts";
import { RaftNode, type RaftSetup, storeMachine } from "../manager/mod.ts";
import { asId, asIndex, type LogIndex, type NodeId } from "../model/mod.ts";
import { adoptDataKey, generateCredential, openDataKey, openSealer } from "../security/mod.ts";
import { EventBuffer, recordEvents, Store } from "../store/mod.ts";
import { MetricsRegistry } from "../telemetry/mod.ts";
import { followApplied, readApplied } from "./memory/applied_memory.ts";
import type { DataDir, NodeIdentity } from "./data_dir.ts";
import { joinCluster } from "./join_cluster.ts";
import type { ManagerState } from "./manager_state.ts";
import { finishRecovery } from "./offline/finish_recovery.ts";
import { PeerMemory } from "./memory/peer_memory.ts";
import type { StartParts } from "./running_daemon.ts";
import type { Settings } from "./settings.ts";

/** How long a removed manager waits to be told what becomes of it, in milliseconds. */
const REMOVED_GRACE_MS = 5_000;

/** Opens the state of a manager. What it opened ends with `stack`. @throws WarrenError */
export async function openState(
  parts: StartParts,
  stack: AsyncDisposableStack,
): Promise<ManagerState> {
  const { dataDir, settings } = parts;
  const failed = Promise.withResolvers<WarrenError>();
  const removed = Promise.withResolvers<void>();
  const registry = new MetricsRegistry();
  const identity = await knownIdentity(parts);
  const dataKey = await openDataKey(dataDir.path, { create: isNewFounder(identity) });
  const sealer = await openSealer(dataDir.path, { create: false });
  const log = parts.log.child({ node_id: identity.nodeId });
  const store = new Store();
  const clock = new SteadyClock(realClock);
  // Before the replay: what was recorded under another clock must not lie in the future of this one.
  stack.defer(store.feed.subscribe(({ atMs }) => clock.raiseTo(atMs)));
  const events = new EventBuffer(asIndex<LogIndex>(0));
  stack.defer(recordEvents(store.feed, store.view, events));
  const peers = await PeerMemory.open({ dataDir, store, log });
  const committed = await readApplied(dataDir, identity.memberId);
  const raft = stack.use(
    await RaftNode.start({
      setup: { ...setupOf(identity, settings), committed, peers: peers.known },
      machine: storeMachine(store),
      clock,
      log,
      metrics: registry,
      onFault: (fault) => failed.resolve(fault),
      onAddress: (peer) => peers.learn(peer),
      onRemoved: () => removed.resolve(),
    }),
  );
  stack.defer(peers.follow((known) => raft.setAddresses(known)));
  const { memberId } = identity;
  stack.use(followApplied({ dataDir, memberId, store, clock: realClock, log }));
  let cancelEnd = () => {};
  stack.defer(() => cancelEnd());
  void removed.promise.then(() => {
    log.warn("the leader says that this manager was removed from the cluster");
    cancelEnd = realClock.after(REMOVED_GRACE_MS, () => failed.resolve(wasRemoved()));
  });
  if (!identity.hasLog) await dataDir.saveIdentity({ ...identity, hasLog: true });
  return {
    identity,
    selfId: asId<NodeId>(identity.nodeId),
    store,
    events,
    raft,
    sealer,
    dataKey,
    clock,
    registry,
    log,
    failed: failed.promise,
    removed: removed.promise,
  };
}

function setupOf(
  { clusterId, memberId, isFounder, hasLog }: NodeIdentity,
  settings: Settings,
): Omit<RaftSetup, "committed" | "peers"> {
  return {
    clusterId,
    memberId,
    isFounder,
    mustHaveLog: hasLog,
    dir: `${settings.dataDir}/log`,
    listenAddr: settings.raftAddr,
    advertiseAddr: settings.raftAdvertiseAddr ?? "",
    times: settings.raftTimes,
    snapshotThreshold: settings.snapshotThreshold,
    trailingLogs: settings.trailingLogs,
    logLevel: settings.logLevel,
  };
}

function isNewFounder({ isFounder, hasLog }: NodeIdentity): boolean {
  return isFounder && !hasLog;
}

/** Who this node is; a new one founds a cluster or joins one. */
async function knownIdentity(parts: StartParts): Promise<NodeIdentity> {
  const { dataDir, settings } = parts;
  // A recovery that was cut short left a directory with a new log and an old identity.
  await finishRecovery(dataDir);
  const isFounder = settings.managers.length === 0;
  const identity = await dataDir.identity() ?? await dataDir.saveIdentity({
    nodeId: randomIds.next(),
    credential: generateCredential(),
    memberId: randomIds.next(),
    clusterId: isFounder ? randomIds.next() : "",
    isFounder,
    hasLog: false,
  });
  if (identity.clusterId === "") return await join(parts, identity);
  if (settings.token !== null) {
    const { clusterId: cluster_id } = identity;
    parts.log.info("resumes in its cluster: --manager and --token count at a first start only", {
      cluster_id,
    });
  }
  return identity;
}

/** Asks for membership; everything learned is durable before the identity counts as joined. */
async function join(
  { dataDir, settings, log, signal }: StartParts,
  identity: NodeIdentity,
): Promise<NodeIdentity> {
  const joined = await joinCluster({ settings, identity, log, signal });
  await adoptDataKey(dataDir.path, joined.dataKey);
  await dataDir.savePeers(joined.members);
  return await saveJoined(dataDir, { ...identity, clusterId: joined.clusterId });
}

async function saveJoined(dataDir: DataDir, identity: NodeIdentity): Promise<NodeIdentity> {
  return await dataDir.saveIdentity(identity);
}

function wasRemoved(): WarrenError {
  return new WarrenError("NODE_REMOVED", "This manager was removed from the cluster");
}
