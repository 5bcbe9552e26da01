/**
 * The last steps of a recovery: the new log and the new identity take the places of the old ones.
 *
 * `recovery.json` names the steps and is durable before the first of them; each can be done again. A
 * crash in between leaves a directory that does not start, and that finishes here at the next try.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { DataDir, NodeIdentity } from "../data_dir.ts";
import { isThere, removeAll, renameDurably, syncDir } from "./files.ts";

/** What is to take the place of what. */
export interface RecoveryPlan {
  readonly identity: NodeIdentity;
  /** Name that the old log gets. */
  readonly keptLog: string;
}

const PLAN = "recovery.json";

/** Where the new log is made. */
export const NEW_LOG = "log.recovered";

/** Writes down what is to be done, then does it. The new log is durable already. */
export async function commitRecovery(dir: DataDir, plan: RecoveryPlan): Promise<void> {
  await dir.writeObject(PLAN, { ...plan });
  await finishRecovery(dir);
}

/** Goes on with a recovery that was cut short; returns whether there was one. */
export async function finishRecovery(dir: DataDir): Promise<boolean> {
  const saved = await dir.readObject(PLAN);
  if (saved === null) return false;
  const { path } = dir;
  const { identity, keptLog } = parsePlan(saved, path);
  if (await isThere(`${path}/${NEW_LOG}`)) {
    if (await isThere(`${path}/log`)) await renameDurably(`${path}/log`, `${path}/${keptLog}`);
    await renameDurably(`${path}/${NEW_LOG}`, `${path}/log`);
  }
  await dir.saveIdentity(identity);
  await dir.savePeers([]);
  await removeAll(`${path}/${PLAN}`);
  await syncDir(path);
  return true;
}

/** @throws WarrenError DATA_CORRUPT */
function parsePlan({ identity, keptLog }: Record<string, unknown>, path: string): RecoveryPlan {
  const { nodeId, credential, clusterId, memberId } = Object(identity);
  const texts: readonly unknown[] = [nodeId, credential, clusterId, memberId, keptLog];
  if (!texts.every((text) => typeof text === "string" && text !== "")) {
    throw new WarrenError("DATA_CORRUPT", `Cannot read "${path}/${PLAN}": it is malformed`);
  }
  const kept = { nodeId, credential, clusterId, memberId, isFounder: false, hasLog: true };
  return { identity: kept, keptLog: String(keptLog) };
}
