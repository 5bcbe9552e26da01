/** `warren service rm`: removes services and waits until their last task is gone. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG, FORCE_FLAG } from "../tree/shared_flags.ts";
import { type Changed, settle } from "./settle.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove services and their tasks",
  args: [{
    name: "SERVICE",
    summary: "name or id of a service",
    repeats: true,
    names: "service",
  }],
  flags: [DETACH_FLAG, FORCE_FLAG],
  examples: [{ line: "warren service rm web", does: "Stop its tasks and remove it" }],
  run: async (context) => {
    const client = await context.client();
    const removed: Changed[] = [];
    const remove = async (ref: string) => {
      const { service } = await client.getService({ ref, stale: false });
      const { id } = await client.removeService({ ref });
      const goal = { kind: "removed", rolloutsSinceMs: Infinity } as const;
      removed.push({ id, name: service?.spec?.name ?? ref, goal });
      return id;
    };
    return await removeEach(context, context.args, remove, () => settle(context, removed));
  },
};
