/**
 * What the API is given: the read side of the store, the entrance for changes, and the parts of a
 * manager that it must not know from within.
 *
 * The composition root fills it. The API keeps no state of its own but caches of answers.
 */
import type { Clock, IdSource, Log } from "../lib/mod.ts";
import type { NodeId } from "../model/mod.ts";
import type { RelayOrder, RelayRequest, RelayResponse } from "../rpc/gen/warren/v1/agent.ts";
import type { Member, RaftInfo } from "../rpc/gen/warren/v1/cluster.ts";
import type { TaskStats } from "../rpc/gen/warren/v1/task.ts";
import type { Sealer } from "../security/mod.ts";
import type {
  Action,
  ChangeFeed,
  EventBuffer,
  Proposer,
  StateCapture,
  StateView,
} from "../store/mod.ts";

/** A two-way stream with a node's agent, opened for one logs or exec request. */
export interface RelayStream {
  /** What the agent sends; a failure of the agent's is the last message. */
  readonly messages: AsyncIterable<RelayRequest>;
  /** Sends input; settles when there is room for more. */
  send(message: RelayResponse): Promise<void>;
  /** Tells the agent that nobody listens any more. Idempotent. */
  close(): void;
}

/** What the agent is asked to open a stream for. */
export type RelayKind = NonNullable<RelayOrder["kind"]>;

/** The agents that are connected to this manager. */
export interface AgentSessions {
  isConnected(nodeId: NodeId): boolean;
  /** @throws WarrenError NODE_UNREACHABLE when the agent is away or does not answer. */
  openRelay(nodeId: NodeId, order: RelayKind, signal: AbortSignal): Promise<RelayStream>;
  /** The latest figures of every running task. */
  stats(): readonly TaskStats[];
}

/** Where one new task would go. */
export interface PlannedTask {
  readonly serviceName: string;
  readonly slot: number;
  /** "" when no node is suitable; `message` then says why. */
  readonly nodeName: string;
  readonly message: string;
}

/** One step of a change of the consensus group's membership, by node. */
export interface MembershipStep {
  readonly kind: "add learner" | "promote" | "demote" | "remove";
  readonly id: NodeId;
}

/** The manager that leads. */
export interface Leader {
  readonly id: NodeId;
  /** Where clients, agents and other managers reach its API. */
  readonly address: string;
}

/** What the API asks of the consensus group. Members are named by their nodes. */
export interface Consensus {
  /** Whether this manager leads and has applied everything that was committed before its term. */
  isLeader(): boolean;
  /**
   * Settles when this manager's state is at least as new as any answer given before the call.
   *
   * @throws WarrenError NO_LEADER
   */
  fresh(signal: AbortSignal): Promise<void>;
  /**
   * Hands leadership to `to`, or to the voter that is most caught up; settles, with who leads, once
   * this manager does not.
   *
   * @throws WarrenError NO_LEADER, DEADLINE_PASSED when nobody took over: this one then goes on
   */
  transferLeader(to: NodeId | null, signal: AbortSignal): Promise<NodeId>;
  /** Changes the membership; settles once that is committed. Leader only. @throws WarrenError NO_LEADER */
  changeMembership(change: MembershipStep, signal: AbortSignal): Promise<void>;
  /** Null when none is known. */
  leader(): Leader | null;
  /** Calls `listener` whenever `isLeader` or `leader` may answer differently, until unsubscribed. */
  onLeaderChange(listener: () => void): () => void;
  /** What secrets are sealed under: for a manager that joins. */
  dataKey(): Uint8Array;
}

/** Everything that the API works with. */
export interface ApiContext {
  readonly view: StateView;
  readonly proposer: Proposer;
  readonly feed: ChangeFeed;
  readonly events: EventBuffer;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly sessions: AgentSessions;
  readonly consensus: Consensus;
  /** Holds the whole state as it is now; costs one pass over its rows. */
  capture(): StateCapture;
  /** The managers, this one included. */
  members(): readonly Member[];
  /** Where the log is. */
  raft(): RaftInfo;
  /** Where the tasks of the services that `actions` create or update would go; changes nothing. */
  previewPlacements(actions: readonly Action[]): readonly PlannedTask[];
}
