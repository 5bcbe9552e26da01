/**
 * Consensus as the API and the rest of a manager ask for it: by nodes, not by members.
 *
 * The one place that knows both names. A member is found by the `memberId` of a node's record.
 */
import type { Consensus, Leader, MembershipStep } from "../api/mod.ts";
import { sleep, WarrenError } from "../lib/mod.ts";
import type { Node, NodeId } from "../model/mod.ts";
import type { Member } from "../rpc/gen/warren/v1/cluster.ts";
import type { ManagerState } from "./manager_state.ts";

/** How long a new leader may take to be known here after a transfer, in milliseconds. */
const NEW_LEADER_MS = 3_000;
const LOOK_MS = 10;

/** The consensus group behind `state`. */
export function consensusOf(state: ManagerState): Consensus {
  const { raft, dataKey } = state;
  return {
    isLeader: () => raft.leadingTerm !== null,
    fresh: (signal) => raft.fresh(signal),
    transferLeader: (to, signal) => transferLeader(state, to, signal),
    changeMembership: async ({ kind, id }: MembershipStep) => {
      const { memberId } = getMember(state, id);
      await raft.changeMembership({ kind, id: memberId });
    },
    leader: () => leaderOf(state),
    onLeaderChange: (listener) => onLeaderChange(state, listener),
    dataKey: () => dataKey,
  };
}

/** Every member with its node, this one included; before the first news, none. */
export function membersOf({ raft, store, identity }: ManagerState): readonly Member[] {
  const { status } = raft;
  if (!status) return [];
  const { voters, outgoing, learners } = status.membership;
  const nodes = nodesByMember(store.view.nodes());
  const ids = [...new Set([...voters, ...outgoing, ...learners])];
  const recent = new Set(status.peers.filter(({ isRecent }) => isRecent).map(({ id }) => id));
  const heard = status.role === "leader" ? recent : new Set(status.connected);
  return ids.map((memberId) => {
    const node = nodes.get(memberId);
    return {
      id: node?.id ?? memberId,
      name: node?.name ?? "",
      address: node?.address ?? "",
      voter: voters.includes(memberId),
      leader: status.leader === memberId,
      reachable: memberId === identity.memberId || heard.has(memberId),
    };
  });
}

function nodesByMember(nodes: Iterable<Node>): ReadonlyMap<string, Node> {
  const byMember = new Map<string, Node>();
  for (const node of nodes) if (node.memberId !== "") byMember.set(node.memberId, node);
  return byMember;
}

function leaderOf({ raft, store }: ManagerState): Leader | null {
  const { leader } = raft;
  if (leader === null) return null;
  const node = nodesByMember(store.view.nodes()).get(leader);
  return node && node.address !== "" ? { id: node.id, address: node.address } : null;
}

function getMember({ store }: ManagerState, id: NodeId): Node {
  const node = store.view.node(id);
  if (node && node.memberId !== "") return node;
  const what = `Node "${node?.name ?? id}" is not a manager`;
  throw new WarrenError("NODE_NOT_VOTER", what);
}

async function transferLeader(
  state: ManagerState,
  to: NodeId | null,
  signal: AbortSignal,
): Promise<NodeId> {
  const { raft, clock, identity } = state;
  await raft.transferLeader(to === null ? null : getMember(state, to).memberId);
  const untilMs = clock.monoNow() + NEW_LEADER_MS;
  for (;;) {
    const leader = leaderOf(state);
    if (leader && raft.leader !== identity.memberId) return leader.id;
    if (clock.monoNow() >= untilMs) {
      throw new WarrenError(
        "NO_LEADER",
        "Leadership was handed over, but no new leader is known yet",
      );
    }
    await sleep(clock, LOOK_MS, signal);
  }
}

function onLeaderChange(state: ManagerState, listener: () => void): () => void {
  const { raft } = state;
  const look = () => `${raft.leader} ${raft.leadingTerm} ${leaderOf(state)?.address}`;
  let before = look();
  const check = () => {
    const now = look();
    if (now === before) return;
    before = now;
    listener();
  };
  const stops = [raft.onStatus(check), raft.onLeading(check)];
  return () => stops.forEach((stop) => stop());
}
