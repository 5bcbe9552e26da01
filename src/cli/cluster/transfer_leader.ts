/** `warren cluster transfer-leader`: another manager leads from now on. */
import type { Command } from "../tree/command.ts";

/** The command. */
export const transferLeaderCommand: Command = {
  name: "transfer-leader",
  summary: "Let another manager lead",
  description:
    "Without a name, the manager that is most caught up takes over. No request fails meanwhile: what " +
    "comes in between waits for the new leader.",
  args: [{ name: "NODE", optional: true, summary: "name or id of the manager", names: "node" }],
  examples: [
    { line: "warren cluster transfer-leader", does: "Before maintenance of the leader" },
    { line: "warren cluster transfer-leader manager-2", does: "To a certain manager" },
  ],
  run: async (context) => {
    const client = await context.client();
    const { leaderId } = await client.transferLeader({ ref: context.args[0] ?? "" });
    const { node } = await client.getNode({ ref: leaderId });
    const { name, address } = node ?? { name: leaderId, address: "" };
    const json = { leader: { id: leaderId, name, address } };
    await context.printObject({ id: leaderId, name, json, text: () => `${name}\n` });
    return 0;
  },
};
