/**
 * A worker put together: its agent, its metrics, nothing else. It joins on its first start.
 */
import { MetricsRegistry } from "../telemetry/mod.ts";
import { agentHealth, startLocalAgent } from "./local_agent.ts";
import { startEndpoint } from "./observe.ts";
import type { RunningDaemon, StartParts } from "./running_daemon.ts";

/** Starts a worker. @throws WarrenError what keeps it from starting */
export async function startWorker(
  { settings, log, signal }: StartParts,
): Promise<RunningDaemon> {
  await using stack = new AsyncDisposableStack();
  const registry = new MetricsRegistry();
  const agent = stack.use(
    await startLocalAgent({
      settings,
      identity: null,
      managers: settings.managers,
      metrics: registry,
      log,
      signal,
    }),
  );
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
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
