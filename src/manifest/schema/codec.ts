/**
 * Codecs: how one value is written in a manifest, both ways, and in words for messages and docs.
 *
 * Used by the tables of the kinds. Decoding never throws: a bad value is a fault and a blank.
 * `decode` of what `encode` wrote gives the same value.
 */
import {
  findNearest,
  formatDurationMs,
  parseBytes,
  parseDurationMs,
  parseMilliCpus,
} from "../../lib/mod.ts";
import { listChoices, quoteText } from "../../model/mod.ts";
import { isNull, looksLikeNoText, type ScalarTree, type Tree } from "../yaml/tree.ts";
import type { Cursor } from "./cursor.ts";

/** What can be written as YAML. */
export type Plain =
  | string
  | number
  | boolean
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** One key of a map, as the documentation sees it. */
export interface FieldRow {
  readonly key: string;
  /** Other spellings that are understood, never written. */
  readonly aliases: readonly string[];
  readonly type: string;
  readonly doc: string;
  readonly required: boolean;
  /** Keys below this one. */
  readonly fields: readonly FieldRow[];
}

/** Two directions of one kind of value. */
export interface Codec<T> {
  /** For the documentation: `text`, `list of text`. */
  readonly type: string;
  /** What stands in for a value that could not be read. */
  readonly blank: T;
  /** Keys of a map, for the documentation. */
  readonly fields?: readonly FieldRow[];
  decode(tree: Tree, cursor: Cursor): T;
  encode(value: T): Plain;
}

/** What was found, in words: `a list`, `nothing`, `"abc"`. */
export function describeTree(tree: Tree): string {
  if (tree.kind === "list") return "a list";
  if (tree.kind === "map") return "a map";
  if (isNull(tree)) return "nothing";
  return tree.plain ? quoteText(tree.text).slice(1, -1) : quoteText(tree.text);
}

/** Adds the fault that `wanted` was expected, and gives the blank. */
export function refuse<T>(tree: Tree, cursor: Cursor, wanted: string, blank: T): T {
  cursor.fail(tree.place, `must be ${wanted}, is ${describeTree(tree)}`);
  return blank;
}

/** A codec of single values; `read` gives undefined for what is none. */
function scalar<T>(parts: {
  readonly type: string;
  readonly wanted: string;
  readonly blank: T;
  readonly read: (tree: ScalarTree) => T | undefined;
  readonly write: (value: T) => Plain;
}): Codec<T> {
  const { type, wanted, blank, read, write } = parts;
  return {
    type,
    blank,
    decode(tree, cursor) {
      const value = tree.kind === "scalar" && !isNull(tree) ? read(tree) : undefined;
      return value === undefined ? refuse(tree, cursor, wanted, blank) : value;
    },
    encode: write,
  };
}

/** Text; a plain number or boolean is refused, since its author may have meant something else. */
export const text: Codec<string> = {
  type: "text",
  blank: "",
  decode(tree, cursor) {
    if (tree.kind !== "scalar" || isNull(tree)) return refuse(tree, cursor, "text", "");
    if (!looksLikeNoText(tree)) return tree.text;
    const found = quoteText(tree.text);
    cursor.fail(tree.place, `must be text: write ${found} in quotes`);
    return "";
  },
  encode: (value) => value,
};

/** Text where numbers and booleans are usual, such as variables and arguments: kept as written. */
export const anyText: Codec<string> = scalar({
  type: "text",
  wanted: 'text (write "" for an empty one)',
  blank: "",
  read: (tree) => tree.text,
  write: (value) => value,
});

/** A whole number in decimal digits. */
export const integer: Codec<number> = scalar({
  type: "whole number",
  wanted: "a whole number",
  blank: 0,
  read: (tree) =>
    tree.plain && /^(?:0|[1-9]\d{0,14})$/.test(tree.text) ? Number(tree.text) : undefined,
  write: (value) => value,
});

/** A share such as 0.25. */
export const ratio: Codec<number> = scalar({
  type: "number from 0 to 1",
  wanted: "a number from 0 to 1",
  blank: 0,
  read: (tree) =>
    /^\d(?:\.\d{1,20})?$/.test(tree.text) && tree.plain ? Number(tree.text) : undefined,
  write: (value) => value,
});

/** `true` or `false`; not yes, no, on, off. */
export const flag: Codec<boolean> = scalar<boolean>({
  type: "true or false",
  wanted: "true or false",
  blank: false,
  read: (tree) => {
    if (!tree.plain || !/^(?:true|false)$/i.test(tree.text)) return undefined;
    return tree.text.toLowerCase() === "true";
  },
  write: (value) => value,
});

/** Milliseconds, written as a duration; a bare number is seconds. */
export const duration: Codec<number> = scalar({
  type: "duration",
  wanted: "a duration such as 10s, 1m30s or 500ms",
  blank: 0,
  read: (tree) => parseDurationMs(tree.text),
  write: formatDurationMs,
});

/** Bytes, written as a size. */
export const size: Codec<number> = scalar({
  type: "size",
  wanted: "a size such as 64MiB, 512m or 1.5GiB",
  blank: 0,
  read: (tree) => parseBytes(tree.text),
  write: writeSize,
});

/** Thousandths of a core, written as cores. */
export const cpus: Codec<number> = scalar({
  type: "number of cores",
  wanted: "a number of cores such as 0.5, 2 or 250m",
  blank: 0,
  read: (tree) => parseMilliCpus(tree.text),
  write: (milli) => milli / 1_000,
});

/** Permission bits in octal; the leading 0 is asked for, since 400 could mean two things. */
export const permissions: Codec<number> = scalar({
  type: "permission bits",
  wanted: "permission bits in octal with a leading 0, such as 0444",
  blank: 0o444,
  read: (tree) =>
    /^0o?[0-7]{1,6}$/.test(tree.text) ? parseInt(tree.text.replace("o", ""), 8) : undefined,
  write: (mode) => `0${mode.toString(8)}`,
});

/** One of some words; `aliases` are other spellings that are understood. */
export function choice<Word extends string>(
  words: readonly [Word, ...Word[]],
  aliases: Readonly<Record<string, Word>> = {},
): Codec<Word> {
  const wanted = listChoices(words);
  return {
    type: words.map((word) => `\`${word}\``).join(", "),
    blank: words[0],
    decode(tree, cursor) {
      if (tree.kind !== "scalar") return refuse(tree, cursor, wanted, words[0]);
      const lower = tree.text.toLowerCase();
      const word = words.find((known) => known === lower);
      if (word !== undefined) return word;
      const alias = Object.hasOwn(aliases, lower) ? aliases[lower] : undefined;
      if (alias !== undefined) return alias;
      const near = findNearest(tree.text, words);
      const hint = near === undefined ? "" : `: did you mean ${near}?`;
      cursor.fail(tree.place, `must be ${wanted}, is ${describeTree(tree)}${hint}`);
      return words[0];
    },
    encode: (value) => value,
  };
}

/** A list. */
export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    type: `list of ${item.type}`,
    blank: [],
    ...(item.fields && { fields: item.fields }),
    decode(tree, cursor) {
      if (tree.kind !== "list") return refuse(tree, cursor, `a list of ${item.type}`, []);
      return tree.items.map((one, at) => item.decode(one, cursor.item(at, one.place)));
    },
    encode: (values) => values.map((value) => item.encode(value)),
  };
}

/** The largest unit that keeps the figure whole. */
function writeSize(bytes: number): Plain {
  for (const [unit, factor] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]] as const) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return bytes;
}
