/**
 * One task's output as a stream of lines, read through the agent of its node.
 *
 * Used by the readers of `read_logs.ts`. Names are those of the store, not the agent's word.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { NodeId, Task } from "../../model/mod.ts";
import type { ReadLogsRequest, ReadLogsResponse } from "../../rpc/gen/warren/v1/task.ts";
import type { ApiContext } from "../context.ts";
import { taskName } from "../convert/task.ts";
import { relayError } from "../relay_error.ts";

/** What is wanted of a task's output. */
export type LogWish = Pick<ReadLogsRequest, "follow" | "tail" | "sinceMs">;

/** The lines of `task` on `nodeId`, in order. @throws WarrenError NODE_UNREACHABLE, the agent's. */
export async function* readTask(
  { view, sessions }: Pick<ApiContext, "view" | "sessions">,
  { task, nodeId }: { readonly task: Task; readonly nodeId: NodeId },
  wish: LogWish,
  signal: AbortSignal,
): AsyncGenerator<ReadLogsResponse> {
  const name = taskName(view, task);
  const { follow, tail, sinceMs } = wish;
  const order = { $case: "logs", value: { taskId: task.id, follow, tail, sinceMs } } as const;
  const relay = await sessions.openRelay(nodeId, order, signal);
  const onAbort = () => relay.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const { kind } of relay.messages) {
      if (signal.aborted) return;
      if (kind?.$case === "failure") throw relayError(kind.value);
      if (kind?.$case === "log") yield { ...kind.value, taskId: task.id, taskName: name };
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    relay.close();
  }
}

/** Warren's own word among the lines: that something is missing, and why. */
export function notice(
  task: { readonly id: string; readonly name: string },
  atMs: number,
  text: string,
): ReadLogsResponse {
  return {
    taskId: task.id,
    taskName: task.name,
    stream: "notice",
    timeMs: atMs,
    line: Buffer.from(text, "utf8"),
  };
}

/** Why a task's output cannot be read, for a notice. */
export function reasonText(error: unknown): string {
  return WarrenError.from(error, "Cannot read the output").message;
}
