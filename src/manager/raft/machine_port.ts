/**
 * What consensus tells the state machine's side; messages to the main thread in production.
 */
import type { ErrorInfo, WarrenError } from "../../lib/mod.ts";
import type { MemberId } from "../../raft/mod.ts";
import type { PeerAddress } from "../transport/transport.ts";
import type { CommittedEntry, ProposalOutcome, RaftStatus } from "./protocol.ts";

/** Told in order. */
export interface MachinePort {
  /** Committed entries, in log order and without a gap after the last state. */
  apply(entries: readonly CommittedEntry[]): void;
  /** The whole state at `index`, in place of whatever is there. The bytes are given away. */
  restore(index: number, state: Uint8Array<ArrayBuffer>): void;
  /** Asks for the state, handed in pieces. */
  save(): void;
  /** The last piece is on the disk: the next may come. */
  saving(): void;
  /** How a proposal ended; after the entries up to it. */
  proposed(id: number, outcome: ProposalOutcome): void;
  /** A read may be answered once `index` is applied; null: ask again. */
  read(id: number, index: number | null): void;
  /** A transfer or a change of members is through, or why not. */
  answer(id: number, error: ErrorInfo | null): void;
  status(status: RaftStatus): void;
  /** A member said where it listens. */
  address(peer: PeerAddress): void;
  /** The leader says that this member was removed. */
  removed(by: MemberId): void;
  /** How long writes of the log took. */
  synced(seconds: readonly number[]): void;
  /** Nothing goes on here any more. */
  failed(error: WarrenError): void;
}
