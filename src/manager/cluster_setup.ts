/**
 * The first proposal of a cluster: its own record, its join tokens and its first node, as one
 * atomic change, so that a crash leaves a whole cluster or none.
 */
import { VERSION, type WallMs, WarrenError } from "../lib/mod.ts";
import { type ClusterId, type NodeId, type NodeRole } from "../model/mod.ts";
import { hashCredential, type Sealer } from "../security/mod.ts";
import type { Action, Proposer, StateView } from "../store/mod.ts";
import { sealedJoinToken } from "./credentials.ts";

/** The manager's own node, as it is recorded. */
export interface SelfNode {
  readonly id: NodeId;
  readonly credential: string;
  readonly name: string;
  readonly role: NodeRole;
  readonly address: string;
  /** Its member of the managers' group, and where that listens. */
  readonly memberId: string;
  readonly raftAddress: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name and labels that this very start asks for: operators may have chosen others since. */
  readonly asked: {
    readonly nodeName: string | null;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly os: string;
  readonly arch: string;
}

/** What {@link setUpCluster} works with. */
export interface SetupParts {
  readonly view: StateView;
  readonly proposer: Proposer;
  readonly sealer: Sealer;
  readonly clusterId: ClusterId;
  /** The term in which this manager leads. */
  readonly term: number;
  readonly nowMs: WallMs;
}

/**
 * Makes the cluster unless the store has one. Called by the founder once it leads.
 *
 * @throws WarrenError what the proposer throws, or the refusal of the change
 */
export async function setUpCluster(self: SelfNode, parts: SetupParts): Promise<void> {
  if (parts.view.cluster()) return;
  const { proposer, sealer, clusterId, term, nowMs } = parts;
  const [workerToken, managerToken, credentialHash] = await Promise.all([
    sealedJoinToken(sealer, "worker"),
    sealedJoinToken(sealer, "manager"),
    hashCredential(self.credential),
  ]);
  const applied = await proposer.propose([
    {
      kind: "cluster.create",
      cluster: {
        id: clusterId,
        createdMs: nowMs,
        workerToken,
        managerToken,
      },
    },
    {
      kind: "node.create",
      node: {
        id: self.id,
        name: self.name,
        role: self.role,
        availability: "active",
        status: "unknown",
        statusMessage: "is starting",
        address: self.address,
        memberId: self.memberId,
        raftAddress: self.raftAddress,
        labels: self.labels,
        description: {
          hostname: self.name,
          os: self.os,
          arch: self.arch,
          runtimes: [],
          engine: "",
          resources: { milliCpus: 0, memoryBytes: 0 },
          version: VERSION,
        },
        credentialHash,
        joinedMs: nowMs,
        updatedMs: nowMs,
      },
    },
    { kind: "cluster.leader", id: self.id, term },
  ]);
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
}

/**
 * Brings the record of this node up to date: where it listens, and what the flags of this start ask
 * for. Without flags it stays as operators have it.
 *
 * @throws WarrenError NODE_REMOVED when the cluster does not know the node, or what the proposer throws
 */
export async function refreshSelf(
  self: SelfNode,
  { view, proposer }: Pick<SetupParts, "view" | "proposer">,
): Promise<void> {
  const known = view.node(self.id);
  if (!known) {
    throw new WarrenError("NODE_REMOVED", "This node was removed from the cluster");
  }
  const { asked, role, id, address, raftAddress } = self;
  const actions: Action[] = [];
  const name = asked.nodeName ?? known.name;
  const labels = { ...known.labels, ...asked.labels };
  const hasLabels = Object.entries(asked.labels).every(([key, value]) =>
    known.labels[key] === value
  );
  if (!hasLabels || known.name !== name || known.role !== role) {
    actions.push({ kind: "node.update", id, name, role, labels });
  }
  if (known.address !== address || known.raftAddress !== raftAddress) {
    const { description } = known;
    actions.push({ kind: "node.describe", id, description, address, raftAddress });
  }
  if (actions.length === 0) return;
  const applied = await proposer.propose(actions);
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
}
