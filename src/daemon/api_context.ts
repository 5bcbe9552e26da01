/**
 * What the API is given of a manager: the one place where the two are tied together.
 */
import type { ApiContext } from "../api/mod.ts";
import { randomIds, WarrenError } from "../lib/mod.ts";
import { type AgentGateway, previewPlacements } from "../manager/mod.ts";
import { consensusOf, membersOf } from "./consensus.ts";
import type { ManagerState } from "./manager_state.ts";

/** The context of this manager's API. Agents are connected to the leader only. */
export function apiContext(
  state: ManagerState & { readonly gateway: () => AgentGateway | null },
): ApiContext {
  const { store, events, raft, sealer, clock, log, gateway } = state;
  return {
    view: store.view,
    proposer: raft,
    feed: store.feed,
    events,
    sealer,
    clock,
    ids: randomIds,
    log: log.child({ component: "api" }),
    sessions: {
      isConnected: (id) => gateway()?.isConnected(id) ?? false,
      openRelay: async (id, order, signal) => {
        const sessions = gateway();
        if (sessions) return await sessions.openRelay(id, order, signal);
        throw new WarrenError("NO_LEADER", "Cannot reach the node: this manager does not lead");
      },
      stats: () => gateway()?.stats.current() ?? [],
    },
    consensus: consensusOf(state),
    capture: () => store.snapshot(),
    members: () => membersOf(state),
    raft: () => {
      const { status } = raft;
      const appliedIndex = store.view.index;
      return {
        term: status?.term ?? 0,
        commitIndex: status?.committed ?? 0,
        appliedIndex,
        lastIndex: status?.lastIndex,
        lastTerm: status?.lastTerm,
      };
    },
    previewPlacements: (actions) =>
      previewPlacements(store, actions, { nowMs: clock.wallNow(), ids: randomIds }),
  };
}
