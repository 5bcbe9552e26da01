/** `warren service create`: flags to a spec, one call, then waiting until its tasks run. */
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import { changedService, printChanged, settle } from "./settle.ts";
import { SPEC_FLAGS } from "./spec/flags.ts";
import { emptySpec, specFromFlags } from "./spec/from_flags.ts";
import { readSpecInputs } from "./spec/read_inputs.ts";

/** The command. */
export const createCommand: Command = {
  name: "create",
  summary: "Create a service and wait until its tasks run",
  description:
    "Prints the id of the service. When a task cannot be placed or does not stay up, it says why and " +
    "exits with 1; the service stays.",
  args: [{ name: "NAME", summary: "name of the service: a-z, 0-9 and -" }],
  flags: [...SPEC_FLAGS, DETACH_FLAG],
  rest: "COMMAND",
  examples: [
    {
      line: "warren service create web --image nginx:1.27 --replicas 3 -p 8080:80",
      does: "Three web servers, reachable on port 8080 of their nodes",
    },
    {
      line: "warren service create db --image postgres:16 --secret db-password " +
        "-e POSTGRES_PASSWORD_FILE=/run/secrets/db-password -v data:/var/lib/postgresql/data",
      does: "A database with a secret and a volume",
    },
    {
      line:
        "warren service create tick --runtime process -- /bin/sh -c 'while date; do sleep 5; done'",
      does: "A command of the host, without a container",
    },
  ],
  run: async (context) => {
    const inputs = await readSpecInputs(context, false);
    const spec = specFromFlags(emptySpec(context.arg(0)), inputs);
    if (spec.task?.image === "" && spec.task.runtime !== "process") {
      throw usageError(
        "Flag --image is missing",
        "name the image to run, or use --runtime process",
      );
    }
    const client = await context.client();
    const { service } = await client.createService({ spec });
    if (service === undefined) return 1;
    await settle(context, [changedService(service, false)]);
    await printChanged(context, [service], "id");
    return 0;
  },
};
