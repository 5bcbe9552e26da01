/**
 * `warren exec` and `warren task exec`: a command inside a running task, with its input, its terminal and
 * its own exit code.
 */
import { isTerminalReady, rawInput, stdinRequests } from "./exec_input.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit.ts";
import { splitPair } from "../parse/values.ts";
import { usageError } from "../parse/usage.ts";
import type { Command } from "../tree/command.ts";
import type { ExecStart } from "../../client/wire/mod.ts";

/** `warren task exec`. */
export const taskExecCommand: Command = {
  name: "exec",
  summary: "Run a command in a running task",
  description:
    "Exits with the command's own exit code. Of a service, its first running task is taken.",
  args: [{
    name: "TASK|SERVICE",
    summary: "name, id or start of an id",
    names: "service-or-task",
  }],
  restAfterFirstArg: true,
  rest: "COMMAND",
  flags: [
    { name: "interactive", short: "i", summary: "pass standard input on" },
    { name: "tty", short: "t", summary: "with a terminal; needs one here" },
    {
      name: "env",
      short: "e",
      value: "KEY=VALUE",
      form: "pair",
      repeats: true,
      summary: "variable",
    },
    { name: "user", short: "u", value: "USER", summary: "user to run as" },
    { name: "workdir", short: "w", value: "PATH", summary: "working directory" },
  ],
  examples: [
    { line: "warren exec web -- cat /etc/hostname", does: "One command" },
    { line: "warren exec -it web.2 -- sh", does: "A shell in a certain task" },
    { line: "warren exec -i db -- psql < dump.sql", does: "Input from a file" },
  ],
  run: execInTask,
};

/** `warren exec`. */
export const execCommand: Command = { ...taskExecCommand, group: "Services and tasks" };

async function execInTask(context: CommandContext): Promise<number> {
  const { flags } = context;
  const command = context.rest ?? [];
  if (command.length === 0) {
    throw usageError("There is no command to run", 'write it after "--": warren exec web -- ls');
  }
  const hasTty = flags.isOn("tty");
  const hasStdin = flags.isOn("interactive");
  if (hasTty && !isTerminalReady(context.io, hasStdin)) {
    throw usageError("Flag --tty needs a terminal, and this is none", "leave --tty out");
  }
  const { columns, rows } = context.io.size();
  const start: ExecStart = {
    ref: context.arg(0),
    command: [...command],
    tty: hasTty,
    stdin: hasStdin,
    env: Object.fromEntries(flags.all("env").map(splitPair)),
    user: flags.text("user") ?? "",
    workdir: flags.text("workdir") ?? "",
    columns: hasTty ? columns : 0,
    rows: hasTty ? rows : 0,
  };
  const client = await context.client();
  // With a terminal, Ctrl-C is a key like any other and belongs to the command.
  const signal = hasTty && hasStdin ? new AbortController().signal : context.interrupted;
  using _raw = rawInput(hasTty && hasStdin);
  const ended = new AbortController();
  const requests = stdinRequests({ start, io: context.io, signal: ended.signal });
  try {
    for await (const { kind } of client.exec(requests, { signal })) {
      switch (kind?.$case) {
        case "stdout":
        case "stderr":
          context.io.write(kind.$case, kind.value);
          break;
        case "exitCode":
          return kind.value;
      }
    }
    return EXIT.failed;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    ended.abort();
  }
}
