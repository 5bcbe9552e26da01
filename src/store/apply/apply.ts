/**
 * Carries one action out, or refuses it. Called by `store.ts` for each action of a proposal.
 *
 * Deterministic: the outcome depends on the tables and the action alone. One `apply_….ts` per noun
 * holds the rules; this file only dispatches.
 */
import { assertNever } from "../../lib/mod.ts";
import type { Action, ObjectVersion } from "../action.ts";
import { createCluster, setLeader, setToken } from "./apply_cluster.ts";
import {
  createNode,
  describeNode,
  removeNode,
  setMember,
  setNodeStatus,
  updateNode,
} from "./apply_node.ts";
import {
  createConfig,
  createSecret,
  createVolume,
  removeConfig,
  removeSecret,
  removeVolume,
  updateConfig,
  updateSecret,
  updateVolume,
} from "./apply_resource.ts";
import {
  createService,
  removeService,
  restartService,
  setRollout,
  updateService,
} from "./apply_service.ts";
import {
  createTask,
  desireTask,
  placeTask,
  removeTask,
  reportTask,
  setUnplaced,
} from "./apply_task.ts";
import { type Outcome, refuse } from "./refusal.ts";
import type { Transaction } from "../transaction.ts";

/** Carries `action` out within `tx`. After a refusal the caller must roll `tx` back. */
export function applyAction(tx: Transaction, action: Action): Outcome {
  switch (action.kind) {
    case "cluster.create":
      return createCluster(tx, action);
    case "cluster.token":
      return setToken(tx, action);
    case "cluster.leader":
      return setLeader(tx, action);
    case "node.create":
      return createNode(tx, action);
    case "node.update":
      return updateNode(tx, action);
    case "node.describe":
      return describeNode(tx, action);
    case "node.member":
      return setMember(tx, action);
    case "node.status":
      return setNodeStatus(tx, action);
    case "node.remove":
      return removeNode(tx, action);
    case "service.create":
      return createService(tx, action);
    case "service.update":
      return updateService(tx, action);
    case "service.restart":
      return restartService(tx, action);
    case "service.remove":
      return removeService(tx, action);
    case "service.rollout":
      return setRollout(tx, action);
    case "task.create":
      return createTask(tx, action);
    case "task.place":
      return placeTask(tx, action);
    case "task.unplaced":
      return setUnplaced(tx, action);
    case "task.desire":
      return desireTask(tx, action);
    case "task.report":
      return reportTask(tx, action);
    case "task.remove":
      return removeTask(tx, action);
    case "secret.create":
      return createSecret(tx, action);
    case "secret.update":
      return updateSecret(tx, action);
    case "secret.remove":
      return removeSecret(tx, action);
    case "config.create":
      return createConfig(tx, action);
    case "config.update":
      return updateConfig(tx, action);
    case "config.remove":
      return removeConfig(tx, action);
    case "volume.create":
      return createVolume(tx, action);
    case "volume.update":
      return updateVolume(tx, action);
    case "volume.remove":
      return removeVolume(tx, action);
    case "check.unchanged":
      return checkUnchanged(tx, action.versions);
    default:
      return assertNever(action, "action");
  }
}

function checkUnchanged(tx: Transaction, versions: readonly ObjectVersion[]): Outcome {
  for (const { table, name, version } of versions) {
    const found = tx.view.rows[table].byName(name)?.version ?? 0;
    if (found === version) continue;
    const noun = table.slice(0, -1);
    const state = found === 0
      ? "it was removed meanwhile"
      : version === 0
      ? "it was created meanwhile"
      : `it is at version ${found}, not ${version}`;
    return refuse("VERSION_CONFLICT", `Cannot change ${noun} "${name}" as planned: ${state}`);
  }
  return null;
}
