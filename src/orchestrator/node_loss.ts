/**
 * Tasks of lost nodes: nobody is left to report on them, so the planner does.
 *
 * A node is lost when the leader set it down (grace is the leader's matter) or when it is gone. A
 * node that is merely not heard of keeps its tasks.
 */
import { isTerminal, type Node, type Task, type TaskStatus } from "../model/mod.ts";
import type { ServicePass } from "./service_pass.ts";

/** Reports the tasks of the service that were on lost nodes as orphaned. */
export function reportLostTasks(pass: ServicePass): void {
  for (const task of [...pass.view.tasksOfService(pass.id)]) {
    if (task.nodeId === null || isTerminal(task.status.state)) continue;
    const node = pass.view.node(task.nodeId);
    if (node && node.status !== "down") continue;
    pass.emit({ kind: "task.report", id: task.id, status: orphanedStatus(pass, task, node) });
  }
}

function orphanedStatus(pass: ServicePass, task: Task, node: Node | undefined): TaskStatus {
  return {
    ...task.status,
    state: "orphaned",
    message: node ? `node "${node.name}" is down` : "its node was removed",
    reason: "NODE_LOST",
    atMs: pass.nowMs,
    sequence: task.status.sequence + 1,
  };
}
