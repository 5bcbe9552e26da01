/**
 * The strict half of parsing: checks each typed word against the declared flags and rewrites it in
 * one canonical form, `--name=value`, that leaves the actual parser nothing to guess.
 *
 * Called by `parse.ts`. It refuses unknown flags, missing values, values for switches and flags given
 * twice; it knows nothing about what flags mean.
 */
import type { Flag } from "../tree/flag.ts";
import { findNearest } from "../../lib/mod.ts";
import { quoted, usageError } from "./usage.ts";
import { checkValue } from "./values.ts";

/** Words in canonical form. */
export interface CanonicalWords {
  /** Each `--name` or `--name=value`. */
  readonly flags: readonly string[];
  readonly positionals: readonly string[];
  /** Words after `--`; `null` when there was none. */
  readonly rest: readonly string[] | null;
}

/** Flags by every spelling that is accepted. */
export interface FlagIndex {
  readonly byName: ReadonlyMap<string, Flag>;
  readonly byLetter: ReadonlyMap<string, Flag>;
}

/** Indexes `flags`; the first flag to claim a spelling keeps it. */
export function indexFlags(flags: readonly Flag[]): FlagIndex {
  const byName = new Map<string, Flag>();
  const byLetter = new Map<string, Flag>();
  for (const flag of flags) if (!byName.has(flag.name)) byName.set(flag.name, flag);
  for (const flag of flags) {
    if (byName.get(flag.name) !== flag) continue;
    for (const name of flag.synonyms ?? []) if (!byName.has(name)) byName.set(name, flag);
    if (flag.short !== undefined && !byLetter.has(flag.short)) byLetter.set(flag.short, flag);
  }
  return { byName, byLetter };
}

/** One flag as typed. `value` is what is attached to it; `null` when nothing is. */
export interface TypedFlag {
  readonly flag: Flag;
  readonly spelled: string;
  readonly value: string | null;
}

/** Takes a word that begins with a dash apart. @throws WarrenError USAGE for an unknown flag. */
export function readFlagWord(word: string, index: FlagIndex): readonly TypedFlag[] {
  return word.startsWith("--") ? [readLong(word, index)] : readShorts(word, index);
}

/** Whether `word` is written like a flag: a dash and more. */
export function looksLikeFlag(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

function readLong(word: string, index: FlagIndex): TypedFlag {
  const at = word.indexOf("=");
  const name = at < 0 ? word.slice(2) : word.slice(2, at);
  const flag = index.byName.get(name);
  if (flag === undefined) throw unknownFlag(`--${name}`, name, index);
  return { flag, spelled: `--${name}`, value: at < 0 ? null : word.slice(at + 1) };
}

function readShorts(word: string, index: FlagIndex): readonly TypedFlag[] {
  const typed: TypedFlag[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const flag = index.byLetter.get(letter);
    if (flag === undefined) throw unknownFlag(`-${letter}`, word.slice(1), index);
    const tail = word.slice(at + 1);
    if (flag.value === undefined && !tail.startsWith("=")) {
      typed.push({ flag, spelled: `-${letter}`, value: null });
      continue;
    }
    const value = tail.startsWith("=") ? tail.slice(1) : tail === "" ? null : tail;
    return [...typed, { flag, spelled: `-${letter}`, value }];
  }
  return typed;
}

function unknownFlag(spelled: string, name: string, index: FlagIndex): Error {
  const shown = [...index.byName].filter(([, flag]) => !flag.hidden).map(([key]) => key);
  const meant = findNearest(name, shown);
  return usageError(
    `Unknown flag ${quoted(spelled)}`,
    meant === undefined ? "add --help for the flags of this command" : `did you mean --${meant}?`,
  );
}

/** Whether `word` can be the value of a flag before it, rather than the next flag. */
function isNextFlag(word: string, index: FlagIndex): boolean {
  if (word === "--") return true;
  if (!looksLikeFlag(word)) return false;
  const name = word.replace(/^--?/, "").replace(/=.*$/s, "");
  return word.startsWith("--") ? index.byName.has(name) : index.byLetter.has(name.charAt(0));
}

/**
 * Rewrites `words`. With `restAfterFirst`, and no `--` among them, everything after the first
 * positional is `rest`. @throws WarrenError USAGE
 */
export function canonicalWords(
  words: readonly string[],
  index: FlagIndex,
  restAfterFirst: boolean,
): CanonicalWords {
  const dashes = words.indexOf("--");
  const head = dashes < 0 ? words : words.slice(0, dashes);
  let rest = dashes < 0 ? null : words.slice(dashes + 1);
  const flags: string[] = [];
  const positionals: string[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < head.length; at++) {
    const word = head[at] ?? "";
    if (!looksLikeFlag(word)) {
      positionals.push(word);
      if (!restAfterFirst || rest !== null) continue;
      rest = head.slice(at + 1);
      break;
    }
    for (const typed of readFlagWord(word, index)) {
      if (typed.flag.value === undefined) {
        noteOnce(typed, seen);
        flags.push(...switchWords(typed));
        continue;
      }
      const next = words[at + 1];
      const value = typed.value ?? takeNext(typed, next, index);
      if (typed.value === null) at++;
      noteOnce(typed, seen);
      checkValue(typed.flag, value);
      flags.push(`--${typed.flag.name}=${value}`);
    }
  }
  return { flags, positionals, rest };
}

function takeNext(typed: TypedFlag, next: string | undefined, index: FlagIndex): string {
  if (next !== undefined && !isNextFlag(next, index)) return next;
  throw usageError(
    `Flag ${typed.spelled} needs a value: ${typed.flag.value}`,
    next === undefined || next === "--"
      ? undefined
      : `write ${typed.spelled}=${next} if ${next} is the value`,
  );
}

function switchWords(typed: TypedFlag): readonly string[] {
  if (typed.value === null || typed.value === "true") return [`--${typed.flag.name}`];
  if (typed.value === "false") return [];
  throw usageError(`Flag ${typed.spelled} takes no value, and ${quoted(typed.value)} was given`);
}

function noteOnce({ flag, spelled }: TypedFlag, seen: Set<string>): void {
  if (seen.has(flag.name) && flag.repeats !== true && flag.value !== undefined) {
    throw usageError(`Flag ${spelled} is given more than once`, "it takes one value: keep one");
  }
  seen.add(flag.name);
}
