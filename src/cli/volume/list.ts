/** `warren volume list`. */
import { RESOURCE_FILTERS, volumeView } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List volumes",
  flags: [filterFlag(RESOURCE_FILTERS), STALE_FLAG],
  examples: [{ line: "warren volume list", does: "All volumes" }],
  run: async (context) => {
    const client = await context.client();
    const { volumes } = await client.listVolumes({ stale: context.isStale });
    await context.printList(volumes, volumeView(context.nowMs, context.isTruncating));
    return 0;
  },
};
