/** How long the engine takes for the steps that people wait for. */
import type { Metrics } from "../../lib/mod.ts";
import type { StepParts } from "./task_steps.ts";

/** Histograms of the steps create, start and stop, in seconds. */
export function stepDurations(metrics: Metrics): StepParts["durations"] {
  const of = (step: string) =>
    metrics.histogram({
      name: `warren_task_${step}_duration_seconds`,
      help: `Time that the runtime took to ${step} a task's container.`,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
  return { create: of("create"), start: of("start"), stop: of("stop") };
}
