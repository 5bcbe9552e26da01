/**
 * What a manager tells an agent of the cluster: who it is, where the managers are, what its node is
 * to be. Pure; the gateway sends it.
 */
import type { Node, NodeId } from "../../model/mod.ts";
import type { RoleOrder, SessionResponse } from "../../rpc/gen/warren/v1/agent.ts";
import type { StateView } from "../../store/mod.ts";
import { HEARTBEAT_INTERVAL_MS } from "../liveness.ts";

/** The first message of a session. */
export function welcome(
  view: StateView,
  { id, name }: Node,
  { role, selfId }: { readonly role: RoleOrder; readonly selfId: NodeId },
): SessionResponse {
  const value = {
    clusterId: view.cluster()?.id ?? "",
    nodeName: view.node(id)?.name ?? name,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
    role,
    managers: managerAddresses(view, selfId),
  };
  return { kind: { $case: "welcome", value } };
}

/** Where managers can be reached, `selfId` first: sessions are the leader's in the end. */
export function managerAddresses(view: StateView, selfId: NodeId): string[] {
  const managers = [...view.nodes()].filter(({ role, address }) => role !== "worker" && address);
  const self = managers.filter(({ id }) => id === selfId);
  return [...self, ...managers.filter(({ id }) => id !== selfId)].map(({ address }) => address);
}

/** What the node is to be; only a node that is to manage is given the token for it. */
export function roleOrder(view: StateView, id: NodeId, managerToken: string): RoleOrder {
  const node = view.node(id);
  const role = node?.role ?? "worker";
  return {
    role,
    managerToken: role === "worker" ? "" : managerToken,
    memberId: node?.memberId ?? "",
    index: view.index,
  };
}
