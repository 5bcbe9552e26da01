/** ListTasks: tasks of a service, a node or all, from rows that are kept encoded. */
import { isTerminal, type Task } from "../model/mod.ts";
import { Task as TaskMessage } from "../rpc/gen/warren/v1/service.ts";
import type { ListTasksRequest } from "../rpc/gen/warren/v1/task.ts";
import type { StateView } from "../store/mod.ts";
import { nodeNameOf, taskToProto } from "./convert/task.ts";
import { EncodedRows } from "./encoded_rows.ts";
import { resolveNode, resolveService } from "./resolve.ts";

/** The encoded answers of ListTasks. */
export class TaskList {
  readonly #view: StateView;
  readonly #rows = new EncodedRows<Task>();

  constructor(view: StateView) {
    this.#view = view;
  }

  /** A `ListTasksResponse`, encoded. @throws WarrenError SERVICE_NOT_FOUND, NODE_NOT_FOUND, … */
  encoded(request: ListTasksRequest): Buffer {
    const entries: Uint8Array[] = [];
    for (const task of this.#select(request)) {
      if (!request.all && isTerminal(task.status.state)) continue;
      const nodeName = nodeNameOf(this.#view, task);
      entries.push(this.#rows.entry(task, nodeName, () => {
        return TaskMessage.encode(taskToProto(task, nodeName)).finish();
      }));
    }
    return Buffer.concat(entries);
  }

  *#select({ service, node }: ListTasksRequest): Iterable<Task> {
    const view = this.#view;
    const nodeId = node === "" ? undefined : resolveNode(view, node).id;
    if (service !== "") {
      for (const task of view.tasksOfService(resolveService(view, service).id)) {
        if (nodeId === undefined || task.nodeId === nodeId) yield task;
      }
    } else {
      yield* nodeId === undefined ? view.tasks() : view.tasksOfNode(nodeId);
    }
  }
}
