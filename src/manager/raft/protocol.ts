/**
 * What the main thread and the Raft Worker say to each other, as plain data.
 *
 * Main has the state machine, the Worker has consensus. Messages of one direction keep their order,
 * so a settled proposal never overtakes the entries it depends on.
 */
import type { ErrorInfo, LogFields, LogLevel } from "../../lib/mod.ts";
import type { MemberId, Membership, MembershipChange, RaftTimes } from "../../raft/mod.ts";
import type { PeerAddress } from "../transport/transport.ts";

/** What a Raft Worker is started with. */
export interface RaftSetup {
  readonly clusterId: string;
  readonly memberId: MemberId;
  /** Directory of the log and the snapshots. */
  readonly dir: string;
  /** `host:port` to listen on. */
  readonly listenAddr: string;
  /** `host:port` that others dial; "" for the address as bound. */
  readonly advertiseAddr: string;
  /** True for the first member of a new group, which then consists of it alone. */
  readonly isFounder: boolean;
  /** The log was opened before: one that is empty now was lost. */
  readonly mustHaveLog: boolean;
  /** Index up to which this member once applied its log: it does so again without a leader. */
  readonly committed?: number;
  /** Where the others were last known to be. */
  readonly peers: readonly PeerAddress[];
  readonly times: RaftTimes;
  /** Entries after which a snapshot is taken. */
  readonly snapshotThreshold: number;
  /** Entries kept behind a snapshot. */
  readonly trailingLogs: number;
  readonly logLevel: LogLevel;
}

/** An entry to apply; null carries nothing for the state machine. */
export interface CommittedEntry {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array | null;
}

/** How a proposal ended, as far as consensus is concerned. */
export type ProposalOutcome =
  | { readonly kind: "committed"; readonly index: number; readonly term: number }
  /** Surely not in the log: it may be proposed again. */
  | { readonly kind: "not taken"; readonly error: ErrorInfo }
  /** It may still be committed. */
  | { readonly kind: "unknown"; readonly error: ErrorInfo };

/** A proposal on its way into the log. */
export interface ProposalRequest {
  readonly id: number;
  readonly data: Uint8Array;
  /** Only while this member leads in this term; null sends it on to whoever leads. */
  readonly term: number | null;
}

/** Another member as the leader sees it. */
export interface PeerView {
  readonly id: MemberId;
  readonly matchIndex: number;
  /** Heard from within the heartbeat timeout. */
  readonly isRecent: boolean;
}

/** Where this member stands. */
export interface RaftStatus {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader";
  readonly term: number;
  readonly leader: MemberId | null;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly committed: number;
  readonly membership: Membership;
  /** Whether this member leads and has committed an entry of its own term, and where that is. */
  readonly leadership: { readonly term: number; readonly noopIndex: number } | null;
  /** Of a leader: the others. */
  readonly peers: readonly PeerView[];
  /** Members with a working connection. */
  readonly connected: readonly MemberId[];
  readonly isRecovering: boolean;
  /** The disk has no room for another log file. */
  readonly isDiskFull: boolean;
}

/** From main to the Worker. */
export type ToRaft =
  | { readonly kind: "start"; readonly setup: RaftSetup }
  | { readonly kind: "propose"; readonly proposals: readonly ProposalRequest[] }
  | { readonly kind: "read"; readonly id: number }
  | { readonly kind: "applied"; readonly index: number }
  | { readonly kind: "state.begin"; readonly index: number }
  | { readonly kind: "state.chunk"; readonly bytes: Uint8Array }
  | { readonly kind: "state.end" }
  | { readonly kind: "state.failed" }
  | { readonly kind: "transfer"; readonly id: number; readonly to: MemberId | null }
  | { readonly kind: "change"; readonly id: number; readonly change: MembershipChange }
  | { readonly kind: "addresses"; readonly peers: readonly PeerAddress[] }
  | { readonly kind: "stop" };

/** From the Worker to main. */
export type FromRaft =
  /** It listens: now it can be told to start. */
  | { readonly kind: "awake" }
  | { readonly kind: "started"; readonly address: string }
  | { readonly kind: "restore"; readonly index: number; readonly state: Uint8Array }
  | { readonly kind: "apply"; readonly entries: readonly CommittedEntry[] }
  | { readonly kind: "proposed"; readonly id: number; readonly outcome: ProposalOutcome }
  /** Null: ask again. */
  | { readonly kind: "read"; readonly id: number; readonly index: number | null }
  | { readonly kind: "answer"; readonly id: number; readonly error: ErrorInfo | null }
  /** Main is to send its state, as of whatever it has applied. */
  | { readonly kind: "save" }
  /** The last chunk is on the disk. */
  | { readonly kind: "saving" }
  | { readonly kind: "status"; readonly status: RaftStatus }
  | { readonly kind: "address"; readonly peer: PeerAddress }
  | { readonly kind: "removed"; readonly by: MemberId }
  | { readonly kind: "synced"; readonly seconds: readonly number[] }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly message: string;
    readonly fields: LogFields;
  }
  | { readonly kind: "failed"; readonly error: ErrorInfo }
  | { readonly kind: "stopped" };
