/**
 * The first proposal of a cluster: its own record, its join tokens and its first node, as one
 * atomic change, so that a crash leaves a whole cluster or none.
 */
import { type IdSource, VERSION, type WallMs, WarrenError } from "../lib/mod.ts";
import { asId, type ClusterId, type NodeId, type NodeRole } from "../model/mod.ts";
import { hashCredential, type Sealer } from "../security/mod.ts";
import type { Proposer, StateView } from "../store/mod.ts";
import { sealedJoinToken } from "./credentials.ts";

/** The manager's own node, as it is recorded. */
export interface SelfNode {
  readonly id: NodeId;
  readonly credential: string;
  readonly name: string;
  readonly role: NodeRole;
  readonly address: string;
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
  readonly ids: IdSource;
  readonly nowMs: WallMs;
}

/**
 * Makes the cluster unless the store has one, and brings the record of this node up to date.
 *
 * @throws WarrenError what the proposer throws, or the refusal of the change
 */
export async function setUpCluster(self: SelfNode, parts: SetupParts): Promise<void> {
  if (parts.view.cluster()) return await refreshSelf(self, parts);
  const { proposer, sealer, ids, nowMs } = parts;
  const [workerToken, managerToken, credentialHash] = await Promise.all([
    sealedJoinToken(sealer, "worker"),
    sealedJoinToken(sealer, "manager"),
    hashCredential(self.credential),
  ]);
  const applied = await proposer.propose([
    {
      kind: "cluster.create",
      cluster: {
        id: asId<ClusterId>(ids.next()),
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
  ]);
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
}

/** Flags of a later start name the node anew or label it; without them it stays as it is known. */
async function refreshSelf(self: SelfNode, { view, proposer }: SetupParts): Promise<void> {
  const known = view.node(self.id);
  if (!known) {
    throw new WarrenError("DATA_CORRUPT", "This manager's own node is missing from the cluster");
  }
  const { asked, role } = self;
  const name = asked.nodeName ?? known.name;
  const labels = { ...known.labels, ...asked.labels };
  const hasLabels = Object.entries(asked.labels).every(([key, value]) =>
    known.labels[key] === value
  );
  if (hasLabels && known.name === name && known.role === role) return;
  const applied = await proposer.propose([
    { kind: "node.update", id: self.id, name, role, labels },
  ]);
  if (!applied.ok) throw WarrenError.fromInfo(applied.error);
}
