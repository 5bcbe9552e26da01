/** Nodes as the API shows them. Credentials never leave the store. */
import type { Node } from "../../model/mod.ts";
import { descriptionToProto } from "../../rpc/convert/mod.ts";
import type { Node as NodeMessage } from "../../rpc/gen/warren/v1/node.ts";
import type { NodeUsage } from "../../store/mod.ts";

/** A node with what its tasks take from it. */
export function nodeToProto(node: Node, usage: NodeUsage, leader: boolean): NodeMessage {
  return {
    id: node.id,
    name: node.name,
    role: node.role,
    status: node.status,
    statusMessage: node.statusMessage,
    availability: node.availability,
    leader,
    address: node.address,
    labels: { ...node.labels },
    description: descriptionToProto(node.description),
    joinedMs: node.joinedMs,
    updatedMs: node.updatedMs,
    version: node.version,
    tasks: usage.tasks,
    reservedMilliCpus: usage.reservedMilliCpus,
    reservedMemoryBytes: usage.reservedMemoryBytes,
    raftAddress: node.raftAddress,
    memberId: node.memberId,
  };
}
