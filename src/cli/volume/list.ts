/** `warren volume list`. */
import { RESOURCE_FILTERS, volumeView } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { filterFlag } from "../tree/shared_flags.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List volumes",
  flags: [filterFlag(RESOURCE_FILTERS)],
  examples: [{ line: "warren volume list", does: "All volumes" }],
  run: async (context) => {
    const client = await context.client();
    const { volumes } = await client.listVolumes({});
    await context.printList(volumes, volumeView(context.nowMs, context.isTruncating));
    return 0;
  },
};
