/** `warren secret list`. */
import { RESOURCE_FILTERS, secretView } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List secrets",
  flags: [filterFlag(RESOURCE_FILTERS), STALE_FLAG],
  examples: [{ line: "warren secret list", does: "All secrets" }],
  run: async (context) => {
    const client = await context.client();
    const { secrets } = await client.listSecrets({ stale: context.isStale });
    await context.printList(secrets, secretView(context.nowMs, context.isTruncating));
    return 0;
  },
};
