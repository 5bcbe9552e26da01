/** `warren secret create`. */
import { loadBufferWrap } from "../buffer.ts";
import type { Command } from "../tree/command.ts";
import { PAYLOAD_FLAGS, readPayload, STDIN_ARG } from "../resource/payload.ts";
import { secretJson } from "../resource/view.ts";

/** The command. */
export const createCommand: Command = {
  name: "create",
  summary: "Create a secret from a file, a text or stdin",
  args: [{ name: "NAME", summary: "name of the secret" }, STDIN_ARG],
  flags: PAYLOAD_FLAGS,
  examples: [
    { line: "warren secret create db-password --from-file ./password", does: "From a file" },
    { line: "openssl rand -hex 16 | warren secret create token -", does: "From another program" },
  ],
  run: async (context) => {
    const wrap = await loadBufferWrap();
    const data = wrap(await readPayload(context));
    const client = await context.client();
    const labels = context.flags.pairs("label");
    const { secret } = await client.createSecret({ name: context.arg(0), data, labels });
    if (secret === undefined) return 1;
    const text = () => `${secret.id}\n`;
    await context.printObject({ id: secret.id, name: secret.name, json: secretJson(secret), text });
    return 0;
  },
};
