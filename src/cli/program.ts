/**
 * One command line from words to exit code: finds the command, parses, runs it, reports its error.
 *
 * Called by `main.ts` and by tests with a pretended process. Invariant: it never throws, and every
 * failure is said on stderr before it returns.
 */
import { WarrenError } from "../lib/mod.ts";
import { COMPLETE_WORD, runCompletion } from "./completion/run.ts";
import { CommandContext } from "./context.ts";
import { EXIT, exitCodeOf, ExitWith } from "./exit.ts";
import { formatHelp } from "./help/help.ts";
import { type CliIo, PipeClosed } from "./io.ts";
import { formatError, wantsJsonErrors } from "./output/error.ts";
import { locate, parseLine, unknownCommand } from "./parse/parse.ts";
import { usageError } from "./parse/usage.ts";
import { ROOT } from "./tree/root.ts";

/** Runs `args` and answers with the exit code. */
export async function runProgram(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return await runChecked(args, io);
  } catch (error) {
    return reportFailure(error, args, io);
  }
}

async function runChecked(args: readonly string[], io: CliIo): Promise<number> {
  if (args[0] === COMPLETE_WORD) return await runCompletion(args.slice(1), io);
  const wantsHelp = args[0] === "help";
  const located = locate(ROOT, wantsHelp ? args.slice(1) : args);
  if (located.unknown !== undefined) throw unknownCommand(located, io.program);
  const { columns } = io.isTerminal("stdout") ? io.size() : { columns: 80 };
  const help = formatHelp(located.path, io.program, columns);
  if (wantsHelp) return printHelp(io, help);
  if (located.words.includes("--version") && located.path.length === 1) {
    return await runChecked(["version"], io);
  }
  const line = parseLine(located, io.env);
  if (line.flags.isOn("help")) return printHelp(io, help);
  const { run } = located.command;
  if (run === undefined) {
    if (located.path.length === 1) return printHelp(io, help);
    io.write("stderr", help);
    throw usageError(`"${io.program} ${located.command.name}" needs one of its commands`);
  }
  await using context = new CommandContext(io, line);
  return await run(context);
}

function printHelp(io: CliIo, help: string): number {
  io.write("stdout", help);
  return EXIT.done;
}

function reportFailure(thrown: unknown, args: readonly string[], io: CliIo): number {
  if (thrown instanceof PipeClosed) return EXIT.done;
  const known = thrown instanceof ExitWith ? thrown.error : thrown;
  const error = WarrenError.from(known, "Unexpected fault");
  const isDebug = args.some((word) => word === "debug" || word === "--log-level=debug") ||
    io.env("WARREN_LOG_LEVEL") === "debug";
  const text = formatError(error, {
    isJson: wantsJsonErrors(args),
    columns: io.isTerminal("stderr") ? io.size().columns : null,
  });
  try {
    io.write("stderr", text);
    if (isDebug && thrown instanceof Error) io.write("stderr", `${thrown.stack ?? ""}\n`);
  } catch (writing) {
    if (!(writing instanceof PipeClosed)) throw writing;
  }
  return thrown instanceof ExitWith ? thrown.exitCode : exitCodeOf(error);
}
