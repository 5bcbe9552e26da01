/**
 * Rules of nodes. A node that is ready, or that is a member of the consensus group, cannot be removed;
 * the tasks of a removed one are orphaned, since nobody is left to report on them. A member id belongs
 * to one node and is never given again.
 */
import { MAX_FORMER_MEMBERS, MAX_REMOVED_NODES, type Node, type NodeId } from "../../model/mod.ts";
import type { Action } from "../action.ts";
import { type Outcome, refuse, refuseOtherVersion } from "./refusal.ts";
import { sameData } from "./same.ts";
import { desiredTask, orphanedTask } from "../task_change.ts";
import { usesNode } from "../usage.ts";
import type { Transaction } from "../transaction.ts";

type Of<Kind> = Extract<Action, { kind: Kind }>;

/** Adds a node; refused with NODE_NAME_TAKEN, or ID_TAKEN for one that joined before. */
export function createNode(tx: Transaction, { node }: Of<"node.create">): Outcome {
  if (tx.view.rows.nodes.isUsed(node.id)) {
    return refuse("ID_TAKEN", `Cannot add node "${node.name}": a node with its id is known`);
  }
  if (tx.view.nodeByName(node.name)) return nameTaken(`add node "${node.name}"`);
  const { memberId = "", raftAddress = "" } = node;
  const taken = refuseUsedMember(tx, `add node "${node.name}"`, memberId);
  if (taken) return taken;
  const { atMs, version } = tx.stamp;
  const times = { joinedMs: atMs, updatedMs: atMs, version };
  tx.put("nodes", { ...node, memberId, raftAddress, ...times });
  return null;
}

/** Changes what the operator decides about a node. */
export function updateNode(tx: Transaction, action: Of<"node.update">): Outcome {
  const node = tx.view.node(action.id);
  if (!node) return notFound("update", action.id);
  const doing = `update node "${node.name}"`;
  const conflict = refuseOtherVersion(doing, node, action.ifVersion);
  if (conflict) return conflict;
  const { name = node.name, role = node.role } = action;
  const { availability = node.availability, labels = node.labels } = action;
  if (name !== node.name && tx.view.nodeByName(name)) return nameTaken(doing, name);
  return put(tx, node, { name, role, availability, labels });
}

/** Records what the agent says of its machine. */
export function describeNode(tx: Transaction, action: Of<"node.describe">): Outcome {
  const node = tx.view.node(action.id);
  if (!node) return notFound("describe", action.id);
  const { description, address, raftAddress = node.raftAddress } = action;
  return put(tx, node, { description, address, raftAddress });
}

/** Makes a member of the consensus group of the node, or ends that it is one. */
export function setMember(tx: Transaction, action: Of<"node.member">): Outcome {
  const node = tx.view.node(action.id);
  if (!node) return notFound("make a member of", action.id);
  const { memberId, raftAddress, role, address = node.address } = action;
  const doing = `make a member of node "${node.name}"`;
  if (memberId !== node.memberId) {
    if (memberId !== "" && node.memberId !== "") {
      return refuse("NODE_IS_MANAGER", `Cannot ${doing}: it is one under another id`);
    }
    const taken = refuseUsedMember(tx, doing, memberId);
    if (taken) return taken;
    if (memberId === "") rememberMember(tx, node.memberId);
  }
  return put(tx, node, { memberId, raftAddress, role, address });
}

function refuseUsedMember(tx: Transaction, doing: string, memberId: string): Outcome {
  if (memberId === "") return null;
  const isFormer = tx.view.cluster()?.formerMembers?.includes(memberId) === true;
  const isTaken = isFormer || [...tx.view.nodes()].some((node) => node.memberId === memberId);
  return isTaken ? refuse("ID_TAKEN", `Cannot ${doing}: its member id was used before`) : null;
}

function rememberMember(tx: Transaction, memberId: string): void {
  const cluster = tx.view.cluster();
  if (!cluster) return;
  const formerMembers = [...cluster.formerMembers ?? [], memberId].slice(-MAX_FORMER_MEMBERS);
  tx.put("cluster", { ...cluster, formerMembers, version: tx.stamp.version });
}

/** Records whether the node is reachable; what that means for its tasks is the planner's matter. */
export function setNodeStatus(tx: Transaction, action: Of<"node.status">): Outcome {
  const node = tx.view.node(action.id);
  if (!node) return notFound("set the status of", action.id);
  return put(tx, node, { status: action.status, statusMessage: action.message });
}

/** Removes a node that is neither ready nor a member; its tasks are orphaned and are to be removed. */
export function removeNode(tx: Transaction, { id }: Of<"node.remove">): Outcome {
  const node = tx.view.node(id);
  if (!node) return notFound("remove", id);
  if (node.status === "ready") {
    return refuse("NODE_NOT_DOWN", `Cannot remove node "${node.name}": it is ready`);
  }
  if (node.memberId !== "") {
    const message = `Cannot remove node "${node.name}": it is a member of the managers' group`;
    return refuse("NODE_IS_MANAGER", message);
  }
  tx.remove("nodes", id);
  remember(tx, node);
  for (const task of [...tx.view.tasksOfNode(id)]) {
    if (usesNode(task)) {
      tx.put("tasks", orphanedTask(task, `node "${node.name}" was removed`, tx.stamp));
    } else if (task.desired !== "remove") {
      tx.put("tasks", desiredTask(task, "remove", tx.stamp));
    }
  }
  return null;
}

/** Its agent may come back, and is told then that it has nothing to do here any more. */
function remember(tx: Transaction, { id, credentialHash }: Node): void {
  const cluster = tx.view.cluster();
  if (!cluster) return;
  const earlier = cluster.removedNodes ?? [];
  const removedNodes = [...earlier, { id, credentialHash }].slice(-MAX_REMOVED_NODES);
  tx.put("cluster", { ...cluster, removedNodes, version: tx.stamp.version });
}

function put(tx: Transaction, node: Node, change: Partial<Node>): Outcome {
  const after = { ...node, ...change };
  if (sameData(node, after)) return null;
  const { atMs, version } = tx.stamp;
  tx.put("nodes", { ...after, updatedMs: atMs, version });
  return null;
}

function notFound(verb: string, id: NodeId): Outcome {
  return refuse("NODE_NOT_FOUND", `Cannot ${verb} node "${id}": there is no such node`);
}

function nameTaken(doing: string, name?: string): Outcome {
  const what = name === undefined ? "the name" : `the name "${name}"`;
  return refuse("NODE_NAME_TAKEN", `Cannot ${doing}: ${what} is taken`);
}
