/** `warren volume rm`. */
import { removeEach } from "../output/remove.ts";
import type { Command } from "../tree/command.ts";
import { FORCE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const removeCommand: Command = {
  name: "rm",
  aliases: ["delete", "remove"],
  summary: "Remove volumes that no service uses; their data stays on the nodes",
  description:
    "The cluster forgets the volume. What a service wrote stays with the engine of each node that had it, and a " +
    'volume of the same name finds it again; "docker volume rm NAME" there deletes it.',
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
