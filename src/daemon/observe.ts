/**
 * What a daemon shows of itself: the metrics of its parts and the HTTP endpoint.
 */
import { type Log, realClock } from "../lib/mod.ts";
import type { TaskStats } from "../rpc/gen/warren/v1/task.ts";
import type { Store } from "../store/mod.ts";
import {
  type ComponentHealth,
  type HttpEndpoint,
  installClusterMetrics,
  installProcessMetrics,
  installTaskMetrics,
  type MetricsRegistry,
  startHttp,
} from "../telemetry/mod.ts";
import type { Settings } from "./settings.ts";
import { installTaskOutcomeMetrics } from "./task_outcome_metrics.ts";

/** Registers the families of a manager. */
export function installManagerMetrics(
  registry: MetricsRegistry,
  source: { readonly store: Store; readonly stats: () => readonly TaskStats[] },
): void {
  const { store, stats } = source;
  installTaskOutcomeMetrics(registry, store.feed);
  installClusterMetrics(registry, () => ({
    ...store.sizes,
    nodes: countNodes(store),
    tasks: [...store.taskStates].map(([state, count]) => ({ labels: { state }, count })),
  }));
  installTaskMetrics(registry, () =>
    stats().map(({ serviceName, nodeName, ...usage }) => ({
      ...usage,
      service: serviceName,
      node: nodeName,
    })));
}

function countNodes({ view }: Store) {
  const counts = new Map<string, { labels: { role: string; status: string }; count: number }>();
  for (const { role, status } of view.nodes()) {
    const key = `${role}/${status}`;
    const known = counts.get(key) ?? { labels: { role, status }, count: 0 };
    counts.set(key, { ...known, count: known.count + 1 });
  }
  return [...counts.values()];
}

/** Opens the endpoint that the settings ask for. */
export function startEndpoint(
  settings: Settings,
  registry: MetricsRegistry,
  parts: { readonly log: Log; readonly components: () => readonly ComponentHealth[] },
): Promise<HttpEndpoint> {
  installProcessMetrics(registry, { commit: Deno.env.get("WARREN_COMMIT") ?? "unknown" });
  return startHttp({
    address: settings.metricsAddr ?? "off",
    registry,
    components: parts.components,
    enablePprof: settings.enablePprof,
    args: Deno.args,
    clock: realClock,
    log: parts.log.child({ component: "http" }),
  });
}
