/** `warren config create`. */
import { loadBufferWrap } from "../buffer.ts";
import type { Command } from "../tree/command.ts";
import { PAYLOAD_FLAGS, readPayload, STDIN_ARG } from "../resource/payload.ts";
import { configJson } from "../resource/view.ts";

/** The command. */
export const createCommand: Command = {
  name: "create",
  summary: "Create a config from a file, a text or stdin",
  args: [{ name: "NAME", summary: "name of the config" }, STDIN_ARG],
  flags: PAYLOAD_FLAGS,
  examples: [
    { line: "warren config create nginx-conf --from-file ./nginx.conf", does: "From a file" },
  ],
  run: async (context) => {
    const wrap = await loadBufferWrap();
    const data = wrap(await readPayload(context));
    const client = await context.client();
    const labels = context.flags.pairs("label");
    const { config } = await client.createConfig({ name: context.arg(0), data, labels });
    if (config === undefined) return 1;
    const text = () => `${config.id}\n`;
    await context.printObject({ id: config.id, name: config.name, json: configJson(config), text });
    return 0;
  },
};
