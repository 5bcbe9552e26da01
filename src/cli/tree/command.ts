/**
 * The command tree as data. One value of these types drives parsing, `--help`, completion and the
 * generated CLI reference, so that none of them can say something else.
 *
 * Each verb's file exports one `Command`; `root.ts` puts them together. Nothing here runs anything.
 * Invariant: a command has either subcommands or `run`.
 */
import type { CommandContext } from "../context.ts";

/** What a word stands for, so that completion can offer the right names. */
export type NameKind =
  | "service"
  | "task"
  | "service-or-task"
  | "node"
  | "secret"
  | "config"
  | "volume"
  | "file"
  | "directory";

/** Form that a flag's value must have; checked while parsing. */
export type ValueForm = "text" | "count" | "duration" | "bytes" | "cpus" | "pair" | "ratio";

/** One flag. Without `value` it is a switch. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names that are accepted but not shown: older spellings. */
  readonly synonyms?: readonly string[];
  /** Placeholder in help, for instance `HOST:PORT`. */
  readonly value?: string;
  /** `text` unless given. */
  readonly form?: ValueForm;
  readonly choices?: readonly string[];
  /** Accepted beside `choices`, but not shown: older spellings. */
  readonly olderChoices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: true;
  /** One phrase, lower case, no full stop. */
  readonly summary: string;
  /** Default as help shows it. */
  readonly fallback?: string;
  /** Environment variables that stand in for it, first one first. */
  readonly env?: readonly string[];
  /** Heading in help; "Flags" unless given. */
  readonly group?: string;
  readonly names?: NameKind;
  /** Keys that completion offers for a `KEY=VALUE`. */
  readonly keys?: readonly string[];
  /** Accepted, but not shown in help or completion. */
  readonly hidden?: true;
}

/** One positional argument. */
export interface Arg {
  /** Upper case, for instance `SERVICE`. */
  readonly name: string;
  readonly summary: string;
  readonly optional?: true;
  /** Takes all words that are left; only on the last argument. */
  readonly repeats?: true;
  readonly names?: NameKind;
  readonly choices?: readonly string[];
  /** What completion puts after a name, for instance `=`. */
  readonly suffix?: string;
}

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
