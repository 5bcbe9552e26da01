/** `warren service rollback`: goes back to an earlier revision. */
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import { changedService, printChanged, settle } from "./settle.ts";

/** The command. */
export const rollbackCommand: Command = {
  name: "rollback",
  summary: "Go back to an earlier revision of a service",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: [
    DETACH_FLAG,
    {
      name: "to",
      value: "REVISION",
      form: "count",
      summary: 'revision to go back to, as "service history" shows it',
      fallback: "the one before the present one",
    },
  ],
  examples: [
    { line: "warren service rollback web", does: "Undo the last update" },
    { line: "warren service rollback web --to 3", does: "Go back to revision 3" },
  ],
  run: async (context) => {
    const client = await context.client();
    const toRevision = context.flags.count("to") ?? 0;
    const { service } = await client.rollbackService({ ref: context.arg(0), toRevision });
    if (service === undefined) return 1;
    await settle(context, [changedService(service, false)]);
    await printChanged(context, [service], "name");
    return 0;
  },
};
