/**
 * ReadLogs: the output of one task, or of all tasks of a service.
 *
 * Without following, lines of several tasks come in order of time; with it, as they arrive. A task
 * of a service that cannot be read is told among the lines; for a single task it is an error.
 */
import { WarrenError } from "../../lib/mod.ts";
import { isTerminal, type NodeId, type Task } from "../../model/mod.ts";
import type { ReadLogsRequest, ReadLogsResponse } from "../../rpc/gen/warren/v1/task.ts";
import type { StreamCall } from "../../rpc/mod.ts";
import type { ApiContext } from "../context.ts";
import { taskName } from "../convert/task.ts";
import { resolveTaskOrService } from "../resolve.ts";
import { LogFollower, MAX_STREAMS } from "./follow.ts";
import { notice, readTask, reasonText } from "./log_source.ts";
import { mergeByTime } from "./merge.ts";

type LogCall = Pick<StreamCall<ReadLogsResponse>, "write" | "signal">;

/** Serves one ReadLogs. @throws WarrenError TASK_NOT_FOUND, NODE_UNREACHABLE for a single task, … */
export async function readLogs(
  context: ApiContext,
  request: ReadLogsRequest,
  call: LogCall,
): Promise<void> {
  const { view } = context;
  const found = resolveTaskOrService(view, request.ref);
  if ("service" in found) {
    const { id } = found.service;
    const tasks = () => Array.from(view.tasksOfService(id));
    if (!request.follow) return await readAll(context, { tasks: tasks(), request }, call);
    const isOpen = () => view.service(id) !== undefined;
    const target = { tasks, isOpen, write: (line: ReadLogsResponse) => call.write(line) };
    return await new LogFollower(context, target, request).run(call.signal);
  }
  const { task } = found;
  if (request.follow && !isTerminal(task.status.state)) {
    refuseAway(context, task);
    const now = () => view.task(task.id);
    const target = {
      tasks: () => [now() ?? []].flat(),
      isOpen: () => !isTerminal(now()?.status.state ?? "stopped"),
      write: (line: ReadLogsResponse) => call.write(line),
    };
    return await new LogFollower(context, target, request).run(call.signal);
  }
  await readOne(context, { task, request }, call);
}

async function readOne(
  context: ApiContext,
  { task, request }: { readonly task: Task; readonly request: ReadLogsRequest },
  call: LogCall,
): Promise<void> {
  const { nodeId } = task;
  if (nodeId === null) {
    const name = taskName(context.view, task);
    const why = task.unplaced?.message ?? "it has no node yet";
    return await call.write(notice({ id: task.id, name }, context.clock.wallNow(), why));
  }
  refuseAway(context, task);
  const wish = { ...request, follow: false };
  for await (const line of readTask(context, { task, nodeId }, wish, call.signal)) {
    await call.write(line);
  }
}

function refuseAway({ view, sessions }: ApiContext, { nodeId }: Task): void {
  if (nodeId === null || sessions.isConnected(nodeId)) return;
  const name = view.node(nodeId)?.name ?? nodeId;
  throw new WarrenError("NODE_UNREACHABLE", `Cannot read the output: node "${name}" is away`);
}

async function readAll(
  context: ApiContext,
  { tasks, request }: { readonly tasks: readonly Task[]; readonly request: ReadLogsRequest },
  call: LogCall,
): Promise<void> {
  const readable = tasks.flatMap((task) => {
    const { nodeId, status } = task;
    return nodeId === null || status.containerId === "" ? [] : [{ task, nodeId }];
  });
  const shown = readable.slice(-MAX_STREAMS);
  const sources = shown.map((source) => readOrTell(context, source, request, call.signal));
  for await (const line of mergeByTime(sources)) await call.write(line);
  const hidden = readable.length - shown.length;
  const [first] = readable;
  if (hidden === 0 || !first) return;
  const text = `${hidden} older tasks are not shown: name one of them to see its output`;
  const named = { id: first.task.id, name: taskName(context.view, first.task) };
  await call.write(notice(named, context.clock.wallNow(), text));
}

/** Lines of one task of several; what goes wrong is told as its last line. */
async function* readOrTell(
  context: ApiContext,
  source: { readonly task: Task; readonly nodeId: NodeId },
  request: ReadLogsRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadLogsResponse> {
  try {
    yield* readTask(context, source, { ...request, follow: false }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const { view, clock } = context;
    const named = { id: source.task.id, name: taskName(view, source.task) };
    yield notice(named, clock.wallNow(), reasonText(error));
  }
}
