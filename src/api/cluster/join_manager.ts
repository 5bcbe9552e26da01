/**
 * JoinManager: makes a manager of a machine with the managers' token, or of a worker that was promoted.
 *
 * Served by the leader. The caller chooses its ids and its credential and keeps them, so the same
 * request made again finds what the first one did. It joins without a vote; who counts votes gives it
 * one when it has caught up.
 */
import { type FieldFault, isId, WarrenError } from "../../lib/mod.ts";
import {
  asId,
  type Node,
  type NodeId,
  quoteText,
  validateLabels,
  validateName,
} from "../../model/mod.ts";
import { descriptionFromProto } from "../../rpc/convert/mod.ts";
import type { JoinManagerRequest, JoinManagerResponse } from "../../rpc/gen/warren/v1/cluster.ts";
import { isLocal, parseAddress } from "../../rpc/mod.ts";
import {
  equalInConstantTime,
  hashCredential,
  parseJoinToken,
  verifyCredential,
} from "../../security/mod.ts";
import type { Action } from "../../store/mod.ts";
import type { ApiContext } from "../context.ts";
import { propose, type ProposingCall } from "../propose.ts";

/** Serves one join. @throws WarrenError TOKEN_REFUSED, NODE_REMOVED, NODE_NAME_TAKEN, INVALID_SPEC, … */
export async function joinManager(
  context: ApiContext,
  request: JoinManagerRequest,
  call: ProposingCall,
): Promise<JoinManagerResponse> {
  const { view, consensus } = context;
  const doing = `join as ${quoteText(request.name)}`;
  const cluster = view.cluster();
  if (!cluster || !await isManagerToken(context, request.token)) {
    const isWorkers = parseJoinToken(request.token)?.role === "worker";
    const whose = isWorkers ? "the token is the workers', not the managers'" : "bad token";
    const hint = 'run "warren cluster join-token manager" on a manager for a valid token';
    throw new WarrenError("TOKEN_REFUSED", `Cannot ${doing}: ${whose}`, { hint });
  }
  checkForm(request, doing);
  const id = asId<NodeId>(request.nodeId);
  const action = await joining(context, request, doing);
  if (action) await propose(context, [action], call);
  if (!context.members().some((member) => member.id === id)) {
    await consensus.changeMembership({ kind: "add learner", id }, call.signal);
  }
  context.log.info("a manager joined", { joined_node_id: id, joined_node_name: request.name });
  const members = Array.from(view.nodes())
    .filter(({ memberId }) => memberId !== "")
    .map(({ id, memberId, raftAddress }) => ({ id: memberId, nodeId: id, raftAddress }));
  return { clusterId: cluster.id, dataKey: Buffer.from(consensus.dataKey()), members };
}

async function isManagerToken({ view, sealer }: ApiContext, token: string): Promise<boolean> {
  const cluster = view.cluster();
  if (!cluster || parseJoinToken(token)?.role !== "manager") return false;
  const bytes = await sealer.open({ purpose: "join-token", name: "manager" }, cluster.managerToken);
  return equalInConstantTime(token, new TextDecoder().decode(bytes));
}

/** What must be recorded; null when it is. @throws WarrenError when the node is another one's */
async function joining(
  context: ApiContext,
  request: JoinManagerRequest,
  doing: string,
): Promise<Action | null> {
  const { view } = context;
  const id = asId<NodeId>(request.nodeId);
  const { memberId, raftAddress, address, credential } = request;
  const role = request.hasAgent ? "hybrid" : "manager";
  const known = view.node(id);
  if (known) {
    if (!await verifyCredential(credential, known.credentialHash)) {
      const hint = "join with an empty data directory";
      throw new WarrenError("TOKEN_REFUSED", `Cannot ${doing}: the node is another machine's`, {
        hint,
      });
    }
    if (known.role === "worker") {
      const message = `Cannot ${doing}: the node is a worker of this cluster`;
      const hint = `run "warren node promote ${known.name}" to make a manager of it`;
      throw new WarrenError("NOT_PERMITTED", message, { hint });
    }
    // What was told later stays when the first request is made again.
    const told = {
      raftAddress: raftAddress || known.raftAddress,
      address: address || known.address,
    };
    const isDone = known.memberId === memberId && known.raftAddress === told.raftAddress &&
      known.address === told.address && known.role === role;
    return isDone ? null : { kind: "node.member", id, memberId, role, ...told };
  }
  if (view.cluster()?.removedNodes?.some((removed) => removed.id === id)) {
    throw new WarrenError(
      "NODE_REMOVED",
      `Cannot ${doing}: this node was removed from the cluster`,
    );
  }
  return { kind: "node.create", node: await newNode(context, request) };
}

async function newNode(
  { clock }: ApiContext,
  request: JoinManagerRequest,
): Promise<Omit<Node, "version">> {
  const { description, name, address, memberId, raftAddress } = request;
  if (!description) throw new WarrenError("BAD_REQUEST", "A join carries a description");
  const nowMs = clock.wallNow();
  return {
    id: asId<NodeId>(request.nodeId),
    name,
    role: request.hasAgent ? "hybrid" : "manager",
    availability: "active",
    status: "unknown",
    statusMessage: "has joined and is catching up",
    address,
    memberId,
    raftAddress,
    labels: { ...request.labels },
    description: descriptionFromProto(description),
    credentialHash: await hashCredential(request.credential),
    joinedMs: nowMs,
    updatedMs: nowMs,
  };
}

/** @throws WarrenError INVALID_SPEC with all faults; NOT_PERMITTED for addresses of other machines */
function checkForm(request: JoinManagerRequest, doing: string): void {
  const { nodeId, memberId, credential } = request;
  const faults: FieldFault[] = [
    ...validateName("name", request.name),
    ...validateLabels("labels", request.labels),
  ];
  if (!isId(nodeId)) faults.push({ path: "nodeId", message: "must be an id" });
  if (!isId(memberId)) faults.push({ path: "memberId", message: "must be an id" });
  if (!/^[a-z0-9]{32,256}$/.test(credential)) {
    faults.push({ path: "credential", message: "must be 32 to 256 small letters and digits" });
  }
  if (faults.length > 0) throw new WarrenError("INVALID_SPEC", `Cannot ${doing}`, { faults });
  checkAddress("address", request.address, doing);
  checkAddress("raftAddress", request.raftAddress, doing);
}

/** "" stands for an address that is told later, once it is bound. */
function checkAddress(path: string, text: string, doing: string): void {
  if (text === "") return;
  const address = parseAddress(text);
  if (address.kind !== "tcp" || address.port === 0) {
    const faults = [{ path, message: "must be HOST:PORT" }];
    throw new WarrenError("INVALID_SPEC", `Cannot ${doing}`, { faults });
  }
  if (isLocal(address)) return;
  const message = `Cannot ${doing}: other machines would reach ${text} without encryption`;
  const hint = "use 127.0.0.1; managers on other machines arrive with TLS";
  throw new WarrenError("NOT_PERMITTED", message, { hint });
}
