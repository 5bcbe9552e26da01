/**
 * Rules of the cluster's own record: made once; then its join tokens and its leader change.
 */
import type { Action } from "../action.ts";
import { type Outcome, refuse } from "./refusal.ts";
import { sameData } from "./same.ts";
import type { Transaction } from "../transaction.ts";

type Of<Kind> = Extract<Action, { kind: Kind }>;

/** Makes the record; refused with ALREADY_INITIALISED when there is one. */
export function createCluster(tx: Transaction, { cluster }: Of<"cluster.create">): Outcome {
  if (tx.view.cluster()) {
    return refuse("ALREADY_INITIALISED", "Cannot create the cluster: it already exists");
  }
  const { atMs, version } = tx.stamp;
  tx.put("cluster", { ...cluster, createdMs: atMs, version });
  return null;
}

/** Replaces a join token; refused with NOT_INITIALISED when there is no cluster. */
export function setToken(tx: Transaction, { role, token }: Of<"cluster.token">): Outcome {
  const cluster = tx.view.cluster();
  if (!cluster) {
    return refuse("NOT_INITIALISED", `Cannot set the ${role} token: there is no cluster yet`);
  }
  const field = role === "worker" ? "workerToken" : "managerToken";
  if (sameData(cluster[field], token)) return null;
  tx.put("cluster", { ...cluster, [field]: token, version: tx.stamp.version });
  return null;
}

/** Records who leads; refused with NOT_INITIALISED when there is no cluster. */
export function setLeader(tx: Transaction, { id, term }: Of<"cluster.leader">): Outcome {
  const cluster = tx.view.cluster();
  if (!cluster) {
    return refuse("NOT_INITIALISED", "Cannot record the leader: there is no cluster yet");
  }
  if (cluster.leader && cluster.leader.term >= term) return null;
  tx.put("cluster", { ...cluster, leader: { nodeId: id, term }, version: tx.stamp.version });
  return null;
}
