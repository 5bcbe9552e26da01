/** The commands about tasks. */
import type { Command } from "../tree/command.ts";
import { taskExecCommand } from "./exec.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { taskLogsCommand } from "./logs.ts";
import { statsCommand } from "./stats.ts";

/** The group. */
export const taskCommand: Command = {
  name: "task",
  aliases: ["tasks", "container", "containers"],
  group: "Services and tasks",
  summary: "Look at tasks: the containers of services",
  subcommands: [listCommand, inspectCommand, taskLogsCommand, taskExecCommand, statsCommand],
};
