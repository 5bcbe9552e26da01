/** `warren secret rm`. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";
import { FORCE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove secrets that no service uses",
  args: [{ name: "SECRET", summary: "name or id of a secret", repeats: true, names: "secret" }],
  flags: [FORCE_FLAG],
  examples: [{ line: "warren secret rm old-secret", does: "Remove one" }],
  run: async (context) => {
    const client = await context.client();
    return await removeEach(
      context,
      context.args,
      async (ref) => (await client.removeSecret({ ref })).id,
    );
  },
};
