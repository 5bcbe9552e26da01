/**
 * Errors as text for people and as JSON for programs. Pure; `program.ts` prints the result on stderr.
 */
import type { WarrenError } from "../../lib/mod.ts";
import { fitLines, jsonText, plain } from "./style.ts";

/** Faults shown of one error; the rest are counted. */
const MAX_FAULTS = 50;

/** How to print an error. */
export interface ErrorForm {
  readonly isJson: boolean;
  /** Cells of the terminal; `null` for none. */
  readonly columns: number | null;
}

/** One error with its faults and hint; ends with a line feed. */
export function formatError(error: WarrenError, form: ErrorForm): string {
  if (form.isJson) return `${jsonText({ error: error.toInfo() })}\n`;
  const lines = [...multiline(`Error: ${error.message}`)];
  const faults = error.faults ?? [];
  for (const { path, message } of faults.slice(0, MAX_FAULTS)) {
    lines.push(plain(path === "" ? `  ${message}` : `  ${path}: ${message}`));
  }
  if (faults.length > MAX_FAULTS) lines.push(`  and ${faults.length - MAX_FAULTS} more`);
  if (error.hint !== undefined && error.hint !== "") {
    lines.push(...multiline(`hint: ${error.hint}`));
  }
  return fitLines(lines, form.columns);
}

/** Line feeds that a message has on purpose stay; everything else that could move the cursor goes. */
function multiline(text: string): readonly string[] {
  return text.trimEnd().split("\n").map(plain);
}

/** Whether the words ask for JSON; also right when they could not be parsed. */
export function wantsJsonErrors(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  const head = end < 0 ? words : words.slice(0, end);
  return head.some((word, at) => {
    const isFlag = word === "-o" || word === "--output" || word === "--format";
    if (isFlag) return head[at + 1] === "json";
    return /^(-[a-z]*o=?|--output=|--format=)json$/.test(word);
  });
}
