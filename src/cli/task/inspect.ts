/** `warren task inspect`: everything about one task. */
import { toneOf } from "../output/style.ts";
import type { Paint } from "../output/style.ts";
import { taskMessage, taskName } from "../output/task_text.ts";
import { formatFields } from "../output/render.ts";
import { formatAge, formatPort } from "../output/text.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Task } from "../../client/wire/mod.ts";
import { stateText, taskJson } from "./view.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show everything about a task",
  args: [{ name: "TASK", summary: "name (web.1), id or start of an id", names: "task" }],
  flags: [STALE_FLAG],
  examples: [{ line: "warren task inspect web.1", does: "State, ports, last output" }],
  run: async (context) => {
    const client = await context.client();
    const { task } = await client.getTask({ ref: context.arg(0), stale: context.isStale });
    if (task === undefined) return 1;
    await context.printObject({
      id: task.id,
      name: taskName(task),
      json: taskJson(task),
      text: () => formatTask(task, context.nowMs, context.paint),
    });
    return 0;
  },
};

function formatTask(task: Task, nowMs: number, paint: Paint): string {
  const fields = formatFields([
    ["ID", task.id],
    ["Name", taskName(task)],
    ["Service", `${task.serviceName} (${task.serviceId}), revision ${task.revision}`],
    ["Node", task.nodeName === "" ? "none" : `${task.nodeName} (${task.nodeId})`],
    ["State", stateText(task)],
    ["Should be", task.desiredState],
    ["Message", taskMessage(task)],
    ["Reason", task.reason],
    ["Exit code", task.exitCode === undefined ? "" : String(task.exitCode)],
    ["Health", task.health === "none" ? "" : task.health],
    ["Restarts", String(task.restarts)],
    ["Image", task.image],
    ["Container", task.containerId],
    ["Ports", task.ports.map(formatPort).join(", ")],
    ["Created", formatAge(task.createdMs, nowMs)],
    ["Started", formatAge(task.startedMs, nowMs)],
    ["Updated", formatAge(task.updatedMs, nowMs)],
    [
      "Refused by",
      task.refusals.map(({ nodeName, message }) => `${nodeName}: ${message}`).join("\n"),
    ],
    ["Last lines", task.lastLines.join("\n")],
  ]);
  const state = stateText(task);
  return fields.replace(/^(State: +).*$/m, (_, label) => label + paint(state, toneOf(task.state)));
}
