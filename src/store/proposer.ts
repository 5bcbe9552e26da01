/**
 * How a change enters the cluster. The store does not know what stands behind it: a single-member
 * log today, Raft tomorrow.
 */
import type { ErrorInfo } from "../lib/mod.ts";
import type { LogIndex } from "../model/mod.ts";
import type { Action } from "./action.ts";

/** The answer of apply: the same on every replica. */
export type Applied =
  | { readonly ok: true; readonly index: LogIndex }
  | { readonly ok: false; readonly error: ErrorInfo };

/** Options of one proposal. */
export interface ProposeOptions {
  /** Stops the waiting, not the proposal: its outcome is then unknown. */
  readonly signal?: AbortSignal;
  /** Makes a repeated proposal apply once. */
  readonly requestId?: string;
}

/** Entrance for changes. */
export interface Proposer {
  /**
   * Proposes `actions` as one atomic change and answers once it is durable and applied here.
   *
   * @throws WarrenError NO_LEADER, STOPPING, PROPOSAL_TOO_LARGE, TOO_MANY (queue full), DATA_CORRUPT
   *   (the log can no longer be trusted). A refused precondition is an `Applied`, not an exception.
   */
  propose(actions: readonly Action[], options?: ProposeOptions): Promise<Applied>;
}
