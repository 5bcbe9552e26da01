/**
 * Lists of tasks: `warren task list`, `warren ps`, `warren service ps`, `warren node ps`. All print the same
 * columns and fields.
 */
import type { CommandContext } from "../context.ts";
import type { Command } from "../tree/command.ts";
import type { Flag } from "../tree/flag.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";
import { sortTasks, TASK_FILTERS, taskView } from "./view.ts";

/** Shows tasks that have ended, too. */
const ALL_FLAG: Flag = {
  name: "all",
  short: "a",
  summary: "also tasks that have ended",
};
const LIST_FLAGS: readonly Flag[] = [ALL_FLAG, filterFlag(TASK_FILTERS), STALE_FLAG];

const SELECT_FLAGS: readonly Flag[] = [
  { name: "service", value: "SERVICE", names: "service", summary: "only tasks of this service" },
  { name: "node", value: "NODE", names: "node", summary: "only tasks on this node" },
  ...LIST_FLAGS,
];

const EXAMPLES = [
  { line: "warren task list", does: "Tasks that run or should" },
  { line: "warren task list --service web -a", does: "All tasks of a service, ended ones too" },
  { line: "warren task list --filter state=failed -a", does: "What failed" },
];

/** `warren task list`. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List tasks",
  flags: SELECT_FLAGS,
  examples: EXAMPLES,
  run: (context) =>
    printTasks(context, {
      service: context.flags.text("service") ?? "",
      node: context.flags.text("node") ?? "",
    }),
};

/** `warren ps`. */
export const psCommand: Command = {
  name: "ps",
  group: "Services and tasks",
  summary: "List tasks, or those of one service (short for task list)",
  args: [{ name: "SERVICE", optional: true, summary: "name or id of a service", names: "service" }],
  flags: SELECT_FLAGS,
  examples: [
    { line: "warren ps", does: "Tasks that run or should" },
    { line: "warren ps web", does: "Those of one service" },
  ],
  run: (context) =>
    printTasks(context, {
      service: context.args[0] ?? context.flags.text("service") ?? "",
      node: context.flags.text("node") ?? "",
    }),
};

/** `warren service ps`. */
export const servicePsCommand: Command = {
  name: "ps",
  aliases: ["tasks"],
  summary: "List the tasks of a service",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: LIST_FLAGS,
  examples: [{ line: "warren service ps web -a", does: "Its tasks, ended ones too" }],
  run: (context) => printTasks(context, { service: context.arg(0), node: "" }),
};

/** `warren node ps`. */
export const nodePsCommand: Command = {
  name: "ps",
  aliases: ["tasks"],
  summary: "List the tasks on a node",
  args: [{ name: "NODE", summary: "name or id of the node", names: "node" }],
  flags: LIST_FLAGS,
  examples: [{ line: "warren node ps node-1", does: "What runs on a node" }],
  run: (context) => printTasks(context, { service: "", node: context.arg(0) }),
};

async function printTasks(
  context: CommandContext,
  select: { readonly service: string; readonly node: string },
): Promise<number> {
  const client = await context.client();
  const isAll = context.flags.isOn("all");
  const { tasks } = await client.listTasks({ ...select, all: isAll, stale: context.isStale });
  await context.printList(sortTasks(tasks), taskView(context.nowMs, context.isTruncating));
  return 0;
}
