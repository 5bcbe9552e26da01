/**
 * One source file as the rules see it: its text, its code alone, its imports and its functions.
 *
 * Built by scripts/tidy.ts for each file and by the tests from a string. It resolves relative imports to
 * project paths and leaves all others as they are written.
 */
import { maskText } from "./mask.ts";

/** One import or re-export. */
export interface Import {
  /** Project path (`src/lib/mod.ts`) for a relative specifier, else the specifier itself. */
  readonly target: string;
  readonly line: number;
  readonly kind: "static" | "type" | "dynamic" | "url";
  /** Names taken, without aliases; empty for `*`, dynamic and bare imports. */
  readonly names: readonly string[];
}

/** A function, method or arrow function with a body. */
export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** A file with what the rules ask of it. */
export interface Source {
  /** Project path with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and contents of strings blanked. */
  readonly code: string;
  readonly imports: readonly Import[];
  /** A test, or code that only tests use: fixtures, contract suites, benchmarks. */
  readonly isTest: boolean;
}

const TEST_CODE = /(?:_test|_contract|_bench)\.ts$|^src\/.*\/testing\/|^tests\//;

/** Reads a file's text. The cost is linear in its length. */
export function parseSource(path: string, text: string): Source {
  const code = maskText(text);
  return {
    path,
    text,
    code,
    imports: findImports(path, text, code),
    isTest: TEST_CODE.test(path),
  };
}

/** 1 for the first line. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

const STATIC = /(?:^|[;}\n])\s*(import|export)\b(\s+type\b)?([^;'"()=]*?)\bfrom\s*(["'])( *)\4/g;
const BARE = /(?:^|[;}\n])\s*import\s*(["'])( *)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(["'])( *)\1/g;
const URL_IMPORT = /\bnew URL\(\s*(["'])( *)\1\s*,\s*import\.meta\.url/g;

function findImports(path: string, text: string, code: string): Import[] {
  const found: Import[] = [];
  const add = (match: RegExpExecArray, kind: Import["kind"], clause: string) => {
    const start = match.index + match[0].search(/["']/) + 1;
    const quote = text[start - 1] ?? "";
    const specifier = text.slice(start, text.indexOf(quote, start));
    found.push({
      target: resolve(path, specifier),
      line: lineAt(text, start),
      kind,
      names: namesOf(clause),
    });
  };
  for (const match of code.matchAll(STATIC)) {
    add(match, match[2] === undefined ? "static" : "type", match[3] ?? "");
  }
  for (const match of code.matchAll(BARE)) add(match, "static", "");
  for (const match of code.matchAll(DYNAMIC)) add(match, "dynamic", "");
  for (const match of code.matchAll(URL_IMPORT)) add(match, "url", "");
  return found;
}

function namesOf(clause: string): string[] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? "";
  return list.split(",")
    .map((item) => item.trim().split(/\s+as\s+/)[0] ?? "")
    .filter((name) => name !== "" && !name.startsWith("type "));
}

function resolve(from: string, specifier: string): string {
  if (!/^\.\.?\//.test(specifier)) return specifier;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

const NOT_FUNCTIONS = new Set(["if", "for", "while", "switch", "catch", "with"]);

/** Every function with a body in braces. Nested ones are listed beside the ones that hold them. */
export function findFunctions(source: Source): FunctionSpan[] {
  const { code } = source;
  const closing = matchBrackets(code);
  const spans: FunctionSpan[] = [];
  for (const match of code.matchAll(/=>\s*\{/g)) {
    const open = match.index + match[0].length - 1;
    spans.push(spanOf(code, "arrow function", match.index, closing.get(open)));
  }
  for (const match of code.matchAll(/([\w$#]+)\s*(?:<[^()]*>)?\s*\(/g)) {
    const name = match[1] ?? "";
    if (NOT_FUNCTIONS.has(name)) continue;
    const close = closing.get(match.index + match[0].length - 1);
    const open = close === undefined ? undefined : bodyAfter(code, close + 1, closing);
    if (open !== undefined) spans.push(spanOf(code, name, match.index, closing.get(open)));
  }
  return spans;
}

function spanOf(code: string, name: string, from: number, to: number | undefined): FunctionSpan {
  const line = lineAt(code, from);
  return { name, line, lines: lineAt(code, to ?? code.length) - line + 1 };
}

/** Where the body begins after a parameter list, past a return type; undefined for a call or a signature. */
function bodyAfter(
  code: string,
  from: number,
  closing: ReadonlyMap<number, number>,
): number | undefined {
  let at = nextCode(code, from);
  if (code[at] === "{") return at;
  if (code[at] !== ":") return undefined;
  let previous = ":";
  for (at = nextCode(code, at + 1); at < code.length; at = nextCode(code, at + 1)) {
    const one = code[at] ?? "";
    if (one === "{" && !":|&<,(".includes(previous)) return at;
    if ("{([".includes(one)) at = closing.get(at) ?? code.length;
    else if (";=)}?".includes(one) && !(one === "=" && code[at + 1] !== ">")) return undefined;
    previous = code[at] ?? "";
  }
  return undefined;
}

function nextCode(code: string, from: number): number {
  let at = from;
  while (at < code.length && /\s/.test(code[at] ?? "")) at++;
  return at;
}

function matchBrackets(code: string): Map<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < code.length; at++) {
    const one = code[at] ?? "";
    if ("{([".includes(one)) open.push(at);
    else if ("})]".includes(one)) {
      const start = open.pop();
      if (start !== undefined) closing.set(start, at);
    }
  }
  return closing;
}
