/**
 * `warren service update`: reads the spec, applies the flags to it, writes it back on the condition that
 * nobody changed it meanwhile, and tries again if somebody did.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { CommandContext } from "../context.ts";
import { quoted, usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import type { Service } from "../../client/wire/mod.ts";
import { changedService, printChanged, settle } from "./settle.ts";
import { UPDATE_SPEC_FLAGS } from "./spec/flags.ts";
import { specFromFlags, type SpecInputs } from "./spec/from_flags.ts";
import { readSpecInputs } from "./spec/read_inputs.ts";

const MAX_TRIES = 5;

/** The command. */
export const updateCommand: Command = {
  name: "update",
  summary: "Change a service and wait until the change has arrived",
  description:
    "What is not given stays as it is. Lists such as --env and --publish are added to; the flags that " +
    "end in -rm remove from them.",
  args: [{ name: "SERVICE", summary: "name or id of the service", names: "service" }],
  flags: [...UPDATE_SPEC_FLAGS, DETACH_FLAG],
  rest: "COMMAND",
  examples: [
    { line: "warren service update web --image nginx:1.28", does: "A new image, task by task" },
    {
      line: "warren service update web --env LEVEL=debug --env-rm OLD_SETTING",
      does: "Set one environment variable and remove another",
    },
    {
      line: "warren service update web --cpus 0.5 --memory 256m",
      does: "New limits, without a restart where the runtime can",
    },
  ],
  run: async (context) => {
    const inputs = await readSpecInputs(context, true);
    const isEmpty = inputs.command === null &&
      UPDATE_SPEC_FLAGS.every((flag) => !context.flags.has(flag.name));
    if (isEmpty) {
      throw usageError("Nothing to change: no flag is given", "add --help for the flags");
    }
    const { service, change } = await updateWith(context, inputs);
    if (change === "none") context.note(`${service.spec?.name ?? service.id}: unchanged`);
    else await settle(context, [changedService(service, change === "replace")]);
    await printChanged(context, [service], "name");
    return 0;
  },
};

async function updateWith(
  context: CommandContext,
  inputs: SpecInputs,
): Promise<{ readonly service: Service; readonly change: string }> {
  const client = await context.client();
  const ref = context.arg(0);
  for (let tried = 1;; tried++) {
    const { service } = await client.getService({ ref, stale: false });
    if (service?.spec === undefined) throw missing(ref);
    const spec = specFromFlags(service.spec, inputs);
    try {
      const answer = await client.updateService({
        ref: service.id,
        spec,
        ifVersion: service.version,
      });
      if (answer.service === undefined) throw missing(ref);
      return { service: answer.service, change: answer.change };
    } catch (error) {
      const isConflict = error instanceof WarrenError && error.reason === "VERSION_CONFLICT";
      if (!isConflict || tried >= MAX_TRIES) throw error;
    }
  }
}

function missing(ref: string): WarrenError {
  return new WarrenError("SERVICE_NOT_FOUND", `There is no service ${quoted(ref)}`);
}
