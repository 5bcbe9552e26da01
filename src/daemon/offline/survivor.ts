/**
 * `warren cluster recover`: one surviving manager becomes a group of one, with all that it holds.
 *
 * Runs without a daemon, and holds the data directory from the first look to the end. It decides
 * nothing: `judge.ts` does, and the operator. Invariant: the old log is kept beside the new one.
 */
import { type Clock, randomIds, WarrenError } from "../../lib/mod.ts";
import { foundAlone, type MemberLog, readMember, replayMember } from "../../manager/offline/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import { encodeState, type Store } from "../../store/mod.ts";
import { DataDir, type NodeIdentity } from "../data_dir.ts";
import { dataDirPath } from "../machine.ts";
import { edit, managersOf, nextTerm, retire } from "./edit_state.ts";
import { isThere, maybeList, removeAll } from "./files.ts";
import { type Findings, findingsOf } from "./findings.ts";
import { commitRecovery, finishRecovery, NEW_LOG } from "./finish_recovery.ts";
import { lookAround, type ManagerDialer, type ManagerSeen } from "./look_around.ts";

/** What a recovery made. */
export interface SurvivorReport {
  /** Names of the nodes that are managers no more. */
  readonly formerManagers: readonly string[];
  /** Where the old log is kept. */
  readonly keptLog: string;
  /** Of the state that the new group begins with. */
  readonly index: number;
}

/** The data directory of a stopped manager; `using` lets it go. */
export class Survivor implements Disposable {
  readonly findings: Findings;
  readonly #dir: DataDir;
  readonly #identity: NodeIdentity;
  readonly #log: MemberLog;
  readonly #store: Store;

  private constructor(
    dir: DataDir,
    parts: { readonly identity: NodeIdentity; readonly log: MemberLog; readonly store: Store },
  ) {
    this.#dir = dir;
    this.#identity = parts.identity;
    this.#log = parts.log;
    this.#store = parts.store;
    const { clusterId, nodeId, memberId } = parts.identity;
    const { sizes, view } = parts.store;
    const { services, secrets, nodes } = sizes;
    const counts = { services, secrets, nodes };
    const { lastMs } = parts.store.snapshot();
    const own = { dataDir: dir.path, clusterId, nodeId, memberId, counts, lastMs };
    this.findings = findingsOf(own, parts.log, view);
  }

  /**
   * Takes and reads a directory, after finishing a recovery that was cut short there. Else it
   * changes nothing.
   *
   * @throws WarrenError DATA_DIR_IN_USE while the manager runs, DATA_DIR_UNUSABLE when it is no
   *   manager's, DATA_CORRUPT
   */
  static async open(given: string | null): Promise<Survivor> {
    const path = dataDirPath(given);
    // Nothing is made in a directory that is none of ours.
    if (!await isThere(`${path}/node.json`)) throw unusable(path, "it is no manager's");
    const dir = await openStopped(path);
    try {
      await finishRecovery(dir);
      const identity = await dir.identity();
      const settings = await dir.settings();
      if (!identity?.hasLog || settings?.kind === "worker") {
        throw unusable(path, "it is no manager's");
      }
      const log = readMember(`${path}/log`);
      if (log.memberId !== identity.memberId) throw unusable(path, "its log is another member's");
      const store = replayMember(log);
      if (store.view.cluster()?.id !== identity.clusterId) {
        throw unusable(path, "its log does not hold the cluster");
      }
      return new Survivor(dir, { identity, log, store });
    } catch (error) {
      dir[Symbol.dispose]();
      throw error;
    }
  }

  /** Asks the others whether they are there. */
  lookAround(dial: ManagerDialer, clock: Clock): Promise<readonly ManagerSeen[]> {
    return lookAround(this.findings, dial, clock);
  }

  /** Makes a group of one of it. Called once. @throws WarrenError DISK_FULL, DATA_DIR_UNUSABLE */
  async recover(clock: Clock): Promise<SurvivorReport> {
    const identity = { ...this.#identity, memberId: randomIds.next(), isFounder: false };
    const formerManagers = this.#stayAlone(identity, clock);
    const { path } = this.#dir;
    const keptLog = await freeName(path);
    try {
      await removeAll(`${path}/${NEW_LOG}`);
      foundAlone(`${path}/${NEW_LOG}`, {
        memberId: identity.memberId,
        clusterId: identity.clusterId,
        term: nextTerm(this.#store.view, this.#log.hard.term, this.findings.lastTerm),
        index: this.#store.view.index,
        pieces: encodeState(this.#store.snapshot()),
      });
    } catch (error) {
      await removeAll(`${path}/${NEW_LOG}`);
      throw error;
    }
    await commitRecovery(this.#dir, { identity, keptLog });
    return { formerManagers, keptLog: `${path}/${keptLog}`, index: this.#store.view.index };
  }

  /** Changes the state such that this node is its only manager. */
  #stayAlone({ memberId, nodeId }: NodeIdentity, clock: Clock): readonly string[] {
    const { view } = this.#store;
    const id = asId<NodeId>(nodeId);
    const self = view.node(id);
    if (!self) throw unusable(this.#dir.path, "its state does not know this node");
    const former = managersOf(view, id);
    const { raftAddress } = self;
    const role = self.role === "worker" ? "hybrid" : self.role;
    edit(this.#store, [
      ...retire(former, "was a manager before the cluster was recovered"),
      { kind: "node.member", id, memberId: "", raftAddress, role },
      { kind: "node.member", id, memberId, raftAddress, role },
    ], clock.wallNow());
    return former.map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

async function openStopped(path: string): Promise<DataDir> {
  try {
    return await DataDir.open(path);
  } catch (error) {
    if (!(error instanceof WarrenError) || error.reason !== "DATA_DIR_IN_USE") throw error;
    const hint = 'stop this manager first; "warren cluster info" shows whether it has a leader';
    throw new WarrenError("DATA_DIR_IN_USE", error.message, { hint });
  }
}

/** The first name `log.before-recover-N` that is not used. */
async function freeName(path: string): Promise<string> {
  const names = new Set(await maybeList(path));
  for (let count = 1;; count++) {
    const name = `log.before-recover-${count}`;
    if (!names.has(name)) return name;
  }
}

function unusable(path: string, why: string): WarrenError {
  return new WarrenError("DATA_DIR_UNUSABLE", `Cannot recover "${path}": ${why}`, {
    hint: "name the data directory of a manager with --data-dir",
  });
}
