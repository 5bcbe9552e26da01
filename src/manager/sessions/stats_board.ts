/**
 * The last reported resource use of each running task, in memory only.
 *
 * Bounded by the tasks in the store: reports of unknown tasks, or of another node's, are dropped.
 */
import { asId, type NodeId, type TaskId } from "../../model/mod.ts";
import type { TaskStats } from "../../rpc/gen/warren/v1/task.ts";
import type { StateView } from "../../store/mod.ts";

/** Latest figures by task. */
export class StatsBoard {
  readonly #view: StateView;
  readonly #latest = new Map<TaskId, TaskStats>();

  constructor(view: StateView) {
    this.#view = view;
  }

  /** Takes a node's report; names are filled in from the store, not believed. */
  put(nodeId: NodeId, reported: readonly TaskStats[]): void {
    const nodeName = this.#view.node(nodeId)?.name ?? nodeId;
    for (const stats of reported) {
      const task = this.#view.task(asId<TaskId>(stats.taskId));
      if (!task || task.nodeId !== nodeId) continue;
      this.#latest.set(task.id, { ...stats, serviceName: task.serviceName, nodeName });
    }
  }

  /** The task is gone. */
  forget(id: TaskId): void {
    this.#latest.delete(id);
  }

  /** Figures of tasks that run now. */
  current(): readonly TaskStats[] {
    const running: TaskStats[] = [];
    for (const [id, stats] of this.#latest) {
      if (this.#view.task(id)?.status.state === "running") running.push(stats);
    }
    return running;
  }
}
