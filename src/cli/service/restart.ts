/** `warren service restart`: replaces every task without changing the spec. */
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import { changedService, printChanged, settle } from "./settle.ts";

/** The command. */
export const restartCommand: Command = {
  name: "restart",
  summary: "Replace every task of a service with a new one of the same spec",
  description: "Tasks are replaced as an update would do it, so a service with several stays up.",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: [DETACH_FLAG],
  examples: [{ line: "warren service restart web", does: "Restart all tasks, one after another" }],
  run: async (context) => {
    const client = await context.client();
    const { service } = await client.restartService({ ref: context.arg(0) });
    if (service === undefined) return 1;
    await settle(context, [changedService(service, true)]);
    await printChanged(context, [service], "name");
    return 0;
  },
};
