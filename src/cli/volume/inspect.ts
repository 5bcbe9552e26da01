/** `warren volume inspect`. */
import { formatStored, labelTexts, volumeJson } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show a volume",
  args: [{ name: "VOLUME", summary: "name or id of the volume", names: "volume" }],
  flags: [STALE_FLAG],
  examples: [{ line: "warren volume inspect data", does: "Driver, options, who uses it" }],
  run: async (context) => {
    const client = await context.client();
    const { volume } = await client.getVolume({ ref: context.arg(0), stale: context.isStale });
    if (volume === undefined) return 1;
    const text = () =>
      formatStored(volume, [
        ["Driver", volume.driver],
        ["Options", labelTexts(volume.options).join("\n")],
        ["Used by", volume.usedBy.join(", ") || "no service"],
      ], context.nowMs);
    await context.printObject({ id: volume.id, name: volume.name, json: volumeJson(volume), text });
    return 0;
  },
};
