/**
 * How many tasks a service should have and has, as lists show it.
 *
 * Pure. The one definition for the API, the command line and metrics.
 */
import type { Service } from "./service.ts";
import type { Task } from "./task.ts";

/** Figures of one service. */
export interface ServiceCounts {
  /** Replicas; of a global service the nodes it has a task on; of a job what is left to run now. */
  readonly desired: number;
  /** Slots with a task that runs, is to run, and is healthy where a check is given. */
  readonly running: number;
}

/** Counts `tasks`, which are those of `service`. Cost is that of the tasks. */
export function serviceCounts(service: Service, tasks: Iterable<Task>): ServiceCounts {
  const { mode } = service.spec;
  const slots = new Set<string | number>();
  const running = new Set<string | number>();
  const completed = new Set<string | number>();
  for (const task of tasks) {
    if (task.desired !== "running") continue;
    const slot = slotKey(task);
    slots.add(slot);
    if (task.status.state === "running") running.add(slot);
    if (task.status.state === "completed") completed.add(slot);
  }
  switch (mode.kind) {
    case "replicated":
      return { desired: mode.replicas, running: running.size };
    case "global":
      return { desired: slots.size, running: running.size };
    case "job": {
      const left = Math.max(0, mode.completions - completed.size);
      return { desired: Math.min(mode.parallelism, left), running: running.size };
    }
  }
}

/** What tells the slots of one service apart: the number, or the node of a global service's task. */
export function slotKey(task: Task): string | number {
  if (task.slot > 0) return task.slot;
  return task.nodeId ?? task.unplaced?.refusals[0]?.nodeId ?? task.id;
}
