/**
 * The state of a running manager: what its parts are built on.
 */
import type { Log, SteadyClock, WarrenError } from "../lib/mod.ts";
import type { RaftNode } from "../manager/mod.ts";
import type { NodeId } from "../model/mod.ts";
import type { Sealer } from "../security/mod.ts";
import type { EventBuffer, Store } from "../store/mod.ts";
import type { MetricsRegistry } from "../telemetry/mod.ts";
import type { NodeIdentity } from "./data_dir.ts";

/** What a manager is once its log was recovered. */
export interface ManagerState {
  readonly identity: NodeIdentity;
  readonly selfId: NodeId;
  readonly store: Store;
  readonly events: EventBuffer;
  /** The entrance for changes, the way to fresh reads, and who leads. */
  readonly raft: RaftNode;
  readonly sealer: Sealer;
  /** What secrets are sealed under; handed to managers that join. */
  readonly dataKey: Uint8Array;
  /** The time of decisions and records; never behind what is recorded. */
  readonly clock: SteadyClock;
  readonly registry: MetricsRegistry;
  readonly log: Log;
  /** Settles with what leaves this manager useless. */
  readonly failed: Promise<WarrenError>;
  /** Settles when the leader says that this member was removed. */
  readonly removed: Promise<void>;
}
