/** `warren volume create`. */
import { volumeJson } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";

/** The command. */
export const createCommand: Command = {
  name: "create",
  summary: "Create a named volume",
  description: "It is made on a node when the first task that mounts it lands there.",
  args: [{ name: "NAME", summary: "name of the volume" }],
  flags: [
    { name: "driver", value: "DRIVER", summary: "volume driver", fallback: "local" },
    { name: "opt", value: "KEY=VALUE", form: "pair", repeats: true, summary: "driver option" },
    { name: "label", value: "KEY=VALUE", form: "pair", repeats: true, summary: "label" },
  ],
  examples: [{ line: "warren volume create data", does: "A local volume" }],
  run: async (context) => {
    const client = await context.client();
    const { volume } = await client.createVolume({
      name: context.arg(0),
      driver: context.flags.text("driver") ?? "",
      options: context.flags.pairs("opt"),
      labels: context.flags.pairs("label"),
    });
    if (volume === undefined) return 1;
    const text = () => `${volume.id}\n`;
    await context.printObject({ id: volume.id, name: volume.name, json: volumeJson(volume), text });
    return 0;
  },
};
