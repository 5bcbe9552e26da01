/**
 * `warren cluster restore`: a new data directory that holds a backup, as a group of one manager.
 *
 * Runs without a daemon. The machine becomes a new node with a new member id; the managers of before
 * stay as workers that are down. Invariant: the directory gets its name when it is whole, so that one
 * that was left half-made is never started.
 */
import { dirname } from "node:path";
import { type Clock, randomIds, VERSION, type WallMs, WarrenError } from "../../lib/mod.ts";
import { type Backup, readBackup } from "../../client/backup/mod.ts";
import { foundAlone } from "../../manager/offline/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import { adoptDataKey, generateCredential, hashCredential, Sealer } from "../../security/mod.ts";
import { type Action, encodeState, type StateView, Store } from "../../store/mod.ts";
import { DataDir, type NodeIdentity } from "../data_dir.ts";
import type { DaemonFlags } from "../flags.ts";
import { dataDirPath, localSocketPath, machineArch, machineName, machineOs } from "../machine.ts";
import { savedPart, type Settings, settleSettings } from "../settings.ts";
import { edit, managersOf, nextTerm, retire } from "./edit_state.ts";
import { maybeList, removeAll, syncDir } from "./files.ts";

/** What was restored. */
export interface RestoreReport {
  readonly dataDir: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly nodeName: string;
  /** Of the last change in the backup. */
  readonly index: number;
  readonly createdMs: number;
  /** Of the manager that made the backup. */
  readonly version: string;
  readonly counts: {
    readonly services: number;
    readonly secrets: number;
    readonly configs: number;
    readonly volumes: number;
    readonly nodes: number;
  };
  /** Names of the nodes that were managers, as they are called now. */
  readonly formerManagers: readonly string[];
}

/** What a restore is made from. */
export interface RestoreOptions {
  /** Path of the backup. */
  readonly file: string;
  readonly flags: DaemonFlags;
  readonly clock: Clock;
}

/**
 * Restores a backup into a new data directory.
 *
 * @throws WarrenError ALREADY_INITIALISED when the directory holds something, DATA_CORRUPT for a bad
 *   backup, NODE_NAME_TAKEN, DATA_DIR_UNUSABLE, DATA_DIR_IN_USE (another restore), USAGE
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { flags, clock } = options;
  const path = dataDirPath(flags.dataDir).replace(/(?<=.)\/+$/, "");
  await refuseUsed(path);
  const machine = { hostname: machineName(), defaultSocket: localSocketPath() };
  const settings = settleSettings("init", flags, null, { dataDir: path, machine });
  const backup = await readBackup(options.file);
  const store = await openBackup(options.file, backup);
  const identity = newIdentity(backup);
  const formerManagers = await becomeManager(store, { identity, settings, nowMs: clock.wallNow() });
  await build(path, { backup, store, identity, settings });
  return report({ path, backup, store, identity, formerManagers });
}

/** @throws WarrenError ALREADY_INITIALISED, DATA_DIR_UNUSABLE */
async function refuseUsed(path: string): Promise<void> {
  const names = await orUnusable(path, () => maybeList(path));
  if (names === null) return;
  const [first] = names;
  if (first !== undefined) {
    const message = `Cannot restore into "${path}": it is not empty, it holds "${first}"`;
    throw new WarrenError("ALREADY_INITIALISED", message, {
      hint: "name a new directory with --data-dir, or move this one away",
    });
  }
  const [own, above] = await orUnusable(
    path,
    () => Promise.all([Deno.stat(path), Deno.stat(dirname(path))]),
  );
  if (own.dev === above.dev) return;
  throw new WarrenError("DATA_DIR_UNUSABLE", `Cannot restore into "${path}": it is a mount point`, {
    hint: `name a new directory within it: --data-dir ${path}/warren`,
  });
}

/** The state of the backup, after a look whether its key opens what is sealed in it. */
async function openBackup(file: string, { header, state }: Backup): Promise<Store> {
  const store = new Store();
  store.restore(state);
  const cluster = store.view.cluster();
  const isSame = cluster?.id === header.clusterId && store.view.index === header.index;
  if (!cluster || !isSame) {
    throw new WarrenError(
      "DATA_CORRUPT",
      `Cannot restore "${file}": its header is of another state`,
    );
  }
  const sealer = await Sealer.fromKey(Uint8Array.from(header.dataKey));
  await sealer.open({ purpose: "join-token", name: "worker" }, cluster.workerToken);
  return store;
}

function newIdentity({ header }: Backup): NodeIdentity {
  return {
    nodeId: randomIds.next(),
    credential: generateCredential(),
    memberId: randomIds.next(),
    clusterId: header.clusterId,
    isFounder: false,
    hasLog: true,
  };
}

interface NewManager {
  readonly identity: NodeIdentity;
  readonly settings: Settings;
  readonly nowMs: WallMs;
}

/** Makes this machine the only manager in the state; answers with the names of the former ones. */
async function becomeManager(
  store: Store,
  { identity, settings, nowMs }: NewManager,
): Promise<readonly string[]> {
  const { view } = store;
  const { nodeName } = settings;
  const former = managersOf(view, null);
  const actions: Action[] = [...retire(former, "was a manager before the cluster was restored")];
  const namesake = view.nodeByName(nodeName);
  if (namesake && namesake.memberId === "") {
    const message = `Cannot restore as node "${nodeName}": a worker has that name`;
    throw new WarrenError("NODE_NAME_TAKEN", message);
  }
  if (namesake) {
    actions.push({ kind: "node.update", id: namesake.id, name: freeName(view, nodeName) });
  }
  actions.push(await nodeAction({ identity, settings, nowMs }));
  edit(store, actions, nowMs);
  return former.map(({ id }) => view.node(id)?.name ?? id);
}

/** A name for the node that had `name` before. */
function freeName(view: StateView, name: string): string {
  for (let count = 1;; count++) {
    const candidate = `${name.slice(0, 50)}-old${count === 1 ? "" : `-${count}`}`;
    if (!view.nodeByName(candidate)) return candidate;
  }
}

async function nodeAction({ identity, settings, nowMs }: NewManager): Promise<Action> {
  const { nodeName, hasAgent, labels, advertiseAddr, listenAddr } = settings;
  const { raftAdvertiseAddr, raftAddr } = settings;
  return {
    kind: "node.create",
    node: {
      id: asId<NodeId>(identity.nodeId),
      name: nodeName,
      role: hasAgent ? "hybrid" : "manager",
      availability: "active",
      status: "unknown",
      statusMessage: "was restored and has not started yet",
      address: advertiseAddr ?? listenAddr,
      memberId: identity.memberId,
      raftAddress: raftAdvertiseAddr ?? raftAddr,
      labels,
      description: {
        hostname: machineName(),
        os: machineOs(),
        arch: machineArch(),
        runtimes: [],
        engine: "",
        resources: { milliCpus: 0, memoryBytes: 0 },
        version: VERSION,
      },
      credentialHash: await hashCredential(identity.credential),
      joinedMs: nowMs,
      updatedMs: nowMs,
    },
  };
}

interface Content {
  readonly backup: Backup;
  readonly store: Store;
  readonly identity: NodeIdentity;
  readonly settings: Settings;
}

/** Makes the directory under another name beside `path`, and gives it its name at the end. */
async function build(path: string, content: Content): Promise<void> {
  const beside = `${path}.restoring`;
  // Its lock keeps another restore out; what an earlier one left is thrown away.
  using dir = await DataDir.open(beside);
  try {
    await orUnusable(beside, () => removeLeftovers(beside));
    await fill(dir, content);
    await orUnusable(path, () => Deno.rename(beside, path));
  } catch (error) {
    await removeAll(beside);
    throw error;
  }
  await syncDir(dirname(path));
}

async function removeLeftovers(path: string): Promise<void> {
  for (const name of await maybeList(path) ?? []) {
    if (name !== "lock" && name !== "format") await removeAll(`${path}/${name}`);
  }
}

async function fill(dir: DataDir, { backup, store, identity, settings }: Content): Promise<void> {
  const { view } = store;
  await adoptDataKey(dir.path, backup.header.dataKey);
  foundAlone(`${dir.path}/log`, {
    memberId: identity.memberId,
    clusterId: identity.clusterId,
    term: nextTerm(view),
    index: view.index,
    pieces: encodeState(store.snapshot()),
  });
  await dir.saveIdentity(identity);
  await dir.saveSettings(savedPart(settings));
}

/** @throws WarrenError DATA_DIR_UNUSABLE for whatever the file system says */
async function orUnusable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WarrenError("DATA_DIR_UNUSABLE", `Cannot restore into "${path}": ${why}`, {
      hint: "name a new directory with --data-dir",
      cause: error,
    });
  }
}

function report(
  { path, backup, store, identity, formerManagers }:
    & Pick<Content, "backup" | "store" | "identity">
    & {
      readonly path: string;
      readonly formerManagers: readonly string[];
    },
): RestoreReport {
  const { header } = backup;
  const { services, secrets, configs, volumes, nodes } = store.sizes;
  return {
    dataDir: path,
    clusterId: header.clusterId,
    nodeId: identity.nodeId,
    nodeName: store.view.node(asId<NodeId>(identity.nodeId))?.name ?? "",
    index: header.index,
    createdMs: header.createdMs,
    version: header.version,
    counts: { services, secrets, configs, volumes, nodes },
    formerManagers,
  };
}
