/** The commands about configs. */
import type { Command } from "../tree/command.ts";
import { createCommand } from "./create.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";

/** The group. */
export const configCommand: Command = {
  name: "config",
  aliases: ["configs"],
  group: "Files and volumes",
  summary: "Manage configs",
  subcommands: [createCommand, listCommand, inspectCommand, removeCommand],
};
