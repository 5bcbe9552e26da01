/**
 * A node: a machine with an agent. Its description is the agent's word, its availability the
 * operator's, its status the leader's.
 */
import type { WallMs } from "../lib/mod.ts";
import type { NodeId, Version } from "./ids.ts";
import type { Labels, ResourceAmounts, RuntimeChoice } from "./service.ts";

/** What a node does, and whether the leader hears from it. */
export type NodeRole = "manager" | "worker" | "hybrid";
export type NodeStatus = "ready" | "down" | "unknown";
/** `pause` takes no new tasks; `drain` also gives up those it has. */
export type Availability = "active" | "pause" | "drain";

/** What the agent says of its machine. */
export interface NodeDescription {
  readonly hostname: string;
  /** `linux` or `darwin`. */
  readonly os: string;
  /** `amd64` or `arm64`. */
  readonly arch: string;
  /** Runtimes the agent offers, its own choice for `auto` first; empty with `--runtime none`. */
  readonly runtimes: readonly Exclude<RuntimeChoice, "auto">[];
  /** Engine name and version, or "". */
  readonly engine: string;
  /** What tasks may use: cgroup-aware, not what the hardware has. */
  readonly resources: ResourceAmounts;
  /** Version of Warren on the node. */
  readonly version: string;
}

/** A node in the store. */
export interface Node {
  readonly id: NodeId;
  readonly name: string;
  readonly role: NodeRole;
  readonly availability: Availability;
  readonly status: NodeStatus;
  /** Why the status is what it is, or "". */
  readonly statusMessage: string;
  /** Host and port that others reach the node at, or "" for a worker that only dials out. */
  readonly address: string;
  /**
   * Identity in the consensus group, or "" for a node that is no member. Made anew at each promotion
   * and join and never used again: a member that forgot its votes must not come back under its name.
   */
  readonly memberId: string;
  /** Host and port of the Raft listener, or "" for a node that is no member. */
  readonly raftAddress: string;
  readonly labels: Labels;
  readonly description: NodeDescription;
  /** SHA-256, hex, of the secret the node proves itself with. */
  readonly credentialHash: string;
  readonly joinedMs: WallMs;
  readonly updatedMs: WallMs;
  readonly version: Version;
}
