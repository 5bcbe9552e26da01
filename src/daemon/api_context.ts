/**
 * What the API is given of a manager: the one place where the two are tied together.
 */
import type { ApiContext } from "../api/mod.ts";
import { randomIds } from "../lib/mod.ts";
import { type AgentGateway, previewPlacements } from "../manager/mod.ts";
import type { ManagerState } from "./manager_state.ts";

/** The context of this manager's API. */
export function apiContext(
  state: ManagerState & { readonly gateway: AgentGateway },
): ApiContext {
  const { store, events, proposer, sealer, clock, log, selfId, gateway } = state;
  return {
    view: store.view,
    proposer,
    feed: store.feed,
    events,
    sealer,
    clock,
    ids: randomIds,
    log: log.child({ component: "api" }),
    sessions: {
      isConnected: (id) => gateway.isConnected(id),
      openRelay: (id, order, signal) => gateway.openRelay(id, order, signal),
      stats: () => gateway.stats.current(),
    },
    members: () => {
      const self = store.view.node(selfId);
      return [{
        id: selfId,
        name: self?.name ?? "",
        address: self?.address ?? "",
        voter: true,
        leader: proposer.status().isLeader,
        reachable: true,
      }];
    },
    raft: () => {
      const { term, commitIndex, appliedIndex } = proposer.status();
      return { term, commitIndex, appliedIndex };
    },
    previewPlacements: (actions) =>
      previewPlacements(store, actions, { nowMs: clock.wallNow(), ids: randomIds }),
  };
}
