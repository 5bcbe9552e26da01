/**
 * Forgets tasks that are of no more use, so that the store does not grow with every restart.
 *
 * Runs last in the pass over a service. Never forgets a task whose container may still be there,
 * nor one that fills a slot.
 */
import { slotKey } from "../deploy/mod.ts";
import { isTerminal, type Service, type Task, type TaskId } from "../model/mod.ts";
import type { ServicePass } from "./service_pass.ts";

/** Ended tasks kept for each slot that is in use. */
export const HISTORY_PER_SLOT = 2;
/** Ended tasks kept of all slots that are not in use, together. */
export const HISTORY_OF_UNUSED = 10;

/** Forgets what has ended beyond the history; `isUsed` says whether a slot key is in use. */
export function reap(pass: ServicePass, service: Service, isUsed: (key: string) => boolean): void {
  const history = new Map<string, Task[]>();
  const tasks = [...pass.view.tasksOfService(service.id)];
  const anchors = volumeAnchors(service, tasks);
  for (const task of tasks) {
    if (task.desired === "running" || !hasEnded(task)) continue;
    if (task.desired === "remove" || task.nodeId === null) {
      pass.emit({ kind: "task.remove", id: task.id });
      continue;
    }
    const key = slotKey(service, task);
    const kept = isUsed(key) ? key : "";
    const others = history.get(kept);
    if (others) others.push(task);
    else history.set(kept, [task]);
  }
  for (const [key, tasks] of history) {
    const bound = key === "" ? HISTORY_OF_UNUSED : HISTORY_PER_SLOT;
    for (const { id } of tasks.slice(0, -bound)) {
      if (!anchors.has(id)) pass.emit({ kind: "task.remove", id });
    }
  }
}

/** The last user of each volume that the service mounts: it tells which node the data is on. */
function volumeAnchors(service: Service, tasks: readonly Task[]): ReadonlySet<TaskId> {
  const anchors = new Map<string, TaskId>();
  for (const { volume } of service.spec.task.mounts) {
    const user = tasks.findLast((task) =>
      task.nodeId !== null && task.spec.mounts.some((mount) => mount.volume === volume)
    );
    if (user) anchors.set(volume, user.id);
  }
  return new Set(anchors.values());
}

/** Forgets the tasks of a service that was removed, as they end. */
export function reapRemoved(pass: ServicePass): void {
  for (const task of [...pass.view.tasksOfService(pass.id)]) {
    if (hasEnded(task)) pass.emit({ kind: "task.remove", id: task.id });
    else if (task.desired !== "remove") {
      pass.emit({ kind: "task.desire", id: task.id, desired: "remove" });
    }
  }
}

function hasEnded(task: Task): boolean {
  return task.nodeId === null || isTerminal(task.status.state);
}
