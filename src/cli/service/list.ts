/** `warren service list`. */
import type { Command } from "../tree/command.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";
import { SERVICE_FILTERS, serviceView } from "./view.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List services",
  flags: [filterFlag(SERVICE_FILTERS), STALE_FLAG],
  examples: [
    { line: "warren service list", does: "All services" },
    { line: "warren service list --filter label=team=shop -q", does: "Ids of one team's services" },
  ],
  run: async (context) => {
    const client = await context.client();
    const { services } = await client.listServices({ stale: context.isStale });
    await context.printList(services, serviceView(context.nowMs, context.isTruncating));
    return 0;
  },
};
