/**
 * The verb list of the system: every change the cluster can undergo. Entries of the log are lists
 * of proposals, each an atomic list of these; `apply*.ts` carries them out.
 *
 * Times and ids come with the action: apply reads no clock and no randomness. A precondition
 * (`ifVersion`, "the service still has this revision") travels with the action and is refused the
 * same way on every replica.
 */
import type { WallMs } from "../lib/mod.ts";
import type {
  Availability,
  Cluster,
  Config,
  ConfigId,
  DesiredState,
  Labels,
  Node,
  NodeDescription,
  NodeId,
  NodeRole,
  NodeStatus,
  Rollout,
  Sealed,
  Secret,
  SecretId,
  Service,
  ServiceId,
  ServiceSpec,
  TaskId,
  TaskStatus,
  Unplaced,
  Version,
  Volume,
  VolumeId,
} from "../model/mod.ts";

/** A task as the planner creates it: its spec is the service's own at `revision`. */
export interface NewTask {
  readonly id: TaskId;
  readonly serviceId: ServiceId;
  /** Refused unless the service has just this revision and restart count. */
  readonly revision: number;
  readonly restartCount: number;
  readonly slot: number;
  /** Null when no node was suitable; `unplaced` then says why. */
  readonly nodeId: NodeId | null;
  readonly unplaced: Unplaced | null;
}

/** Store fields that apply fills in itself. */
type Fresh<T> = Omit<T, "version">;

/** A node as it joins: without membership unless it says so, as all did in older logs. */
export type NewNode =
  & Omit<Fresh<Node>, "memberId" | "raftAddress">
  & Partial<Pick<Node, "memberId" | "raftAddress">>;

/** One change. `atMs` is the proposer's wall time, for the record. */
export type Action =
  | { readonly kind: "cluster.create"; readonly cluster: Fresh<Cluster> }
  | {
    readonly kind: "cluster.token";
    readonly role: "worker" | "manager";
    readonly token: Sealed;
  }
  /** What a new leader proposes first; ignored, not refused, when a later term is known. */
  | { readonly kind: "cluster.leader"; readonly id: NodeId; readonly term: number }
  | { readonly kind: "node.create"; readonly node: NewNode }
  | {
    readonly kind: "node.update";
    readonly id: NodeId;
    readonly availability?: Availability;
    readonly labels?: Labels;
    readonly role?: NodeRole;
    readonly name?: string;
    readonly ifVersion?: Version;
  }
  | {
    readonly kind: "node.describe";
    readonly id: NodeId;
    readonly description: NodeDescription;
    readonly address: string;
    /** Left as it is unless given. */
    readonly raftAddress?: string;
  }
  /** Makes a member of the consensus group of the node, or with "" a node that is none any more. */
  | {
    readonly kind: "node.member";
    readonly id: NodeId;
    /** Refused when another node has or had it, or when the node has another one. */
    readonly memberId: string;
    readonly raftAddress: string;
    readonly role: NodeRole;
    /** Of its API; left as it is unless given. */
    readonly address?: string;
  }
  | {
    readonly kind: "node.status";
    readonly id: NodeId;
    readonly status: NodeStatus;
    readonly message: string;
  }
  | { readonly kind: "node.remove"; readonly id: NodeId }
  | {
    readonly kind: "service.create";
    readonly service: Pick<Service, "id" | "spec">;
  }
  /** A spec that needs new tasks makes the next revision and starts a rollout. */
  | {
    readonly kind: "service.update";
    readonly id: ServiceId;
    readonly spec: ServiceSpec;
    readonly ifVersion?: Version;
    /** Set when this goes back to an earlier revision by request. */
    readonly rollback?: true;
  }
  | { readonly kind: "service.restart"; readonly id: ServiceId }
  /** Removes the service and asks for the removal of its tasks. */
  | { readonly kind: "service.remove"; readonly id: ServiceId; readonly ifVersion?: Version }
  | {
    readonly kind: "service.rollout";
    readonly id: ServiceId;
    readonly revision: number;
    readonly rollout: Rollout;
  }
  | { readonly kind: "task.create"; readonly task: NewTask }
  /** Gives a pending task its node; refused when it has one or is to end. */
  | { readonly kind: "task.place"; readonly id: TaskId; readonly nodeId: NodeId }
  | { readonly kind: "task.unplaced"; readonly id: TaskId; readonly unplaced: Unplaced }
  /** Desired state only moves from running to shutdown to remove. */
  | { readonly kind: "task.desire"; readonly id: TaskId; readonly desired: DesiredState }
  /** Ignored, not refused, when not newer than what is known. */
  | { readonly kind: "task.report"; readonly id: TaskId; readonly status: TaskStatus }
  | { readonly kind: "task.remove"; readonly id: TaskId }
  | { readonly kind: "secret.create"; readonly secret: Fresh<Secret> }
  | {
    readonly kind: "secret.update";
    readonly id: SecretId;
    readonly sealed: Sealed;
    readonly sizeBytes: number;
    readonly labels: Labels;
    readonly ifVersion?: Version;
  }
  | { readonly kind: "secret.remove"; readonly id: SecretId }
  | { readonly kind: "config.create"; readonly config: Fresh<Config> }
  | {
    readonly kind: "config.update";
    readonly id: ConfigId;
    readonly data: string;
    readonly sizeBytes: number;
    readonly labels: Labels;
    readonly ifVersion?: Version;
  }
  | { readonly kind: "config.remove"; readonly id: ConfigId }
  | { readonly kind: "volume.create"; readonly volume: Fresh<Volume> }
  | {
    readonly kind: "volume.update";
    readonly id: VolumeId;
    readonly labels: Labels;
    readonly ifVersion?: Version;
  }
  | { readonly kind: "volume.remove"; readonly id: VolumeId }
  /** Refused unless the store is still at `index`: what a saved or shown plan was made for. */
  | { readonly kind: "check.unchanged"; readonly versions: readonly ObjectVersion[] };

/** An object and the version it must still have; version 0 means "must not exist". */
export interface ObjectVersion {
  readonly table: "services" | "secrets" | "configs" | "volumes";
  readonly name: string;
  readonly version: Version;
}

/** What is agreed on and applied whole or not at all. */
export interface Proposal {
  readonly actions: readonly Action[];
  /** The proposer's wall time; apply never lets recorded time go back. */
  readonly atMs: WallMs;
  /** Makes a repeated proposal apply once; "" for none. */
  readonly requestId: string;
}

/** A log entry: one or more proposals that were written together. */
export type Entry = readonly Proposal[];
