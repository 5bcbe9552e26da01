/**
 * Metrics of scheduling and rollouts, counted from the actions that were really applied.
 *
 * Called by the control loop only.
 */
import type { Metrics } from "../lib/mod.ts";
import type { Action } from "../store/mod.ts";

/** Registers the families and returns what updates them. */
export function orchestrationMetrics(metrics: Metrics) {
  const scheduled = metrics.counter({
    name: "warren_tasks_scheduled_total",
    help: "Tasks that were given a node.",
  });
  const deployments = metrics.counter({
    name: "warren_deployments_total",
    help: "Rollouts that ended, by how they ended.",
    labels: ["strategy", "status"],
  });
  const pass = metrics.histogram({
    name: "warren_reconciliation_duration_seconds",
    help: "Processor time of one planning pass of the control loop.",
  });
  return {
    passTook: (seconds: number) => pass.observe(seconds),
    count(actions: readonly Action[]): void {
      for (const action of actions) {
        if (action.kind === "task.place") scheduled.add();
        if (action.kind === "task.create" && action.task.nodeId !== null) scheduled.add();
        if (action.kind === "service.rollout" && action.rollout.endedMs !== null) {
          deployments.add(1, { strategy: "rolling", status: action.rollout.state });
        }
      }
    },
  };
}
