/** TaskService: tasks, and through the agents their output, commands inside them and their use. */
import { type ServiceId, type TaskId } from "../model/mod.ts";
import { TaskServiceService, type TaskStats } from "../rpc/gen/warren/v1/task.ts";
import { serve, type ServedService } from "../rpc/mod.ts";
import type { ApiContext } from "./context.ts";
import { nodeNameOf, taskToProto } from "./convert/task.ts";
import { preEncoded } from "./encoded_rows.ts";
import { exec } from "./exec.ts";
import { readLogs } from "./logs/read_logs.ts";
import { resolveTask, resolveTaskOrService } from "./resolve.ts";
import { TaskList } from "./task_list.ts";

/** The service to add to a server. */
export function taskService(context: ApiContext): ServedService {
  const { view } = context;
  const list = new TaskList(view);
  const definition = {
    ...TaskServiceService,
    listTasks: preEncoded(TaskServiceService.listTasks),
  };
  return serve(definition, {
    listTasks: (request) => list.encoded(request),
    getTask: ({ ref }) => {
      const task = resolveTask(view, ref);
      return { task: taskToProto(task, nodeNameOf(view, task)) };
    },
    readLogs: (request, call) => readLogs(context, request, call),
    exec: (requests, call) => exec(context, requests, call),
    getTaskStats: ({ refs }) => ({ stats: statsOf(context, refs) }),
  });
}

/** Figures of the tasks and services named, or of all. @throws WarrenError SERVICE_NOT_FOUND, … */
function statsOf({ view, sessions }: ApiContext, refs: readonly string[]): TaskStats[] {
  const all = sessions.stats();
  if (refs.length === 0) return [...all];
  const wanted = new Set<string>();
  for (const ref of refs) for (const id of taskIdsOf(view, ref)) wanted.add(id);
  return all.filter(({ taskId }) => wanted.has(taskId));
}

function taskIdsOf(view: ApiContext["view"], ref: string): readonly TaskId[] {
  const found = resolveTaskOrService(view, ref);
  if ("task" in found) return [found.task.id];
  const id: ServiceId = found.service.id;
  return Array.from(view.tasksOfService(id), (task) => task.id);
}
