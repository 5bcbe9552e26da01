/** `warren node list`. */
import type { Command } from "../tree/command.ts";
import { filterFlag, STALE_FLAG } from "../tree/shared_flags.ts";
import { NODE_FILTERS, nodeView } from "./view.ts";

/** The command. */
export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List nodes; * marks the leader",
  flags: [filterFlag(NODE_FILTERS), STALE_FLAG],
  examples: [
    { line: "warren node list", does: "All nodes" },
    { line: "warren node list --filter status=down -q", does: "Ids of nodes that are away" },
  ],
  run: async (context) => {
    const client = await context.client();
    const { nodes } = await client.listNodes({ stale: context.isStale });
    await context.printList(nodes, nodeView(context.nowMs, context.isTruncating));
    return 0;
  },
};
