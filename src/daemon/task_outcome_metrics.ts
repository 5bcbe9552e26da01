/**
 * Metrics that follow from the change feed: failed tasks and how long placement took.
 *
 * Counts from the start of this process; replayed history is not counted, since it subscribes after
 * the log was replayed.
 */
import type { Metrics } from "../lib/mod.ts";
import type { ChangeFeed } from "../store/mod.ts";

/** Registers the families and counts from now on. */
export function installTaskOutcomeMetrics(metrics: Metrics, feed: ChangeFeed): void {
  const failed = metrics.counter({
    name: "warren_tasks_failed_total",
    help: "Attempts of tasks that ended in failure, restarts on the node included.",
  });
  const latency = metrics.histogram({
    name: "warren_scheduling_latency_seconds",
    help: "Time from the creation of a task to its placement on a node, in seconds.",
  });
  feed.subscribe(({ changes, atMs }) => {
    for (const change of changes) {
      if (change.table !== "tasks" || !change.after) continue;
      const { before, after } = change;
      const isPlaced = after.nodeId !== null && (before === null || before.nodeId === null);
      if (isPlaced) latency.observe(Math.max(0, atMs - after.createdMs) / 1_000);
      const isFailure = after.status.state === "failed" && before?.status.state !== "failed";
      const restarts = after.status.restarts - (before?.status.restarts ?? 0);
      if (isFailure || restarts > 0) failed.add(Math.max(restarts, 0) + (isFailure ? 1 : 0));
    }
  });
}
