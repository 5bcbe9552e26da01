/**
 * The state of a running manager: what its parts are built on.
 */
import type { Log, SteadyClock, WarrenError } from "../lib/mod.ts";
import type { LocalProposer } from "../manager/mod.ts";
import type { NodeId } from "../model/mod.ts";
import type { Sealer } from "../security/mod.ts";
import type { EventBuffer, Store } from "../store/mod.ts";
import type { MetricsRegistry } from "../telemetry/mod.ts";
import type { NodeIdentity } from "./data_dir.ts";

/** What a manager is once its log was replayed. */
export interface ManagerState {
  readonly identity: NodeIdentity;
  readonly selfId: NodeId;
  readonly store: Store;
  readonly events: EventBuffer;
  readonly proposer: LocalProposer;
  readonly sealer: Sealer;
  /** The time of decisions and records; never behind what is recorded. */
  readonly clock: SteadyClock;
  readonly registry: MetricsRegistry;
  readonly log: Log;
  readonly failed: Promise<WarrenError>;
}
