/** `warren config rm`. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";
import { FORCE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove configs that no service uses",
  args: [{ name: "CONFIG", summary: "name or id of a config", repeats: true, names: "config" }],
  flags: [FORCE_FLAG],
  examples: [{ line: "warren config rm old-config", does: "Remove one" }],
  run: async (context) => {
    const client = await context.client();
    return await removeEach(
      context,
      context.args,
      async (ref) => (await client.removeConfig({ ref })).id,
    );
  },
};
