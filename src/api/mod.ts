/**
 * The API of a manager: one thin gRPC service per noun, over the store's read side and a proposer.
 *
 * The composition root fills the context and adds the services to a server.
 */
import type { ServedService } from "../rpc/mod.ts";
import { clusterService } from "./cluster_service.ts";
import { configService } from "./config_service.ts";
import type { ApiContext } from "./context.ts";
import { eventService } from "./event_service.ts";
import { manifestService } from "./manifest_service.ts";
import { nodeService } from "./node_service.ts";
import { secretService } from "./secret_service.ts";
import { serviceService } from "./service_service.ts";
import { taskService } from "./task_service.ts";
import { volumeService } from "./volume_service.ts";

export type {
  AgentSessions,
  ApiContext,
  Consensus,
  Leader,
  MembershipStep,
  PlannedTask,
  RelayKind,
  RelayStream,
} from "./context.ts";
export { routeCalls, type Routed } from "./route/route_calls.ts";

/** Every service of the API. Their caches listen to the context's feed from now on. */
export function apiServices(context: ApiContext): readonly ServedService[] {
  return [
    serviceService(context),
    taskService(context),
    nodeService(context),
    secretService(context),
    configService(context),
    volumeService(context),
    manifestService(context),
    eventService(context),
    clusterService(context),
  ];
}
