/**
 * The small checks that every validator is made of: whole numbers in a range, bounded text without
 * control characters, bounded lists, text quoted for a message.
 *
 * Called by the `validate_*.ts` files only. No check throws, whatever the value; each message says
 * what is wanted and what was found, and never repeats more than {@link QUOTE_CHARS} of it.
 */
import type { FieldFault } from "../../lib/mod.ts";

/** Takes one fault. */
export type Report = (path: string, message: string) => void;

/** Characters of a bad value that a message repeats. */
const QUOTE_CHARS = 60;

/** Characters that are never printed raw: C0 and C1 controls, line separators, lone surrogates. */
// deno-lint-ignore no-control-regex -- finding control characters is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/u;
/** The same without tab, line feed and carriage return. */
// deno-lint-ignore no-control-regex -- finding control characters is the purpose
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff]/u;

/** Runs `check` and gives back what it reported. */
export function collectFaults(check: (report: Report) => void): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  check((path, message) => faults.push({ path, message }));
  return faults;
}

/** `text` in quotes, cut and with every unprintable character escaped. */
export function quoteText(text: string): string {
  const cut = text.length > QUOTE_CHARS ? `${text.slice(0, QUOTE_CHARS)}…` : text;
  return JSON.stringify(cut).replace(
    new RegExp(CONTROL.source, "gu"),
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Path of entry `key` of the map at `path`; a key that is no plain word is quoted. */
export function keyPath(path: string, key: string): string {
  return /^[\w.\/-]{1,128}$/.test(key) ? `${path}.${key}` : `${path}[${quoteText(key)}]`;
}

/** Length of `text` in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What a number must lie between, and how to write it in messages. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Prints a bound or a value; plain figures with commas when left out. */
  readonly format?: (value: number) => string;
}

/** Reports unless `value` is a whole number in `range`. */
export function checkInteger(report: Report, path: string, value: number, range: Range): boolean {
  const good = Number.isSafeInteger(value) && !Object.is(value, -0) &&
    value >= range.min && value <= range.max;
  if (good) return true;
  const format = range.format ?? formatCount;
  const whole = range.format ? "must be" : "must be a whole number from";
  const found = Number.isSafeInteger(value) && value >= 0 ? format(value) : String(value);
  report(path, `${whole} ${format(range.min)} to ${format(range.max)}, is ${found}`);
  return false;
}

/** `10000` becomes `10,000`; the same everywhere, whatever the machine's language. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** What a text must be. */
export interface TextRule {
  readonly maxChars: number;
  /** Whether tabs and line ends are fine. */
  readonly lines?: boolean;
}

/** Reports a text that is too long or has control characters. */
export function checkText(report: Report, path: string, text: string, rule: TextRule): boolean {
  if (text.length > rule.maxChars) {
    const max = formatCount(rule.maxChars);
    report(path, `must be at most ${max} characters, has ${formatCount(text.length)}`);
    return false;
  }
  const bad = (rule.lines ? CONTROL_BUT_LINES : CONTROL).exec(text);
  if (!bad) return true;
  const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  report(path, `must not contain the control character U+${code}: remove it`);
  return false;
}

/** A text of a known form. */
export interface FormRule {
  readonly pattern: RegExp;
  /** Completes "must be …". */
  readonly form: string;
}

/** Reports a text that has not the form; empty texts too. */
export function checkForm(report: Report, path: string, text: string, rule: FormRule): boolean {
  if (rule.pattern.test(text)) return true;
  report(path, `must be ${rule.form}, is ${text === "" ? "empty" : quoteText(text)}`);
  return false;
}

/** Reports a value that is none of `choices`. */
export function checkChoice(
  report: Report,
  path: string,
  value: string,
  choices: readonly string[],
): boolean {
  if (choices.includes(value)) return true;
  report(path, `must be ${listChoices(choices)}, is ${quoteText(String(value))}`);
  return false;
}

/** `a, b or c`. */
export function listChoices(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join("");
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}

/** Reports more than `max` entries; the caller then leaves them unchecked, which bounds the faults. */
export function checkCount(report: Report, path: string, count: number, max: number): boolean {
  if (count <= max) return true;
  report(path, `must have at most ${formatCount(max)} entries, has ${formatCount(count)}`);
  return false;
}

/** Reports each later one of `items` that has the same key as an earlier one. */
export function checkUnique(
  report: Report,
  items: readonly { readonly path: string; readonly key: string }[],
  what: string,
): void {
  const first = new Map<string, string>();
  for (const { path, key } of items) {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, path);
    else report(path, `repeats the ${what} ${quoteText(key)} of ${earlier}: give each its own`);
  }
}
