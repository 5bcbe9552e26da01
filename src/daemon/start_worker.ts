/**
 * A worker put together: its agent, its metrics, nothing else. It joins on its first start.
 *
 * A worker that was a manager removes what is left of that once the managers say that it is none:
 * before, it may be a manager whose promotion was cut short.
 */
import { TaskGroup } from "../lib/mod.ts";
import { MetricsRegistry } from "../telemetry/mod.ts";
import { agentHealth, startLocalAgent } from "./local_agent.ts";
import { removeMember } from "./role/member_data.ts";
import { startEndpoint } from "./observe.ts";
import { watchPromotion } from "./role/role_change.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";

/** Starts a worker. @throws WarrenError what keeps it from starting */
export async function startWorker(
  { dataDir, settings, log, signal }: StartParts,
): Promise<RunningDaemon> {
  await using stack = new AsyncDisposableStack();
  const cleaning = stack.use(
    new TaskGroup((_, error) => {
      log.warn("cannot remove what is left of a manager", { error: String(error) });
    }),
  );
  let known: () => readonly string[] = () => settings.managers;
  const roles = watchPromotion({
    managers: () => known(),
    onWorker: () => cleaning.run("removal", () => removeMember(dataDir)),
  });
  const registry = new MetricsRegistry();
  const agent = stack.use(
    await startLocalAgent({
      settings,
      identity: null,
      managers: settings.managers,
      metrics: registry,
      log,
      onRole: roles.onRole,
      signal,
    }),
  );
  known = () => agent.managers;
  const nodeLog = log.child({ node_id: agent.nodeId });
  const components = () => agentHealth(agent);
  const endpoint = stack.use(await startEndpoint(settings, registry, { log: nodeLog, components }));
  const held = stack.move();
  return {
    nodeId: agent.nodeId,
    listenAddr: "",
    metricsAddr: endpoint.address,
    socket: "",
    failed: agent.failed,
    get changed() {
      return roles.changed;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
