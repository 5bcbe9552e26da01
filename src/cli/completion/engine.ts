/**
 * What can stand at the cursor. Called by `__complete`; reads the tree and asks `lookUp` for the names
 * that only the cluster knows.
 *
 * It takes the words as plain text and never expands or runs any of them. Invariant: it answers for every
 * input, with nothing rather than an error.
 */
import type { Command } from "../tree/command.ts";
import type { Arg, Flag, NameKind } from "../tree/flag.ts";
import { flagsOf, locate, type Located } from "../parse/parse.ts";
import { indexFlags, looksLikeFlag, readFlagWord } from "../parse/words.ts";

/** One thing that can be typed, and what it is. */
export interface Candidate {
  readonly text: string;
  readonly about: string;
}

/** What the shell does with the candidates. */
export type Directive =
  /** Nothing special. */
  | "none"
  /** No space after the candidate. */
  | "nospace"
  /** Completes file names itself. */
  | "files"
  | "directories";

/** The answer to one press of the key. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly directive: Directive;
}

/** Names of one kind in the cluster; must not throw. */
export type LookUp = (kind: NameKind) => Promise<readonly Candidate[]>;

const NOTHING: Completion = { candidates: [], directive: "none" };

/** Completes the last one of `words`, which follow the program's name. */
export async function complete(
  root: Command,
  words: readonly string[],
  lookUp: LookUp,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--")) return NOTHING;
  const isHelp = before[0] === "help";
  const located = locate(root, isHelp ? before.slice(1) : before);
  if (located.unknown !== undefined) return NOTHING;
  const { command } = located;
  const index = indexFlags(flagsOf(command));
  const open = openFlag(before, index);
  if (open !== undefined) return await valuesOf(open, current, "", lookUp);
  const attached = /^(--[^=]+=)(.*)$/s.exec(current);
  if (attached !== null) {
    const [, prefix = "", value = ""] = attached;
    const flag = index.byName.get(prefix.slice(2, -1));
    return flag === undefined ? NOTHING : await valuesOf(flag, value, prefix, lookUp);
  }
  if (looksLikeFlag(current) || current === "-") return flagCandidates(located, current);
  if (command.subcommands !== undefined) return subcommands(command, current);
  return isHelp ? NOTHING : await argCandidates(located, current, lookUp);
}

/** The flag before the cursor that still needs its value. */
function openFlag(
  before: readonly string[],
  index: ReturnType<typeof indexFlags>,
): Flag | undefined {
  const last = before.at(-1) ?? "";
  if (!looksLikeFlag(last)) return undefined;
  try {
    const typed = readFlagWord(last, index).at(-1);
    return typed?.value === null && typed.flag.value !== undefined ? typed.flag : undefined;
  } catch {
    // An unknown flag: what follows it is completed as if it were a switch.
    return undefined;
  }
}

async function valuesOf(
  flag: Flag,
  current: string,
  prefix: string,
  lookUp: LookUp,
): Promise<Completion> {
  if (flag.keys !== undefined) {
    return answer(flag.keys.map((key) => candidate(`${key}=`)), current, prefix, "nospace");
  }
  return await namesFor(flag, current, prefix, lookUp);
}

async function namesFor(
  what: Pick<Arg, "choices" | "names" | "suffix">,
  current: string,
  prefix: string,
  lookUp: LookUp,
): Promise<Completion> {
  if (what.choices !== undefined) {
    return answer(what.choices.map((text) => candidate(text)), current, prefix, "none");
  }
  if (what.names === undefined) return NOTHING;
  if (what.names === "file") return { candidates: [], directive: "files" };
  if (what.names === "directory") return { candidates: [], directive: "directories" };
  const names = await lookUp(what.names);
  const { suffix } = what;
  if (suffix === undefined) return answer(names, current, prefix, "none");
  const suffixed = names.map(({ text, about }) => candidate(text + suffix, about));
  return answer(suffixed, current, prefix, "nospace");
}

function flagCandidates({ command, words }: Located, current: string): Completion {
  const index = indexFlags(flagsOf(command));
  const given = new Set(
    words.filter(looksLikeFlag).flatMap((word) => {
      try {
        return readFlagWord(word, index).map((typed) => typed.flag.name);
      } catch {
        // An unknown flag takes nothing away.
        return [];
      }
    }),
  );
  const flags = [...new Set(index.byName.values())].filter((flag) =>
    !flag.hidden && (flag.repeats || !given.has(flag.name))
  );
  return answer(flags.map((f) => candidate(`--${f.name}`, f.summary)), current, "", "none");
}

function subcommands(command: Command, current: string): Completion {
  const shown = command.subcommands?.filter((sub) => !sub.hidden) ?? [];
  return answer(shown.map((sub) => candidate(sub.name, sub.summary)), current, "", "none");
}

async function argCandidates(
  located: Located,
  current: string,
  lookUp: LookUp,
): Promise<Completion> {
  const args = located.command.args ?? [];
  const given = positionals(located);
  if (located.command.restAfterFirstArg && given.length >= args.length) return NOTHING;
  const last = args.at(-1);
  const arg = args[given.length] ?? (last?.repeats ? last : undefined);
  if (arg === undefined) return NOTHING;
  const { candidates, directive } = await namesFor(arg, current, "", lookUp);
  const isGiven = (text: string) =>
    given.some((word) => word === text || (arg.suffix !== undefined && word.startsWith(text)));
  return { candidates: candidates.filter(({ text }) => !isGiven(text)), directive };
}

function positionals({ command, words }: Located): readonly string[] {
  const index = indexFlags(flagsOf(command));
  const found: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!looksLikeFlag(word)) found.push(word);
    else if (openFlag([word], index) !== undefined) at++;
  }
  return found;
}

function candidate(text: string, about = ""): Candidate {
  return { text, about };
}

function answer(
  all: readonly Candidate[],
  current: string,
  prefix: string,
  directive: Directive,
): Completion {
  const matching = all.filter(({ text }) => text.startsWith(current));
  const candidates = matching.map(({ text, about }) => candidate(prefix + text, about));
  return { candidates, directive };
}

/** Candidates offered at once; a cluster may have thousands of names. */
const MAX_CANDIDATES = 500;

/** The answer as lines: `TEXT<tab>ABOUT` each, then `:DIRECTIVE`. */
export function formatCompletion({ candidates, directive }: Completion): string {
  const lines = candidates.slice(0, MAX_CANDIDATES).map(({ text, about }) => {
    const words = about.replace(/\s+/g, " ").trim();
    return words === "" ? text : `${text}\t${words}`;
  });
  return `${[...lines, `:${directive}`].join("\n")}\n`;
}
