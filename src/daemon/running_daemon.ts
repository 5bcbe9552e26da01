/**
 * What a start gives and what it is given: shared by the starts of managers and workers.
 */
import type { Log, WarrenError } from "../lib/mod.ts";
import type { DataDir } from "./data_dir.ts";
import type { RoleChange } from "./role/role_change.ts";
import type { Settings } from "./settings.ts";

/** What a daemon is started from. */
export interface StartParts {
  readonly dataDir: DataDir;
  readonly settings: Settings;
  readonly log: Log;
  /** Aborted when the daemon is told to stop before it is up. */
  readonly signal: AbortSignal;
}

/** A daemon that is up. */
export interface RunningDaemon extends AsyncDisposable {
  readonly nodeId: string;
  /** Where the cluster API listens, or "" for a worker. */
  readonly listenAddr: string;
  readonly metricsAddr: string;
  readonly socket: string;
  /** Settles with what leaves the daemon useless: a log that cannot be written, a node removed. */
  readonly failed: Promise<WarrenError>;
  /**
   * Settles when the managers want the node to be the other kind; absent where nobody listens. Another
   * promise once they have changed their mind.
   */
  readonly changed?: Promise<RoleChange>;
}
