/** The commands about nodes. */
import { nodePsCommand } from "../task/list.ts";
import type { Command } from "../tree/command.ts";
import { activateCommand, drainCommand, pauseCommand } from "./change.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { demoteCommand, promoteCommand } from "./membership.ts";
import { removeCommand } from "./remove.ts";
import { updateCommand } from "./update.ts";

/** The group. */
export const nodeCommand: Command = {
  name: "node",
  aliases: ["nodes"],
  group: "Cluster",
  summary: "Manage the machines of the cluster",
  subcommands: [
    listCommand,
    inspectCommand,
    nodePsCommand,
    updateCommand,
    drainCommand,
    pauseCommand,
    activateCommand,
    promoteCommand,
    demoteCommand,
    removeCommand,
  ],
};
