/**
 * Who may become a node, who is one, and what an agent says of its machine when it comes.
 *
 * Called by the gateway of the leader: these are the only changes that an agent makes of its own
 * accord. Keeps nothing between calls.
 */
import { type Clock, type IdSource, type Log, WarrenError } from "../../lib/mod.ts";
import {
  asId,
  type Node,
  type NodeId,
  quoteText,
  validateLabels,
  validateName,
} from "../../model/mod.ts";
import { descriptionFromProto } from "../../rpc/convert/mod.ts";
import type { Hello, JoinRequest, JoinResponse } from "../../rpc/gen/warren/v1/agent.ts";
import type { Action, StateView } from "../../store/mod.ts";

/** Proves and makes the secrets that nodes join and come back with. */
export interface NodeCredentials {
  /** The role that `token` joins as, or undefined when it is not valid now. */
  roleOfToken(token: string): Promise<"worker" | "manager" | undefined>;
  /** What a node joins the managers with; "" before there is a cluster. */
  managerToken(): Promise<string>;
  /** A new credential and its hash. */
  create(): Promise<{ readonly credential: string; readonly hash: string }>;
  /** Whether `credential` has the given hash; takes the same time either way. */
  matches(credential: string, hash: string): Promise<boolean>;
}

/** What admission works with. */
export interface AdmissionParts {
  readonly view: StateView;
  readonly credentials: NodeCredentials;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** @throws WarrenError also the refusal of the change */
  readonly propose: (actions: readonly Action[]) => Promise<void>;
}

/**
 * Makes a node of a caller with a valid token.
 *
 * @throws WarrenError TOKEN_REFUSED, INVALID_SPEC for a bad name or labels, NODE_NAME_TAKEN
 */
export async function admit(parts: AdmissionParts, request: JoinRequest): Promise<JoinResponse> {
  const { credentials, view, clock, ids, log } = parts;
  const role = await credentials.roleOfToken(request.token);
  const cluster = view.cluster();
  if (role !== "worker" || !cluster || !request.description) {
    const whose = role === "manager" ? "the token is the managers', not the workers'" : "bad token";
    const message = `Cannot join as ${quoteText(request.name)}: ${whose}`;
    const hint = 'run "warren cluster join-token worker" on a manager for a valid token';
    throw new WarrenError("TOKEN_REFUSED", message, { hint });
  }
  refuseBadNode(request, `Cannot join as ${quoteText(request.name)}`);
  const { credential, hash } = await credentials.create();
  const id = asId<NodeId>(ids.next());
  const node: Omit<Node, "version"> = {
    id,
    name: request.name,
    role,
    availability: "active",
    status: "unknown",
    statusMessage: "has joined and not begun a session yet",
    address: "",
    memberId: "",
    raftAddress: "",
    labels: { ...request.labels },
    description: descriptionFromProto(request.description),
    credentialHash: hash,
    joinedMs: clock.wallNow(),
    updatedMs: clock.wallNow(),
  };
  await parts.propose([{ kind: "node.create", node }]);
  log.info("a node joined", { joined_node_id: id, joined_node_name: request.name });
  return { nodeId: id, credential, clusterId: cluster.id };
}

/** The node that the caller proves to be. @throws WarrenError TOKEN_REFUSED, NODE_REMOVED */
export async function authenticate(
  parts: Pick<AdmissionParts, "view" | "credentials">,
  nodeId: string,
  credential: string,
): Promise<Node> {
  const { view, credentials } = parts;
  const node = view.node(asId<NodeId>(nodeId));
  const isGood = await credentials.matches(credential, node?.credentialHash ?? "");
  if (!node) await refuseRemoved(parts, nodeId, credential);
  if (!node || !isGood) {
    const hint = "remove the agent's data directory and join again with a token";
    throw new WarrenError("TOKEN_REFUSED", `Node ${quoteText(nodeId)} is not known here`, { hint });
  }
  return node;
}

/** @throws WarrenError NODE_REMOVED when this was a node and proves it. */
async function refuseRemoved(
  { view, credentials }: Pick<AdmissionParts, "view" | "credentials">,
  nodeId: string,
  credential: string,
): Promise<void> {
  const removed = view.cluster()?.removedNodes?.find(({ id }) => id === nodeId);
  if (removed && await credentials.matches(credential, removed.credentialHash)) {
    throw nodeRemoved();
  }
}

/** Records what the agent says of its machine, and the labels that it was started with. */
export async function recordHello(
  parts: AdmissionParts,
  node: Node,
  hello: Hello,
): Promise<void> {
  if (!hello.description) throw new WarrenError("BAD_REQUEST", "A hello carries a description");
  const { id, address, name } = node;
  const description = descriptionFromProto(hello.description);
  if (JSON.stringify(description) !== JSON.stringify(node.description)) {
    await parts.propose([{ kind: "node.describe", id, description, address }]);
  }
  const asked = Object.entries(hello.labels);
  if (asked.every(([key, value]) => node.labels[key] === value)) return;
  const labels = { ...node.labels, ...hello.labels };
  refuseBadNode({ name, labels }, `Cannot label node ${quoteText(name)}`);
  await parts.propose([{ kind: "node.update", id, labels }]);
}

/** @throws WarrenError INVALID_SPEC with `message` and all faults */
function refuseBadNode({ name, labels }: Pick<Node, "name" | "labels">, message: string): void {
  const faults = [...validateName("name", name), ...validateLabels("labels", labels)];
  if (faults.length > 0) throw new WarrenError("INVALID_SPEC", message, { faults });
}

/** What a node is told that is one no more. */
export function nodeRemoved(): WarrenError {
  return new WarrenError("NODE_REMOVED", "This node was removed from the cluster");
}
