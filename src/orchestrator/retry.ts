/**
 * Waiting tasks of services that nothing happened to: they are tried again on the nodes that
 * changed or have more room than before, and on no others.
 */
import type { Node, Service, Task } from "../model/mod.ts";
import { takesTasks } from "../scheduler/mod.ts";
import type { StateView } from "../store/mod.ts";
import type { Dirty } from "./dirty.ts";

/** Waiting tasks of one service, and where to try them. */
export interface Retry {
  readonly service: Service;
  readonly waiting: readonly Task[];
  readonly nodes: readonly Node[];
}

/**
 * What to try again; services for which `isDone` holds are left out, and global ones, whose tasks are
 * tied to nodes (`affected.ts` has them looked at as a whole). Costs the number of waiting
 * tasks when a node changed or was freed, and nothing otherwise.
 */
export function findRetries(
  view: StateView,
  dirty: Dirty,
  isDone: (service: Service) => boolean,
): readonly Retry[] {
  const nodes = [...new Set([...dirty.nodes, ...(dirty.freed ?? [])])]
    .flatMap((id) => view.node(id) ?? []).filter(takesTasks);
  if (nodes.length === 0) return [];
  const waiting = new Map<Service, Task[]>();
  for (const task of view.pendingTasks()) {
    const service = view.service(task.serviceId);
    if (!service || service.spec.mode.kind === "global" || isDone(service)) continue;
    const tasks = waiting.get(service);
    if (tasks) tasks.push(task);
    else waiting.set(service, [task]);
  }
  return [...waiting].map(([service, tasks]) => ({ service, waiting: tasks, nodes }));
}
