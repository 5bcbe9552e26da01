/** `warren volume rm`. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";
import { FORCE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove volumes that no service uses",
  args: [{ name: "VOLUME", summary: "name or id of a volume", repeats: true, names: "volume" }],
  flags: [FORCE_FLAG],
  examples: [{ line: "warren volume rm old-volume", does: "Remove one" }],
  run: async (context) => {
    const client = await context.client();
    return await removeEach(
      context,
      context.args,
      async (ref) => (await client.removeVolume({ ref })).id,
    );
  },
};
