/**
 * Colours and safe text for terminals. Only states are coloured, only on a terminal, never with
 * NO_COLOR. Text that came from elsewhere cannot move the cursor or colour anything.
 */
import type { CliIo } from "../io.ts";

/** What a state means to an operator. */
export type Tone = "good" | "busy" | "bad" | "quiet";

const CODES: Readonly<Record<Tone, string>> = { good: "32", busy: "33", bad: "31", quiet: "2" };

/** Wraps text in a colour, or leaves it as it is. */
export type Paint = (text: string, tone: Tone | undefined) => string;

/** Paint for one stream of this process. */
export function paintFor(io: CliIo, stream: "stdout" | "stderr"): Paint {
  const noColor = io.env("NO_COLOR");
  const isColoured = io.isTerminal(stream) && (noColor === undefined || noColor === "") &&
    io.env("TERM") !== "dumb";
  if (!isColoured) return (text) => text;
  return (text, tone) => tone === undefined ? text : `\x1b[${CODES[tone]}m${text}\x1b[0m`;
}

/** Tone of a task, node or rollout state. */
export function toneOf(state: string): Tone | undefined {
  switch (state) {
    case "running":
    case "ready":
    case "completed":
    case "healthy":
      return "good";
    case "failed":
    case "orphaned":
    case "down":
    case "unhealthy":
    case "rolled_back":
      return "bad";
    case "stopped":
    case "none":
      return "quiet";
    case "active":
      return undefined;
    default:
      return "busy";
  }
}

/** `text` on one line: control characters and changes of writing direction become spaces. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ");
}

/** What JSON and YAML allow in a text and a terminal would obey. */
const OBEYED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** `value` as JSON, equal for programs and harmless on a terminal. */
export function jsonText(value: unknown, indent?: number): string {
  return escapeObeyed(JSON.stringify(value, null, indent));
}

/** Whether a terminal would obey a character of `text` that JSON and YAML let through. */
export function hasObeyed(text: string): boolean {
  return text.search(OBEYED) >= 0;
}

/** `text`, in which such characters are within double quotes only, with their escapes. */
export function escapeObeyed(text: string): string {
  return text.replace(
    OBEYED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Cells that a terminal uses for `text`: wide characters count twice, marks not at all. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x300) width += 1;
    else if (/\p{M}/u.test(char) || code === 0x200d || code === 0xfe0f) width += 0;
    else width += isWide(code) ? 2 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
}

/** Cuts `text` to `width` cells; what is cut shows as `…`. */
export function cutTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const char of text) {
    const cells = displayWidth(char);
    if (used + cells > width - 1) break;
    cut += char;
    used += cells;
  }
  return `${cut}…`;
}

/** Breaks `text` into lines of at most `width` cells, at spaces. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Narrower terminals get lines as they are: broken ones would be unreadable. */
const MIN_FIT_WIDTH = 40;

/**
 * Lines that fit a terminal of `columns` cells, broken at spaces and indented below their beginning; as they
 * are with `null`. Output of a task, which begins with `|`, is never broken. Ends with a line feed.
 */
export function fitLines(lines: readonly string[], columns: number | null): string {
  const fitted = columns === null || columns < MIN_FIT_WIDTH
    ? lines
    : lines.flatMap((line) => fitLine(line, columns));
  return fitted.map((line) => `${line}\n`).join("");
}

function fitLine(line: string, columns: number): readonly string[] {
  const text = line.trimStart();
  if (text.startsWith("| ") || displayWidth(line) <= columns) return [line];
  const indent = " ".repeat(line.length - text.length);
  const below = `${indent}  `;
  const [first = "", ...others] = wrap(text, columns - below.length);
  return [indent + first, ...others.map((other) => below + other)];
}
