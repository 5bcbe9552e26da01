/** `warren service scale`: sets the replicas of services, all as one change. */
import { quoted, usageError } from "../parse/usage.ts";
import { parseCount } from "../parse/values.ts";
import type { Command } from "../tree/command.ts";
import { DETACH_FLAG } from "../tree/shared_flags.ts";
import { changedService, printChanged, settle } from "./settle.ts";

/** The command. */
export const scaleCommand: Command = {
  name: "scale",
  summary: "Set the number of replicas of services",
  args: [{
    name: "SERVICE=N",
    summary: "name or id of a service and its replicas",
    repeats: true,
    names: "service",
    suffix: "=",
  }],
  flags: [
    DETACH_FLAG,
    {
      name: "replicas",
      value: "N",
      form: "count",
      hidden: true,
      summary: "replicas of services that are named without =N",
    },
  ],
  examples: [
    { line: "warren service scale web=5", does: "Five replicas" },
    { line: "warren service scale web=5 api=2", does: "Two services at once" },
  ],
  run: async (context) => {
    const replicas = parseScale(context.args, context.flags.count("replicas"));
    const client = await context.client();
    const { services } = await client.scaleServices({ replicas });
    await settle(context, services.map((service) => changedService(service, false)));
    await printChanged(context, services, "name");
    return 0;
  },
};

/** Replicas by service from `NAME=N` words. @throws WarrenError USAGE */
export function parseScale(
  words: readonly string[],
  otherwise: number | undefined,
): Record<string, number> {
  const replicas = new Map<string, number>();
  for (const word of words) {
    const [, ref = word, digits] = /^(.+)=([^=]*)$/.exec(word) ?? [];
    const count = digits === undefined ? otherwise : parseCount(digits);
    if (count === undefined) {
      throw usageError(
        `Bad SERVICE=N ${quoted(word)}`,
        "give the number of replicas, for instance web=3",
      );
    }
    if (replicas.has(ref)) throw usageError(`Service ${quoted(ref)} is given twice`);
    replicas.set(ref, count);
  }
  return Object.fromEntries(replicas);
}
