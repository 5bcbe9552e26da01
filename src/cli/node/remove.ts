/** `warren node rm`: forgets nodes. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove nodes from the cluster",
  description:
    "A node that is still there must be stopped first; its tasks are replaced elsewhere. A manager " +
    "leaves the group of managers first, and hands leadership over before that. It is refused when " +
    "too few managers would be left that can be reached, with --force too.",
  args: [{ name: "NODE", summary: "name or id of a node", repeats: true, names: "node" }],
  flags: [{ name: "force", summary: "also when it is still there" }],
  examples: [{ line: "warren node rm node-3", does: "After its machine is gone" }],
  run: async (context) => {
    const client = await context.client();
    const force = context.flags.isOn("force");
    return await removeEach(
      context,
      context.args,
      async (ref) => (await client.removeNode({ ref, force })).id,
    );
  },
};
