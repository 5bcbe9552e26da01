/**
 * The command tree as data. One value of these types drives parsing, `--help`, completion and the
 * generated CLI reference, so that none of them can say something else.
 *
 * Each verb's file exports one `Command`; `root.ts` puts them together. Nothing here runs anything.
 * Invariant: a command has either subcommands or `run`.
 */
import type { CommandContext } from "../context.ts";
import type { Arg, Flag } from "./flag.ts";

/** A command line that works, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** A command, or a group of commands. */
export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One phrase, capitalised, no full stop. */
  readonly summary: string;
  /** Paragraphs that help shows below the summary. */
  readonly description?: string;
  readonly args?: readonly Arg[];
  /** Own flags; those of every command are in `shared_flags.ts`. */
  readonly flags?: readonly Flag[];
  /** Name of what may follow `--`, for instance `COMMAND`; absent when nothing may. */
  readonly rest?: string;
  /** Without `--`, all words after the first argument belong to `rest`. */
  readonly restAfterFirstArg?: true;
  readonly examples?: readonly Example[];
  readonly subcommands?: readonly Command[];
  /** Heading in the list of commands. */
  readonly group?: string;
  /** Not shown in help or completion. */
  readonly hidden?: true;
  /** Takes its words as they are: nothing is parsed. */
  readonly takesRawWords?: true;
  /** Answers with the exit code. @throws WarrenError */
  readonly run?: (context: CommandContext) => Promise<number>;
}

/** Whether `word` names `command`, by name or alias. */
export function isNamed(command: Command, word: string): boolean {
  return command.name === word || command.aliases?.includes(word) === true;
}

/** The subcommand that `word` names. */
export function findSubcommand(command: Command, word: string): Command | undefined {
  return command.subcommands?.find((candidate) => isNamed(candidate, word));
}
