/**
 * Exec: joins a caller's two-way stream with one of the agent that has the task.
 *
 * Bytes pass through unseen and unlogged. The call ends with an exit code or an error, never with
 * neither: a stream that breaks off is an error.
 */
import { TaskGroup, WarrenError } from "../lib/mod.ts";
import { type NodeId, quoteText, type Task } from "../model/mod.ts";
import type { StreamCall } from "../rpc/mod.ts";
import type { ExecRequest, ExecResponse, ExecStart } from "../rpc/gen/warren/v1/task.ts";
import type { StateView } from "../store/mod.ts";
import type { ApiContext, RelayStream } from "./context.ts";
import { taskName } from "./convert/task.ts";
import { relayError } from "./relay_error.ts";
import { resolveTaskOrService } from "./resolve.ts";

/** Serves one exec. @throws WarrenError TASK_NOT_RUNNING, NODE_UNREACHABLE, what the agent says. */
export async function exec(
  context: Pick<ApiContext, "view" | "sessions">,
  requests: AsyncIterable<ExecRequest>,
  call: Pick<StreamCall<ExecResponse>, "write" | "signal">,
): Promise<void> {
  const input = requests[Symbol.asyncIterator]();
  const start = await readStart(input);
  const { task, nodeId } = runningTask(context.view, start.ref);
  const order = { $case: "exec", value: { taskId: task.id, start } } as const;
  const relay = await context.sessions.openRelay(nodeId, order, call.signal);
  // A caller that goes away aborts the signal; the relay then ends by `close`.
  await using group = new TaskGroup(() => relay.close());
  try {
    group.run("exec input", (signal) => sendInput(input, relay, signal));
    await sendOutput(relay, call);
  } finally {
    relay.close();
    await input.return?.();
  }
}

async function readStart(input: AsyncIterator<ExecRequest>): Promise<ExecStart> {
  const first = await input.next();
  const kind = first.done ? undefined : first.value.kind;
  if (kind?.$case !== "start") {
    throw new WarrenError("BAD_REQUEST", "Cannot run a command: the first message did not name it");
  }
  if (kind.value.command.length === 0) {
    throw new WarrenError("BAD_REQUEST", "Cannot run a command: none was given");
  }
  return kind.value;
}

function runningTask(
  view: StateView,
  ref: string,
): { readonly task: Task; readonly nodeId: NodeId } {
  const found = resolveTaskOrService(view, ref);
  const tasks = "task" in found ? [found.task] : view.tasksOfService(found.service.id);
  let last: Task | undefined;
  for (const task of tasks) {
    const { state } = task.status;
    const isUp = state === "running" || state === "starting";
    if (isUp && task.nodeId !== null) return { task, nodeId: task.nodeId };
    last = task;
  }
  const what = "task" in found ? `task ${quoteText(ref)}` : `service ${quoteText(ref)}`;
  const why = last ? `${taskName(view, last)} is ${last.status.state}` : "it has no task";
  throw new WarrenError("TASK_NOT_RUNNING", `Cannot run a command in ${what}: ${why}`);
}

async function sendInput(
  input: AsyncIterator<ExecRequest>,
  relay: RelayStream,
  signal: AbortSignal,
): Promise<void> {
  for (let next = await input.next(); !next.done; next = await input.next()) {
    if (signal.aborted) return;
    if (next.value.kind?.$case === "start") continue;
    await relay.send({ kind: { $case: "exec", value: next.value } });
  }
}

async function sendOutput(
  relay: RelayStream,
  call: Pick<StreamCall<ExecResponse>, "write">,
): Promise<void> {
  for await (const { kind } of relay.messages) {
    if (kind?.$case === "failure") throw relayError(kind.value);
    if (kind?.$case !== "exec") continue;
    await call.write(kind.value);
    if (kind.value.kind?.$case === "exitCode") return;
  }
  throw new WarrenError("NODE_UNREACHABLE", "The command was cut off: its node went away");
}
