/**
 * Output of tasks: `warren logs`, `warren service logs`, `warren task logs`.
 *
 * Lines are printed as they are, standard output to stdout and standard error to stderr; Warren's own
 * notices go to stderr. With several tasks each line begins with its task's name.
 */
import { WarrenError } from "../../lib/mod.ts";
import type { Client } from "../../client/mod.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { jsonText } from "../output/style.ts";
import { taskName } from "../output/task_text.ts";
import { parseMoment } from "../parse/moment.ts";
import type { Command } from "../tree/command.ts";
import type { Flag, NameKind } from "../tree/flag.ts";
import type { ReadLogsResponse } from "../../client/wire/mod.ts";

const LOG_FLAGS: readonly Flag[] = [
  { name: "follow", short: "f", summary: "go on with new lines until interrupted" },
  {
    name: "tail",
    short: "n",
    synonyms: ["lines"],
    value: "N",
    summary: "only the last N lines of each task",
    fallback: "all",
  },
  {
    name: "since",
    value: "TIME",
    summary: "only lines since then: 10m, 2h, or 2026-01-31T12:00:00Z",
  },
  { name: "timestamps", short: "t", summary: "begin each line with its time" },
  { name: "no-prefix", summary: "do not begin lines with the task's name" },
];

/** `warren logs`. */
export const logsCommand: Command = {
  ...logsOf("service-or-task", "SERVICE|TASK", "Show the output of a service or a task"),
  group: "Services and tasks",
  examples: [
    { line: "warren logs web -f --tail 20", does: "The last lines, then new ones as they come" },
    { line: "warren logs web.2 --since 10m", does: "One task, the last ten minutes" },
  ],
};

/** `warren service logs`. */
export const serviceLogsCommand: Command = logsOf(
  "service",
  "SERVICE",
  "Show the output of a service's tasks",
);

/** `warren task logs`. */
export const taskLogsCommand: Command = logsOf("task", "TASK", "Show the output of a task");

function logsOf(names: NameKind, arg: string, summary: string): Command {
  return {
    name: "logs",
    summary,
    args: [{ name: arg, summary: "name, id or start of an id", names }],
    flags: LOG_FLAGS,
    run: printLogs,
  };
}

async function printLogs(context: CommandContext): Promise<number> {
  const { flags } = context;
  const nowMs = context.nowMs;
  const request = {
    ref: context.arg(0),
    follow: flags.isOn("follow"),
    tail: parseTail(flags.text("tail")),
    sinceMs: parseMoment(flags.text("since"), "since", nowMs),
  };
  const client = await context.client();
  const signal = context.interrupted;
  try {
    const printer = new LogPrinter(context, await hasSeveralTasks(client, request.ref, signal));
    for await (const line of client.readLogs(request, { signal })) printer.print(line);
  } catch (error) {
    if (!signal.aborted) throw error;
    return EXIT.interrupted;
  }
  return EXIT.done;
}

/** Whether `ref` is a service with several tasks, whose lines must be told apart from the first on. */
async function hasSeveralTasks(
  client: Client,
  ref: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const request = { service: ref, node: "", all: true, stale: false };
    const { tasks } = await client.listTasks(request, { signal });
    return new Set(tasks.map(taskName)).size > 1;
  } catch (error) {
    // It is a task, or not there: the next call says so better.
    if (error instanceof WarrenError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

/** A number of lines, or `all`. @throws WarrenError USAGE */
export function parseTail(text: string | undefined): number | undefined {
  if (text === undefined || text === "all") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new WarrenError("USAGE", `Bad value "${text}" for --tail`, {
    hint: "give a number of lines, or all",
  });
}

/** Writes lines with their prefixes. */
class LogPrinter {
  readonly #context: CommandContext;
  readonly #showsTime: boolean;
  #hasPrefix: boolean;
  #firstName = "";
  #width = 0;

  /** `isSeveral` when lines of more than one task are to come; it is also found out by itself. */
  constructor(context: CommandContext, isSeveral: boolean) {
    this.#context = context;
    this.#showsTime = context.flags.isOn("timestamps");
    this.#hasPrefix = isSeveral;
  }

  print(line: ReadLogsResponse): void {
    if (this.#context.form === "json") return this.#printJson(line);
    this.#firstName ||= line.taskName;
    this.#hasPrefix ||= line.taskName !== this.#firstName;
    const isPrefixed = this.#hasPrefix && !this.#context.flags.isOn("no-prefix");
    const time = this.#showsTime ? `${new Date(line.timeMs).toISOString()} ` : "";
    const name = isPrefixed ? `${this.#padded(line.taskName)} | ` : "";
    const stream = line.stream === "stdout" ? "stdout" : "stderr";
    this.#context.io.write(stream, joined(time + name, line.line));
  }

  #padded(name: string): string {
    this.#width = Math.max(this.#width, name.length);
    return name.padEnd(this.#width);
  }

  #printJson(line: ReadLogsResponse): void {
    const { taskId, taskName, stream, timeMs } = line;
    const json = {
      time: new Date(timeMs).toISOString(),
      task: taskName,
      taskId,
      stream,
      line: new TextDecoder().decode(line.line),
    };
    this.#context.print(`${jsonText(json)}\n`);
  }
}

/** Prefix, the line's own bytes, line feed; one write, so that lines of others do not mix in. */
function joined(prefix: string, line: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(prefix);
  const all = new Uint8Array(head.length + line.length + 1);
  all.set(head);
  all.set(line, head.length);
  all[all.length - 1] = 10;
  return all;
}
