/**
 * Blanks out comments and the contents of strings, templates and regular expressions of a source text.
 *
 * Used by every rule that looks for code, so that a word in a comment or message is not taken for code.
 * It is a scanner, not a parser: it knows just enough of TypeScript's tokens to tell code from text.
 * Invariant: the result has the same length and the same line breaks as the input.
 */

/** Words after which a slash begins a regular expression and not a division. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|new|await|yield)$/;

interface Scan {
  readonly text: string;
  readonly out: string[];
  at: number;
  /** For each open template, how many braces are open inside its current expression. */
  readonly templates: number[];
}

/** The text with everything blanked that is not code; quotes stay, so that strings can be found. */
export function maskText(text: string): string {
  const scan: Scan = {
    text,
    out: [...text.replace(/[^\n]/gu, (c) => " ".repeat(c.length))],
    at: 0,
    templates: [],
  };
  while (scan.at < text.length) step(scan);
  return scan.out.join("");
}

function step(scan: Scan): void {
  const { text, at } = scan;
  const two = text.slice(at, at + 2);
  const one = text[at] ?? "";
  if (two === "//") scan.at = endOr(text, text.indexOf("\n", at));
  else if (two === "/*") scan.at = endOr(text, text.indexOf("*/", at + 2) + 1) + 1;
  else if (one === '"' || one === "'") skipQuoted(scan, one);
  else if (one === "`") skipTemplate(scan);
  else if (one === "/" && startsRegex(scan)) skipRegex(scan);
  else if (one === "}" && scan.templates.at(-1) === 0) {
    scan.templates.pop();
    keep(scan);
    skipTemplateText(scan);
  } else {
    countBraces(scan, one);
    keep(scan);
  }
}

function endOr(text: string, found: number): number {
  return found <= 0 ? text.length : found;
}

function keep(scan: Scan): void {
  scan.out[scan.at] = scan.text[scan.at] ?? "";
  scan.at++;
}

function countBraces(scan: Scan, one: string): void {
  const depth = scan.templates.at(-1);
  if (depth === undefined) return;
  if (one === "{") scan.templates[scan.templates.length - 1] = depth + 1;
  if (one === "}") scan.templates[scan.templates.length - 1] = depth - 1;
}

function skipQuoted(scan: Scan, quote: string): void {
  keep(scan);
  while (
    scan.at < scan.text.length && scan.text[scan.at] !== quote && scan.text[scan.at] !== "\n"
  ) {
    scan.at += scan.text[scan.at] === "\\" ? 2 : 1;
  }
  if (scan.text[scan.at] === quote) keep(scan);
}

function skipTemplate(scan: Scan): void {
  keep(scan);
  skipTemplateText(scan);
}

function skipTemplateText(scan: Scan): void {
  while (scan.at < scan.text.length) {
    if (scan.text[scan.at] === "\\") scan.at += 2;
    else if (scan.text[scan.at] === "`") return keep(scan);
    else if (scan.text.startsWith("${", scan.at)) {
      keep(scan);
      keep(scan);
      scan.templates.push(0);
      return;
    } else scan.at++;
  }
}

function startsRegex(scan: Scan): boolean {
  let before = scan.at - 1;
  while (before >= 0 && /\s/.test(scan.out[before] ?? "")) before--;
  const previous = scan.out[before] ?? "";
  if (previous === "" || "(,=:[!&|?{};+-*%~^<>".includes(previous)) return true;
  return BEFORE_REGEX.test(scan.out.slice(Math.max(0, before - 10), before + 1).join(""));
}

function skipRegex(scan: Scan): void {
  let inClass = false;
  keep(scan);
  while (scan.at < scan.text.length && scan.text[scan.at] !== "\n") {
    const one = scan.text[scan.at];
    if (one === "\\") scan.at++;
    else if (one === "[") inClass = true;
    else if (one === "]") inClass = false;
    else if (one === "/" && !inClass) return keep(scan);
    scan.at++;
  }
}
