/**
 * From typed words to one command with its arguments and flags. Called by `program.ts`; the strict
 * checks are in `words.ts`, the tree is data.
 */
// @ts-types="./std_parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { type Command, findSubcommand, isNamed } from "../tree/command.ts";
import type { Arg, Flag } from "../tree/flag.ts";
import { SHARED_FLAGS } from "../tree/shared_flags.ts";
import { findNearest } from "../../lib/mod.ts";
import { quoted, usageError } from "./usage.ts";
import { checkValue, FlagValues } from "./values.ts";
import { canonicalWords, indexFlags, looksLikeFlag, readFlagWord } from "./words.ts";

/** A command found by its words. */
export interface Located {
  /** From the root to the command. */
  readonly path: readonly Command[];
  readonly command: Command;
  /** The other words, in the order typed. */
  readonly words: readonly string[];
  /** The first word that names no subcommand of a group. */
  readonly unknown: string | undefined;
}

/** A checked command line. */
export interface ParsedLine {
  readonly path: readonly Command[];
  readonly command: Command;
  readonly args: readonly string[];
  /** Words after `--`; `null` when there was no `--`. */
  readonly rest: readonly string[] | null;
  readonly flags: FlagValues;
}

/** Own flags first, then those that every command has. */
export function flagsOf(command: Command): readonly Flag[] {
  return [...command.flags ?? [], ...SHARED_FLAGS];
}

/** Walks the tree along `words`, stepping over flags and their values. Never throws. */
export function locate(root: Command, words: readonly string[]): Located {
  const path: Command[] = [root];
  const others: string[] = [];
  let command = root;
  let at = 0;
  for (; at < words.length && command.subcommands !== undefined; at++) {
    const word = words[at] ?? "";
    if (word === "--") break;
    if (looksLikeFlag(word)) {
      others.push(word);
      if (takesNextWord(word, command) && at + 1 < words.length) others.push(words[++at] ?? "");
      continue;
    }
    const next = findSubcommand(command, word);
    if (next === undefined) return { path, command, words: others, unknown: word };
    command = next;
    path.push(next);
  }
  return { path, command, words: [...others, ...words.slice(at)], unknown: undefined };
}

function takesNextWord(word: string, command: Command): boolean {
  try {
    const last = readFlagWord(word, indexFlags(flagsOf(command))).at(-1);
    return last !== undefined && last.flag.value !== undefined && last.value === null;
  } catch {
    // An unknown flag is reported by `parseLine`, which knows the whole command.
    return false;
  }
}

/** Checks the words of a located command. `env` fills in flags that were not given. @throws WarrenError USAGE */
export function parseLine(
  located: Located,
  env: (name: string) => string | undefined,
): ParsedLine {
  const { command, path } = located;
  const flags = flagsOf(command);
  const words = canonicalWords(
    located.words,
    indexFlags(flags),
    command.restAfterFirstArg === true,
  );
  const values = collect(flags, words.flags);
  fillFromEnv(flags, values, env);
  const parsed = new FlagValues(flags.map((flag) => flag.name), values);
  if (parsed.isOn("help")) return { path, command, args: [], rest: null, flags: parsed };
  if (words.rest !== null && command.rest === undefined) {
    // Without a command to pass on, `--` only says that no flags follow.
    const args = checkArgs(command, [...words.positionals, ...words.rest]);
    return { path, command, args, rest: null, flags: parsed };
  }
  return {
    path,
    command,
    args: checkArgs(command, words.positionals),
    rest: words.rest,
    flags: parsed,
  };
}

function collect(flags: readonly Flag[], words: readonly string[]): Map<string, string[]> {
  const valued = flags.filter((flag) => flag.value !== undefined).map((flag) => flag.name);
  const switches = flags.filter((flag) => flag.value === undefined).map((flag) => flag.name);
  const parsed = parseArgs(words, {
    string: valued,
    collect: valued,
    boolean: switches,
    "--": true,
  });
  const values = new Map<string, string[]>();
  for (const name of valued) {
    const given = parsed[name];
    if (Array.isArray(given) && given.length > 0) values.set(name, given.map(String));
  }
  for (const name of switches) if (parsed[name] === true) values.set(name, ["true"]);
  return values;
}

function fillFromEnv(
  flags: readonly Flag[],
  values: Map<string, string[]>,
  env: (name: string) => string | undefined,
): void {
  for (const flag of flags) {
    if (values.has(flag.name)) continue;
    const value = flag.env?.map(env).find((text) => text !== undefined && text !== "");
    if (value === undefined) continue;
    checkValue(flag, value);
    values.set(flag.name, [value]);
  }
}

function checkArgs(command: Command, given: readonly string[]): readonly string[] {
  const args = command.args ?? [];
  const missing = args[given.length];
  if (missing !== undefined && missing.optional !== true) {
    throw usageError(`${missing.name} is missing: ${missing.summary}`, "add --help for examples");
  }
  const most = args.at(-1)?.repeats === true ? Infinity : args.length;
  const extra = given[most];
  if (extra !== undefined) {
    throw usageError(
      `Unexpected argument ${quoted(extra)}`,
      command.rest === undefined
        ? "add --help for what it takes"
        : `put a command to run after "--"`,
    );
  }
  given.forEach((value, at) => checkArg(args[Math.min(at, args.length - 1)], value));
  return given;
}

function checkArg(arg: Arg | undefined, value: string): void {
  if (value === "") throw usageError(`${arg?.name ?? "Argument"} is empty`);
  if (arg?.choices === undefined || arg.choices.includes(value)) return;
  throw usageError(`Bad ${arg.name} ${quoted(value)}`, `use one of: ${arg.choices.join(", ")}`);
}

/** The fault of a word that names no command. */
export function unknownCommand(located: Located, program: string): Error {
  const { command, path, unknown } = located;
  const subcommands = command.subcommands ?? [];
  const names = subcommands.flatMap((sub) => [sub.name, ...sub.aliases ?? []]);
  const meant = findNearest(unknown ?? "", names);
  const shown = meant === undefined
    ? undefined
    : subcommands.find((sub) => isNamed(sub, meant))?.name;
  const line = [program, ...path.slice(1).map((part) => part.name)].join(" ");
  return usageError(
    `Unknown command ${quoted(unknown ?? "")} of "${line}"`,
    shown === undefined ? `run "${line} --help"` : `did you mean "${line} ${shown}"?`,
  );
}
