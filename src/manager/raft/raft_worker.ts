/**
 * The Raft Worker: consensus, its disk and its connections, on a thread that nothing else holds up.
 *
 * Started by `RaftNode` on the main thread, which sends `start` once it hears `awake`. Everything else it does is
 * `driver.ts`; here messages become calls and the other way round.
 */
import {
  type Log,
  LOG_LEVELS,
  type LogLevel,
  Prng,
  realClock,
  WarrenError,
} from "../../lib/mod.ts";
import { coreConfig, freshStart, membersOf, RaftCore } from "../../raft/mod.ts";
import { startDiskWorker } from "../disk/disk_worker_client.ts";
import type { Disk, DiskStart } from "../disk/disk.ts";
import { openGrpcTransport } from "../transport/grpc_transport.ts";
import { RaftDriver } from "./driver.ts";
import type { MachinePort } from "./machine_port.ts";
import type { CommittedEntry, FromRaft, RaftSetup, ToRaft } from "./protocol.ts";
import { TurnOutbox } from "./turn_outbox.ts";

interface WorkerScope {
  postMessage(messages: readonly FromRaft[], transfer: Transferable[]): void;
  onmessage: (event: MessageEvent<ToRaft>) => void;
}

/** The checker knows the main thread's scope only. */
function parseScope(): WorkerScope {
  return globalThis as unknown as WorkerScope;
}

const scope = parseScope();

const outbox = new TurnOutbox<FromRaft>((messages) => scope.postMessage(messages, []));

/** Without anything to hand over, it goes with all else of this turn. */
function post(message: FromRaft, transfer: Transferable[] = []): void {
  if (transfer.length === 0) return outbox.push(message);
  outbox.flush();
  scope.postMessage([message], transfer);
}

function postLog(minimum: LogLevel, bound: Parameters<Log["child"]>[0] = {}): Log {
  const write = (level: LogLevel): Log["debug"] => (message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(minimum)) return;
    post({ kind: "log", level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => postLog(minimum, { ...bound, ...fields }),
  };
}

/** Messages are copied whole buffers: an entry must not drag the frame along that it came in. */
function alone(entry: CommittedEntry): CommittedEntry {
  const { data } = entry;
  if (data === null || data.byteLength === data.buffer.byteLength) return entry;
  // Not `slice`, which for a Buffer is another view of the same bytes.
  return { ...entry, data: new Uint8Array(data) };
}

const port: MachinePort = {
  apply: (entries) => post({ kind: "apply", entries: entries.map(alone) }),
  // Handed over, not copied: a state is large.
  restore: (index, state) => post({ kind: "restore", index, state }, [state.buffer]),
  save: () => post({ kind: "save" }),
  saving: () => post({ kind: "saving" }),
  proposed: (id, outcome) => post({ kind: "proposed", id, outcome }),
  read: (id, index) => post({ kind: "read", id, index }),
  answer: (id, error) => post({ kind: "answer", id, error }),
  status: (status) => post({ kind: "status", status }),
  address: (peer) => post({ kind: "address", peer }),
  removed: (by) => post({ kind: "removed", by }),
  synced: (seconds) => post({ kind: "synced", seconds }),
  failed: (error) => post({ kind: "failed", error: error.toInfo() }),
};

async function start(setup: RaftSetup): Promise<void> {
  const { memberId, clusterId, dir, mustHaveLog: mustExist } = setup;
  const { disk, start: found } = await startDiskWorker({ dir, clusterId, memberId, mustExist });
  try {
    await startDriver(setup, disk, found);
  } catch (error) {
    await disk.close().catch(() => {/* the first error is the one that counts */});
    throw error;
  }
}

async function startDriver(setup: RaftSetup, disk: Disk, found: DiskStart): Promise<void> {
  const { memberId, clusterId, times, logLevel } = setup;
  const log = postLog(logLevel, { component: "raft" });
  const seeds = crypto.getRandomValues(new Uint32Array(2));
  const restored = restoredOf(found, setup);
  const made = new RaftDriver({
    core: new RaftCore(coreConfig(memberId, times), restored, new Prng(seeds[0] ?? 0)),
    memberId,
    disk,
    clock: realClock,
    log,
    port,
    peers: setup.peers,
    electionTimeoutMs: times.electionTimeoutMs,
    heartbeatTimeoutMs: times.heartbeatTimeoutMs,
    snapshotThreshold: setup.snapshotThreshold,
    trailingLogs: setup.trailingLogs,
    snapshotIndex: restored.snapshot.index,
  });
  const transport = await openGrpcTransport({
    self: {
      clusterId,
      memberId,
      incarnation: found.incarnation,
      advertiseAddr: setup.advertiseAddr,
    },
    listen: setup.listenAddr,
    events: made,
    clock: realClock,
    prng: new Prng(seeds[1] ?? 0),
    log,
  });
  if (found.cutBytes > 0) {
    log.warn("cut an unfinished batch from the log", { bytes: found.cutBytes });
  }
  // What main says of the restored state must not be missed.
  driver = made;
  await made.start(transport);
  post({ kind: "started", address: transport.address });
}

/** A founder's empty log begins with a group of one; a newcomer's with nobody, and hears from a leader. */
function restoredOf(
  { restored: found }: DiskStart,
  { isFounder, memberId, committed = 0 }: RaftSetup,
) {
  const restored = { ...found, committed };
  const { snapshot, entries, hard } = restored;
  const isNew = snapshot.index === 0 && entries.length === 0 && hard.term === 0;
  const hasMembers = snapshot.membership.voters.length > 0;
  if (isFounder && !hasMembers && snapshot.index === 0) {
    const fresh = freshStart(membersOf(memberId));
    return isNew ? fresh : { ...restored, snapshot: fresh.snapshot };
  }
  return restored;
}

let driver: RaftDriver | null = null;

function handle(message: ToRaft): void {
  if (message.kind === "start") return void begin(message.setup);
  if (message.kind === "stop") return void end();
  if (driver) dispatch(driver, message);
}

function dispatch(to: RaftDriver, message: ToRaft): void {
  switch (message.kind) {
    case "propose":
      return to.propose(message.proposals);
    case "read":
      return to.read(message.id);
    case "applied":
      return to.applied(message.index);
    case "state.begin":
      return to.snapshots.stateBegin(message.index);
    case "state.chunk":
      return to.snapshots.stateChunk(message.bytes);
    case "state.end":
      return to.snapshots.stateEnd();
    case "state.failed":
      return to.snapshots.stateFailed();
    case "transfer":
      return to.transfer(message.id, message.to);
    case "change":
      return to.change(message.id, message.change);
    case "addresses":
      return to.setAddresses(message.peers);
  }
}

async function begin(setup: RaftSetup): Promise<void> {
  try {
    await start(setup);
  } catch (error) {
    port.failed(WarrenError.from(error, "Cannot start consensus"));
  }
}

async function end(): Promise<void> {
  try {
    await driver?.stop();
  } catch (error) {
    port.failed(WarrenError.from(error, "Cannot stop consensus"));
  } finally {
    post({ kind: "stopped" });
  }
}

scope.onmessage = ({ data }) => handle(data);
post({ kind: "awake" });
