/** `warren config list`. */
import { configView, RESOURCE_FILTERS } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List configs",
  flags: [filterFlag(RESOURCE_FILTERS), STALE_FLAG],
  examples: [{ line: "warren config list", does: "All configs" }],
  run: async (context) => {
    const client = await context.client();
    const { configs } = await client.listConfigs({ stale: context.isStale });
    await context.printList(configs, configView(context.nowMs, context.isTruncating));
    return 0;
  },
};
