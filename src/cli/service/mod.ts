/** The commands about services. */
import { servicePsCommand } from "../task/list.ts";
import { serviceLogsCommand } from "../task/logs.ts";
import type { Command } from "../tree/command.ts";
import { createCommand } from "./create.ts";
import { historyCommand } from "./history.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";
import { restartCommand } from "./restart.ts";
import { rollbackCommand } from "./rollback.ts";
import { scaleCommand } from "./scale.ts";
import { updateCommand } from "./update.ts";

/** The group. */
export const serviceCommand: Command = {
  name: "service",
  aliases: ["services", "svc"],
  group: "Services and tasks",
  summary: "Manage services",
  subcommands: [
    createCommand,
    listCommand,
    inspectCommand,
    servicePsCommand,
    updateCommand,
    scaleCommand,
    rollbackCommand,
    historyCommand,
    restartCommand,
    serviceLogsCommand,
    removeCommand,
  ],
};
