/** The commands about secrets. */
import type { Command } from "../tree/command.ts";
import { createCommand } from "./create.ts";
import { inspectCommand } from "./inspect.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";

/** The group. */
export const secretCommand: Command = {
  name: "secret",
  aliases: ["secrets"],
  group: "Files and volumes",
  summary: "Manage secrets",
  subcommands: [createCommand, listCommand, inspectCommand, removeCommand],
};
