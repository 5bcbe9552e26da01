/**
 * How consensus' refusals are told: as errors with a reason, and as outcomes of proposals.
 *
 * `not taken` is said only where it is certain; everything else leaves the outcome open.
 */
import { type Reason, WarrenError } from "../../lib/mod.ts";
import type { Entry, Refusal } from "../../raft/mod.ts";
import type { Committed } from "../transport/transport.ts";
import type { CommittedEntry, ProposalOutcome } from "./protocol.ts";
import type { Settled } from "./waiting.ts";

/** Why a change of members was not taken. */
export const CHANGE_REASONS: Readonly<Record<Refusal, Reason>> = {
  "not leader": "NO_LEADER",
  "stopped": "STOPPING",
  "bad change": "NOT_PERMITTED",
  // These pass by themselves.
  "transferring": "CHANGE_IN_FLIGHT",
  "too many uncommitted": "CHANGE_IN_FLIGHT",
  "change in flight": "CHANGE_IN_FLIGHT",
  "no own commit yet": "CHANGE_IN_FLIGHT",
};

/** What the state machine is given of an entry. */
export function committedEntry({ index, term, payload }: Entry): CommittedEntry {
  return { index, term, data: payload.kind === "data" ? payload.data : null };
}

/** What a proposer is told of how its wait ended. */
export function outcomeOf(how: Settled, at: Committed): ProposalOutcome {
  if (how === "committed") return { kind: "committed", ...at };
  if (how === "replaced") return { kind: "not taken", error: noLeader().toInfo() };
  return { kind: "unknown", error: unknownOutcome().toInfo() };
}

/** Why a proposal was not taken. */
export function refusalOf(reason: Refusal): WarrenError {
  if (reason !== "too many uncommitted") return noLeader();
  return new WarrenError("TOO_MANY", "Cannot propose the change: too many others wait");
}

/** Surely not taken. */
export function noLeader(): WarrenError {
  return new WarrenError("NO_LEADER", "Cannot propose the change: there is no leader just now");
}

/** Surely not taken: the log has no room. */
export function diskFull(): WarrenError {
  return new WarrenError("DISK_FULL", "Cannot propose the change: the leader's disk is full");
}

/** It may have been committed. */
export function unknownOutcome(): WarrenError {
  return new WarrenError("UNKNOWN_OUTCOME", "The leader was lost before it answered");
}
