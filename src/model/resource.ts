/**
 * Secrets, configs, volumes and the cluster object itself.
 *
 * Secret data is only ever present sealed; nothing here can be printed by accident.
 */
import type { WallMs } from "../lib/mod.ts";
import type { ClusterId, ConfigId, NodeId, SecretId, Version, VolumeId } from "./ids.ts";
import type { Labels } from "./service.ts";

/** AES-256-GCM output, base64. Made and opened by `security/` only. */
export interface Sealed {
  /** Which data key sealed it. */
  readonly keyId: string;
  readonly nonce: string;
  /** Ciphertext with the tag at its end. */
  readonly box: string;
}

/** Fields that every stored object of this file has. */
interface Stored {
  readonly name: string;
  readonly labels: Labels;
  readonly createdMs: WallMs;
  readonly updatedMs: WallMs;
  readonly version: Version;
}

/** A secret. Its data is sealed before it is proposed. */
export interface Secret extends Stored {
  readonly id: SecretId;
  readonly sealed: Sealed;
  readonly sizeBytes: number;
  /** Counts changes of the data, from 1. */
  readonly revision: number;
}

/** A config: a file that need not be hidden. */
export interface Config extends Stored {
  readonly id: ConfigId;
  /** Base64, since it may be binary. */
  readonly data: string;
  readonly sizeBytes: number;
  readonly revision: number;
}

/** A named volume; made on a node when the first task that mounts it lands there. */
export interface Volume extends Stored {
  readonly id: VolumeId;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A node that was removed, so that its agent can be told and ends what it still runs. */
export interface RemovedNode {
  readonly id: NodeId;
  readonly credentialHash: string;
}

/** Removed nodes that are remembered; the longest gone is forgotten first. */
export const MAX_REMOVED_NODES = 1_000;

/** Members of the consensus group that are remembered after they left; longest gone forgotten first. */
export const MAX_FORMER_MEMBERS = 1_000;

/** A term's leader, for the record: who leads now is for consensus to say. */
export interface ClusterLeader {
  readonly nodeId: NodeId;
  readonly term: number;
}

/** The cluster's own record; exactly one exists after `cluster init`. */
export interface Cluster {
  readonly id: ClusterId;
  readonly createdMs: WallMs;
  /** Join tokens, sealed. */
  readonly workerToken: Sealed;
  readonly managerToken: Sealed;
  /** Who leads, as of the term that was committed last; absent before the first. */
  readonly leader?: ClusterLeader;
  /** Members that left, the last {@link MAX_FORMER_MEMBERS}; absent before the first. */
  readonly formerMembers?: readonly string[];
  /** The last {@link MAX_REMOVED_NODES}, longest gone first; absent before the first. */
  readonly removedNodes?: readonly RemovedNode[];
  readonly version: Version;
}

/** Largest secret and config, in bytes. */
export const MAX_SECRET_BYTES = 500 * 1024;
export const MAX_CONFIG_BYTES = 1024 * 1024;
