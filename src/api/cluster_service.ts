/** ClusterService: the cluster itself, its managers, and the tokens that machines join with. */
import { VERSION, WarrenError } from "../lib/mod.ts";
import { type NodeId, quoteText } from "../model/mod.ts";
import { ClusterServiceService, type Member } from "../rpc/gen/warren/v1/cluster.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import { generateJoinToken, type TokenRole } from "../security/mod.ts";
import { Backups } from "./cluster/backup.ts";
import { joinManager } from "./cluster/join_manager.ts";
import type { ApiContext } from "./context.ts";
import { propose, type ProposingCall } from "./propose.ts";
import { resolveNode } from "./resolve.ts";

/** The service to add to a server. */
export function clusterService(context: ApiContext): ServedService {
  const backups = new Backups(context);
  return serve(ClusterServiceService, {
    getClusterInfo: () => {
      const cluster = getCluster(context);
      const managers = context.members().map((member) => ({ ...member })).sort(byName);
      const leader = context.consensus.leader();
      return {
        clusterId: cluster.id,
        leaderId: leader?.id ?? "",
        leaderAddress: leader?.address ?? "",
        managers,
        raft: context.raft(),
        version: VERSION,
        createdMs: cluster.createdMs,
      };
    },
    joinManager: (request, call) => joinManager(context, request, call),
    transferLeader: async ({ ref }, { signal }) => {
      return { leaderId: await transferLeader(context, ref, signal) };
    },
    backup: (_, call) => backups.send(call),
    getJoinToken: async ({ role, rotate }, call) => {
      const known = parseRole(role);
      return {
        token: rotate ? await rotateToken(context, known, call) : await readToken(context, known),
      };
    },
  });
}

function byName(a: Member, b: Member): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** @throws WarrenError NODE_NOT_FOUND, NODE_NOT_VOTER, NODE_UNREACHABLE, DEADLINE_PASSED */
async function transferLeader(
  { view, consensus, members }: ApiContext,
  ref: string,
  signal: AbortSignal,
): Promise<NodeId> {
  if (ref === "") {
    if (members().filter(({ voter }) => voter).length < 2) {
      throw new WarrenError(
        "NODE_NOT_VOTER",
        "Cannot move leadership: no other manager has a vote",
      );
    }
    return await consensus.transferLeader(null, signal);
  }
  const node = resolveNode(view, ref);
  const doing = `move leadership to node "${node.name}"`;
  const member = members().find(({ id }) => id === node.id);
  if (!member?.voter) {
    const state = member ? "it has no vote yet" : "it is no manager";
    throw new WarrenError("NODE_NOT_VOTER", `Cannot ${doing}: ${state}`);
  }
  if (consensus.leader()?.id === node.id) return node.id;
  if (!member.reachable) {
    throw new WarrenError("NODE_UNREACHABLE", `Cannot ${doing}: it cannot be reached`);
  }
  return await consensus.transferLeader(node.id, signal);
}

function getCluster({ view, consensus }: ApiContext) {
  const cluster = view.cluster();
  if (cluster) return cluster;
  if (consensus.isLeader()) {
    throw new WarrenError("NOT_INITIALISED", "There is no cluster here yet");
  }
  // There is one: it has not been heard of.
  const message = "This manager knows nothing of its cluster before a leader tells it";
  const hint = "start the other managers, or ask another one with --host";
  throw new WarrenError("NO_LEADER", message, { hint });
}

function parseRole(role: string): TokenRole {
  if (role === "worker" || role === "manager") return role;
  throw new WarrenError("BAD_REQUEST", `Cannot join as ${quoteText(role)}: say worker or manager`);
}

async function readToken(context: ApiContext, role: TokenRole): Promise<string> {
  const { workerToken, managerToken } = getCluster(context);
  const sealed = role === "worker" ? workerToken : managerToken;
  const bytes = await context.sealer.open({ purpose: "join-token", name: role }, sealed);
  return new TextDecoder().decode(bytes);
}

async function rotateToken(
  context: ApiContext,
  role: TokenRole,
  call: ProposingCall,
): Promise<string> {
  const text = generateJoinToken(role);
  const bytes = new TextEncoder().encode(text);
  const token = await context.sealer.seal({ purpose: "join-token", name: role }, bytes);
  await propose(context, [{ kind: "cluster.token", role, token }], call);
  return await readToken(context, role);
}
