/**
 * What only the leader runs: the announcement of itself, sessions of agents, and the control loop.
 *
 * Put together here and started and ended by `Leadership` as consensus says. Their changes are
 * proposed for the term they were decided in, never sent on to another leader.
 */
import { randomIds, WarrenError } from "../lib/mod.ts";
import {
  AgentGateway,
  ControlLoop,
  Leadership,
  type LeaderTurn,
  nodeCredentials,
} from "../manager/mod.ts";
import { asId, type NodeId } from "../model/mod.ts";
import { DirtySet } from "../orchestrator/mod.ts";
import { membersOf } from "./consensus.ts";
import type { ManagerState } from "./manager_state.ts";

/** The parts of a leader, as the rest of a manager sees them. */
export interface Leading {
  /** Null while this manager does not lead. */
  gateway(): AgentGateway | null;
  /** Why the last pass of the control loop could not be planned, or "". */
  trouble(): string;
}

/** Runs a leader's parts whenever this manager leads, until `stack` is disposed. */
export function startLeading(state: ManagerState, stack: AsyncDisposableStack): Leading {
  const { raft, log } = state;
  let gateway: AgentGateway | null = null;
  let loop: ControlLoop | null = null;
  const leadership = stack.use(
    new Leadership({
      log,
      onFault: (fault) =>
        log.error("cannot take up the work of a leader", { error: fault.message }),
      parts: [
        { name: "announcement", start: (turn) => announce(state, turn) },
        {
          name: "sessions",
          start: (turn) => running(makeGateway(state, turn), (now) => gateway = now),
        },
        {
          name: "control loop",
          start: (turn) => running(makeLoop(state, turn), (now) => loop = now),
        },
      ],
    }),
  );
  const look = () => {
    const { leadingTerm } = raft;
    if (leadingTerm === null) leadership.lose();
    else leadership.gain(leadingTerm);
  };
  stack.defer(raft.onLeading(look));
  look();
  return { gateway: () => gateway, trouble: () => loop?.trouble ?? "" };
}

/** Starts `part` and keeps it where the rest can see it, until it is ended. */
function running<P extends { start(): void; stop(): Promise<void> }>(
  part: P,
  keep: (now: P | null) => void,
): AsyncDisposable {
  keep(part);
  part.start();
  return ending(async () => {
    keep(null);
    await part.stop();
  });
}

function ending(end: () => Promise<void>): AsyncDisposable {
  return { [Symbol.asyncDispose]: end };
}

function shared({ store, raft, clock, registry }: ManagerState, { term }: LeaderTurn) {
  return {
    view: store.view,
    feed: store.feed,
    proposer: raft.asLeader(term),
    clock,
    ids: randomIds,
    metrics: registry,
  };
}

function makeGateway(state: ManagerState, turn: LeaderTurn): AgentGateway {
  const { store, sealer, log, selfId } = state;
  return new AgentGateway({
    ...shared(state, turn),
    credentials: nodeCredentials(store.view, sealer),
    openSecret: ({ name, sealed }) => sealer.open({ purpose: "secret", name }, sealed),
    log: log.child({ component: "sessions" }),
    selfId,
    activeManagers: () =>
      membersOf(state).filter(({ reachable }) => reachable).map(({ id }) => asId<NodeId>(id)),
  });
}

function makeLoop(state: ManagerState, turn: LeaderTurn): ControlLoop {
  return new ControlLoop({
    ...shared(state, turn),
    dirty: new DirtySet(),
    log: state.log.child({ component: "control_loop" }),
  });
}

/** Who leads is an event for everybody who watches. The first leader makes the cluster itself. */
async function announce(
  state: ManagerState,
  { term, signal }: LeaderTurn,
): Promise<AsyncDisposable> {
  const { raft, store, selfId, log } = state;
  log.info("leads", { term });
  if (store.view.cluster()) {
    try {
      const action = { kind: "cluster.leader", id: selfId, term } as const;
      await raft.asLeader(term).propose([action], { signal });
    } catch (thrown) {
      const { message } = WarrenError.from(thrown, "Cannot announce the leader");
      log.warn("could not announce the new leader", { error: message });
    }
  }
  return ending(() => Promise.resolve(log.info("leads no more", { term })));
}
