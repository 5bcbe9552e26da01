/**
 * Where each method is served, as one table: the type checker makes sure that none is missing.
 *
 * Read by `route_calls.ts`. Health and reflection are not in it: they speak for one process.
 */
import type { AgentServiceService } from "../../rpc/gen/warren/v1/agent.ts";
import type { ClusterServiceService } from "../../rpc/gen/warren/v1/cluster.ts";
import type { EventServiceService } from "../../rpc/gen/warren/v1/event.ts";
import type { ManifestServiceService } from "../../rpc/gen/warren/v1/manifest.ts";
import type { NodeServiceService } from "../../rpc/gen/warren/v1/node.ts";
import type {
  ConfigServiceService,
  SecretServiceService,
  VolumeServiceService,
} from "../../rpc/gen/warren/v1/resource.ts";
import type { ServiceServiceService } from "../../rpc/gen/warren/v1/service.ts";
import type { TaskServiceService } from "../../rpc/gen/warren/v1/task.ts";

/**
 * - `read`: anywhere, once the state is fresh, unless the request says `stale`.
 * - `write`: anywhere; what it proposes is sent on to the leader. A leader's own state needs no check
 *   before a proposal, which is checked again when it is applied; what it answers without one does.
 * - `leader`: by the leader alone, which has the sessions of agents and the membership.
 * - `knowledge`: anywhere, fresh if that is to be had soon: it must answer without a leader too.
 */
export type Route = "read" | "write" | "leader" | "knowledge";

/** Names of all methods; no two services share one. */
export type MethodName = keyof (
  & AgentServiceService
  & ClusterServiceService
  & ConfigServiceService
  & EventServiceService
  & ManifestServiceService
  & NodeServiceService
  & SecretServiceService
  & ServiceServiceService
  & TaskServiceService
  & VolumeServiceService
);

/** The route of each method. */
export const ROUTES: Readonly<Record<MethodName, Route>> = {
  join: "leader",
  session: "leader",
  relay: "leader",
  getClusterInfo: "knowledge",
  getJoinToken: "read",
  joinManager: "leader",
  transferLeader: "leader",
  backup: "read",
  createConfig: "write",
  getConfig: "read",
  listConfigs: "read",
  removeConfig: "write",
  streamEvents: "read",
  planManifest: "read",
  applyManifest: "write",
  listNodes: "read",
  getNode: "read",
  updateNode: "write",
  removeNode: "leader",
  promoteNode: "leader",
  demoteNode: "leader",
  createSecret: "write",
  getSecret: "read",
  listSecrets: "read",
  removeSecret: "write",
  createService: "write",
  getService: "read",
  listServices: "read",
  updateService: "write",
  scaleServices: "write",
  rollbackService: "write",
  restartService: "write",
  removeService: "write",
  watchService: "read",
  listTasks: "read",
  getTask: "read",
  readLogs: "leader",
  exec: "leader",
  getTaskStats: "leader",
  createVolume: "write",
  getVolume: "read",
  listVolumes: "read",
  removeVolume: "write",
};

/** The route of `name`; undefined for a method of another service. */
export function routeOf(name: string): Route | undefined {
  return isMethod(name) ? ROUTES[name] : undefined;
}

function isMethod(name: string): name is MethodName {
  return Object.hasOwn(ROUTES, name);
}
