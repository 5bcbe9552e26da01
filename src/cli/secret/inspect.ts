/** `warren secret inspect`: everything about a secret but its data, which no answer ever carries. */
import { formatBytes } from "../../lib/mod.ts";
import { formatStored, secretJson } from "../resource/view.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show a secret, without its data",
  args: [{ name: "SECRET", summary: "name or id of the secret", names: "secret" }],
  flags: [STALE_FLAG],
  examples: [{ line: "warren secret inspect db-password", does: "Who uses it" }],
  run: async (context) => {
    const client = await context.client();
    const { secret, usedBy } = await client.getSecret({
      ref: context.arg(0),
      stale: context.isStale,
    });
    if (secret === undefined) return 1;
    const text = () =>
      formatStored(secret, [
        ["Size", formatBytes(secret.sizeBytes)],
        ["Revision", String(secret.revision)],
        ["Used by", usedBy.join(", ") || "no service"],
      ], context.nowMs);
    const json = { ...secretJson(secret), usedBy };
    await context.printObject({ id: secret.id, name: secret.name, json, text });
    return 0;
  },
};
