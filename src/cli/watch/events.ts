/** `warren events`: what happens in the cluster, in the order of its log. */
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { parseMoment } from "../parse/moment.ts";
import { usageError } from "../parse/usage.ts";
import { jsonText, plain, toneOf } from "../output/style.ts";
import type { Command } from "../tree/command.ts";
import { STALE_FLAG } from "../tree/shared_flags.ts";
import type { Event, StreamEventsRequest } from "../../client/wire/mod.ts";

/** Types for completion and help; others are accepted, since clusters may be newer. */
const TYPES = [
  "service.*",
  "task.*",
  "node.*",
  "secret.*",
  "config.*",
  "volume.*",
  "deployment.*",
  "leader.changed",
];

/** The command. */
export const eventsCommand: Command = {
  name: "events",
  group: "Look inside",
  summary: "Follow what happens in the cluster",
  description:
    "Begins with what comes next, unless --since is given. An event of type gap says that something was " +
    "missed because it is no longer kept or the reader was too slow.",
  flags: [
    {
      name: "since",
      value: "INDEX|TIME",
      summary: "events after this index (0: all that are kept), or since 10m or a time",
    },
    {
      name: "type",
      value: "TYPE",
      repeats: true,
      summary: `only these, for instance task.failed or task.*`,
    },
    {
      name: "filter",
      value: "KEY=VALUE",
      form: "pair",
      repeats: true,
      keys: ["service", "task", "node"],
      summary: "only events whose attribute has this value",
    },
    { name: "no-follow", summary: "end at the present" },
    STALE_FLAG,
    { name: "follow", short: "f", hidden: true, summary: "the default" },
  ],
  examples: [
    { line: "warren events", does: "From now on" },
    { line: "warren events --since 1h --type 'task.*' --no-follow", does: "Tasks, the last hour" },
    { line: "warren events --since 4211 -o json", does: "Resume after an index, for a program" },
  ],
  run: followEvents,
};

async function followEvents(context: CommandContext): Promise<number> {
  const request = eventsRequest(context);
  const client = await context.client();
  const signal = context.interrupted;
  try {
    for await (const { event } of client.streamEvents(request, { signal })) {
      if (event !== undefined) context.print(eventLine(context, event));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return EXIT.done;
}

function eventsRequest({ flags, nowMs, isStale }: CommandContext): StreamEventsRequest {
  const since = flags.text("since");
  const isIndex = since !== undefined && /^\d{1,16}$/.test(since);
  const noFollow = flags.isOn("no-follow");
  return {
    types: flags.all("type").flatMap(checkType),
    afterIndex: isIndex ? Number(since) : 0,
    sinceMs: isIndex ? 0 : parseMoment(since, "since", nowMs),
    // To end at the present without a beginning means everything up to it.
    fromStart: isIndex ? Number(since) === 0 : since === undefined && noFollow,
    filters: flags.pairs("filter"),
    noFollow,
    stale: isStale,
  };
}

function checkType(text: string): readonly string[] {
  const types = text.split(",").map((type) => type.trim());
  const bad = types.find((type) => !/^([a-z_]+\.([a-z_]+|\*)|gap|\*)$/.test(type));
  if (bad === undefined) return types.filter((type) => type !== "*");
  throw usageError(
    `Bad value ${JSON.stringify(bad)} for --type`,
    `use one like ${TYPES.join(", ")}`,
  );
}

function eventLine(context: CommandContext, event: Event): string {
  const time = new Date(event.timeMs).toISOString();
  const { index, type, message, attributes } = event;
  if (context.form === "json") {
    return `${jsonText({ index, time, type, message, attributes })}\n`;
  }
  if (context.form === "yaml") {
    return `- ${jsonText({ index, time, type, message, attributes })}\n`;
  }
  if (context.flags.isOn("quiet") || context.form === "name") return `${index}\n`;
  const extra = context.form === "wide"
    ? ` ${Object.entries(attributes).map(([key, value]) => `${key}=${value}`).join(" ")}`
    : "";
  const painted = context.paint(type.padEnd(20), toneOf(type.split(".").at(-1) ?? ""));
  const shown = isNarrow(context) ? time.slice(5, 19).replace("T", " ") : time;
  return `${shown}  ${String(index).padStart(6)}  ${painted}  ${plain(message + extra)}\n`;
}

/** Terminals on which the full time would leave no room for the message. */
function isNarrow({ columns }: CommandContext): boolean {
  return columns !== null && columns < 120;
}
