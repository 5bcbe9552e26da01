/**
 * A rollout in progress: how far the change from one revision to the next has come.
 *
 * Kept in the store, so that a new leader continues where the old one stopped.
 */
import type { WallMs } from "../lib/mod.ts";

/** `updating` and `rolling_back` are active; the others have ended. */
export type RolloutState =
  | "updating"
  | "paused"
  | "completed"
  | "rolling_back"
  | "rolled_back"
  | "failed";

/** Progress of one rollout. */
export interface Rollout {
  readonly state: RolloutState;
  /** Revision that is replaced. */
  readonly fromRevision: number;
  /** Revision that is put in place. */
  readonly toRevision: number;
  /** In plain words: why it paused, failed or was rolled back. */
  readonly message: string;
  readonly startedMs: WallMs;
  /** When the last batch was started; the next one waits for delay and monitor after it. */
  readonly stepMs: WallMs;
  readonly endedMs: WallMs | null;
  /** New tasks that failed within their monitor window. */
  readonly failures: number;
}
