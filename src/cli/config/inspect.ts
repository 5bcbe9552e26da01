/** `warren config inspect`: a config with its data. */
import { formatBytes } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { plain } from "../output/style.ts";
import { configJson, formatStored } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Config } from "../../client/wire/mod.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show a config and its data",
  args: [{ name: "CONFIG", summary: "name or id of the config", names: "config" }],
  flags: [{ name: "raw", summary: "print the data alone, byte for byte" }, STALE_FLAG],
  examples: [
    { line: "warren config inspect nginx-conf", does: "Who uses it and what is in it" },
    { line: "warren config inspect nginx-conf --raw > nginx.conf", does: "Get the data back" },
  ],
  run: async (context) => {
    const client = await context.client();
    const { config, usedBy } = await client.getConfig({
      ref: context.arg(0),
      stale: context.isStale,
    });
    if (config === undefined) return 1;
    if (context.flags.isOn("raw")) {
      context.io.write("stdout", config.data);
      return 0;
    }
    const json = { ...configJson(config), usedBy, ...dataJson(config.data) };
    const text = () => formatConfig(context, config, usedBy);
    await context.printObject({ id: config.id, name: config.name, json, text });
    return 0;
  },
};

/** `data` when it is text, `dataBase64` when it is not. */
function dataJson(data: Uint8Array): Readonly<Record<string, string>> {
  try {
    return { data: new TextDecoder("utf-8", { fatal: true }).decode(data) };
  } catch {
    // Not text: programs get it in base64.
    return { dataBase64: data.toBase64() };
  }
}

function formatConfig(context: CommandContext, config: Config, usedBy: readonly string[]): string {
  const data = dataJson(config.data);
  const shown = data.data === undefined
    ? "binary; --raw prints it"
    : data.data.trimEnd().split("\n").map(plain).join("\n");
  return formatStored(config, [
    ["Size", formatBytes(config.sizeBytes)],
    ["Revision", String(config.revision)],
    ["Used by", usedBy.join(", ") || "no service"],
    ["Data", shown],
  ], context.nowMs);
}
