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
import type { Action, ChangeFeed, EventBuffer, Proposer, StateView } from "../store/mod.ts";

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
  /** The managers, this one included. */
  members(): readonly Member[];
  /** Where the log is. */
  raft(): RaftInfo;
  /** Where the tasks of the services that `actions` create or update would go; changes nothing. */
  previewPlacements(actions: readonly Action[]): readonly PlannedTask[];
}
