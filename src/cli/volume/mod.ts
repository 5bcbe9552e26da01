/** The commands about volumes. */
import type { Command } from "../tree/command.ts";
import { createCommand } from "./create.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";

/** The group. */
export const volumeCommand: Command = {
  name: "volume",
  aliases: ["volumes"],
  group: "Files and volumes",
  summary: "Manage volumes",
  subcommands: [createCommand, listCommand, inspectCommand, removeCommand],
};
