/**
 * How a manager leaves the group: demotion and removal, each a few steps that can be begun again.
 *
 * Served by the leader. Leadership moves away first when it is the leader that leaves; the call then
 * goes on at the new one, by way of NO_LEADER. Invariant: a node keeps its member id for as long as it
 * may be a member.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Node, NodeRole } from "../../model/mod.ts";
import type { Action } from "../../store/mod.ts";
import type { ApiContext } from "../context.ts";
import { isRepeated, propose, type ProposingCall } from "../propose.ts";
import { resolveNode } from "../resolve.ts";
import { reasonToStay } from "./membership.ts";

/** Removes a node; a manager leaves the group first. Answers with its id. */
export async function removeNode(
  context: ApiContext,
  { ref, force }: { readonly ref: string; readonly force: boolean },
  call: ProposingCall,
): Promise<string> {
  const { view } = context;
  if (isRepeated(context, call)) return ref;
  const node = resolveNode(view, ref);
  const remove: Action = { kind: "node.remove", id: node.id };
  if (node.memberId === "") {
    await propose(context, [...downByForce(node, force), remove], call);
    return node.id;
  }
  if (node.status === "ready" && !force) {
    const message = `Cannot remove node "${node.name}": it is a manager, and ready`;
    const hint = `run "warren node demote ${node.name}" first, stop it, or add --force`;
    throw new WarrenError("NODE_NOT_DOWN", message, { hint });
  }
  await leaveGroup(context, node, `remove node "${node.name}"`, call.signal);
  const actions = [member(node, node.role), ...downByForce(node, force), remove];
  await propose(context, actions, call);
  return node.id;
}

/** Makes a mere worker of a manager; of one that was only asked to become a manager, too. */
export async function demoteNode(
  context: ApiContext,
  ref: string,
  call: ProposingCall,
): Promise<Node> {
  const { view } = context;
  const node = resolveNode(view, ref);
  if (node.role === "worker") return node;
  if (node.role === "manager") {
    const message =
      `Cannot demote node "${node.name}": it runs no tasks, so it is no worker either`;
    const hint = `run "warren node rm --force ${node.name}" to remove it`;
    throw new WarrenError("NODE_IS_MANAGER", message, { hint });
  }
  if (node.memberId !== "") {
    await leaveGroup(context, node, `demote node "${node.name}"`, call.signal);
  }
  await propose(context, [member(node, "worker")], call);
  return resolveNode(view, node.id);
}

/** Apply removes no node that is ready: a forced removal takes it for down. */
function downByForce({ id, status }: Node, force: boolean): readonly Action[] {
  if (!force || status !== "ready") return [];
  return [{ kind: "node.status", id, status: "down", message: "was removed by force" }];
}

/** Nobody listens any more at the address of a node that is no manager. */
function member({ id }: Node, role: NodeRole): Action {
  return { kind: "node.member", id, memberId: "", raftAddress: "", address: "", role };
}

/** @throws WarrenError QUORUM_AT_RISK; NO_LEADER once leadership has moved away from `node` */
async function leaveGroup(
  { consensus, members }: ApiContext,
  node: Node,
  doing: string,
  signal: AbortSignal,
): Promise<void> {
  const known = members();
  // Committed by an earlier try whose record was not written.
  if (!known.some(({ id }) => id === node.id)) return;
  const stays = reasonToStay(known, node.id);
  if (stays !== null) throw new WarrenError("QUORUM_AT_RISK", `Cannot ${doing}: ${stays}`);
  if (consensus.leader()?.id === node.id) {
    await consensus.transferLeader(null, signal);
    throw new WarrenError("NO_LEADER", `Cannot ${doing} here: leadership has moved away from it`);
  }
  await consensus.changeMembership({ kind: "remove", id: node.id }, signal);
}
