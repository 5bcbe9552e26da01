/**
 * The live view that the store hands out: it stays valid when a snapshot replaces the tables.
 *
 * It adds nothing to the tables but a stable identity, and keeps writers out.
 */
import type { Tables } from "./tables.ts";
import type { StateView } from "./view.ts";

/** A {@link StateView} of whatever tables are current. */
export function storeView(current: () => Tables): StateView {
  return {
    get index() {
      return current().index;
    },
    appliedRequest: (requestId) => current().appliedRequest(requestId),
    cluster: () => current().cluster(),
    node: (id) => current().node(id),
    nodeByName: (name) => current().nodeByName(name),
    nodes: () => current().nodes(),
    nodeUsage: (id) => current().nodeUsage(id),
    service: (id) => current().service(id),
    serviceByName: (name) => current().serviceByName(name),
    services: () => current().services(),
    task: (id) => current().task(id),
    tasks: () => current().tasks(),
    tasksOfService: (id) => current().tasksOfService(id),
    tasksOfNode: (id) => current().tasksOfNode(id),
    pendingTasks: () => current().pendingTasks(),
    secret: (id) => current().secret(id),
    secretByName: (name) => current().secretByName(name),
    secrets: () => current().secrets(),
    config: (id) => current().config(id),
    configByName: (name) => current().configByName(name),
    configs: () => current().configs(),
    volume: (id) => current().volume(id),
    volumeByName: (name) => current().volumeByName(name),
    volumes: () => current().volumes(),
  };
}
