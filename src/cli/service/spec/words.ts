/**
 * Command lines given as one text, and files of environment variables. Pure.
 *
 * Nothing is expanded or evaluated: quotes and backslashes only keep words together.
 */
import { quoted, usageError } from "../../parse/usage.ts";

/**
 * Words of `text`: a list in JSON, or a line split at spaces, where quotes keep spaces.
 *
 * @throws WarrenError USAGE for an open quote, and for a list that holds more than texts.
 */
export function splitWords(text: string, flag: string): readonly string[] {
  return parseWordList(text, flag) ?? splitLine(text, flag);
}

function splitLine(text: string, flag: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      word = (word ?? "") + text.charAt(++at);
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") {
    throw usageError(`Bad value ${quoted(text)} for --${flag}`, `close the quote ${quote}`);
  }
  return word === null ? words : [...words, word];
}

/** A list of words written as JSON, or `null` when `text` is not JSON. @throws WarrenError USAGE */
export function parseWordList(text: string, flag: string): readonly string[] | null {
  const list = text.trimStart().startsWith("[") ? parseJson(text) : undefined;
  if (!Array.isArray(list)) return null;
  if (list.every((word) => typeof word === "string")) return list;
  throw usageError(
    `Bad value ${quoted(text)} for --${flag}`,
    "put every word of the list in double quotes",
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: it is a shell line that begins with a bracket.
    return undefined;
  }
}

/** Variables of a file of `KEY=VALUE` lines; `#` begins a comment line. @throws WarrenError USAGE */
export function parseEnvFile(text: string, file: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line, at) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const key = trimmed.split("=", 1)[0] ?? "";
    if (!/^[^\s=]+$/.test(key) || !trimmed.includes("=")) {
      throw usageError(
        `Cannot read --env-file ${quoted(file)}: line ${at + 1} has no name of a variable`,
        "write KEY=VALUE on each line",
      );
    }
    return [line.trimStart()];
  });
}
