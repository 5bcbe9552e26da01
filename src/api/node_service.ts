/**
 * NodeService: what operators decide about nodes. What nodes say of themselves comes from agents.
 */
import { type FieldFault, WarrenError } from "../lib/mod.ts";
import {
  type Availability,
  listChoices,
  type Node,
  quoteText,
  validateLabels,
  validateName,
} from "../model/mod.ts";
import {
  type Node as NodeMessage,
  NodeServiceService,
  type UpdateNodeRequest,
} from "../rpc/gen/warren/v1/node.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { Action } from "../store/mod.ts";
import { demoteNode, removeNode } from "./cluster/leave.ts";
import type { ApiContext } from "./context.ts";
import { nodeToProto } from "./convert/node.ts";
import { propose, proposeFromState } from "./propose.ts";
import { resolveNode } from "./resolve.ts";

const AVAILABILITIES: readonly Availability[] = ["active", "pause", "drain"];

/** The service to add to a server. */
export function nodeService(context: ApiContext): ServedService {
  const { view } = context;
  return serve(NodeServiceService, {
    listNodes: () => {
      return { nodes: Array.from(view.nodes(), (node) => shown(context, node)) };
    },
    getNode: ({ ref }) => ({ node: shown(context, resolveNode(view, ref)) }),
    updateNode: async (request, call) => {
      const { id } = resolveNode(view, request.ref);
      await proposeFromState(context, () => [update(resolveNode(view, id), request)], call);
      return { node: shown(context, resolveNode(view, id)) };
    },
    removeNode: async (request, call) => ({ id: await removeNode(context, request, call) }),
    promoteNode: async ({ ref }, call) => {
      const { id, role } = resolveNode(view, ref);
      if (role === "worker") {
        await propose(context, [{ kind: "node.update", id, role: "hybrid" }], call);
      }
      return { node: shown(context, resolveNode(view, id)) };
    },
    demoteNode: async ({ ref }, call) => {
      return { node: shown(context, await demoteNode(context, ref, call)) };
    },
  });
}

function shown(context: ApiContext, node: Node): NodeMessage {
  const isLeader = context.consensus.leader()?.id === node.id;
  return nodeToProto(node, context.view.nodeUsage(node.id), isLeader);
}

/** @throws WarrenError INVALID_SPEC with all faults. */
function update(node: Node, request: UpdateNodeRequest): Action {
  const labels = { ...node.labels, ...request.setLabels };
  for (const key of request.removeLabels) delete labels[key];
  const availability = AVAILABILITIES.find((word) => word === request.availability);
  const faults: FieldFault[] = [...validateLabels("labels", labels)];
  if (request.availability !== "" && !availability) {
    const message = `must be ${listChoices(AVAILABILITIES)}, is ${quoteText(request.availability)}`;
    faults.push({ path: "availability", message });
  }
  if (request.name !== "") faults.push(...validateName("name", request.name));
  if (faults.length > 0) {
    throw new WarrenError("INVALID_SPEC", `Cannot update node "${node.name}"`, { faults });
  }
  return {
    kind: "node.update",
    id: node.id,
    labels,
    ifVersion: node.version,
    ...(availability && { availability }),
    ...(request.name !== "" && { name: request.name }),
  };
}
