/**
 * What a manager keeps in the data directory besides its settings, and how it comes and goes when a
 * daemon changes its kind.
 *
 * The node and its secret stay the same; its member of the managers' group does not. Invariant: a
 * member whose log was thrown away never comes back, and whatever is cut short can be done again.
 */
import { fileIdentity } from "../../agent/mod.ts";
import { WarrenError } from "../../lib/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import type { DataDir, NodeIdentity } from "../data_dir.ts";

/** What belongs to a member; its name goes last, so that a removal cut short is taken up again. */
const MEMBER_DATA = ["log", "keys", "peers.json", "applied.json", "node.json"] as const;

/** What becomes of the identity that an earlier membership has left. */
export type MemberPlan = "keep" | "replace";

/**
 * Whether `kept` is the member that this node is to be. It is when the cluster says so, or when its
 * try to join was never answered: the answer may have been lost.
 */
export function planMember(kept: NodeIdentity | null, memberId: string): MemberPlan {
  if (!kept) return "replace";
  if (memberId !== "") return kept.memberId === memberId ? "keep" : "replace";
  return isUnanswered(kept) ? "keep" : "replace";
}

function isUnanswered({ clusterId, hasLog }: NodeIdentity): boolean {
  return clusterId === "" && !hasLog;
}

/**
 * Makes a worker's node ready to join the managers as `memberId`, or as a new member when that is "".
 *
 * @throws WarrenError DATA_CORRUPT when it has no identity
 */
export async function prepareMember(
  dataDir: DataDir,
  memberId: string,
  newMemberId: () => string,
): Promise<void> {
  const kept = await dataDir.identity();
  if (planMember(kept, memberId) === "keep") return;
  await removeMember(dataDir);
  const node = await fileIdentity(`${dataDir.path}/agent`).load();
  if (!node) throw new WarrenError("DATA_CORRUPT", "Cannot become a manager: who is this node?");
  await dataDir.saveIdentity({
    nodeId: node.nodeId,
    credential: node.credential,
    memberId: newMemberId(),
    clusterId: "",
    isFounder: false,
    hasLog: false,
  });
}

/** Forgets a member that was refused, so that the next try is made as another one. */
export async function forgetRefused(dataDir: DataDir): Promise<void> {
  const kept = await dataDir.identity();
  if (kept && isUnanswered(kept)) await removeMember(dataDir);
}

/** Leaves the agent what it proves its node with, as an agent that joined by itself keeps it. */
export async function leaveToAgent(dataDir: DataDir): Promise<void> {
  const identity = await dataDir.identity();
  if (!identity) return; // left to it before
  const { nodeId, credential, clusterId } = identity;
  const folder = `${dataDir.path}/agent`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await fileIdentity(folder).save({ nodeId: asId<NodeId>(nodeId), credential, clusterId });
}

/** Removes what a manager kept, its log and the key of all secrets among it. Idempotent. */
export async function removeMember(dataDir: DataDir): Promise<void> {
  for (const name of MEMBER_DATA) {
    const path = `${dataDir.path}/${name}`;
    try {
      await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw WarrenError.from(error, `Cannot remove "${path}"`);
    }
  }
}
