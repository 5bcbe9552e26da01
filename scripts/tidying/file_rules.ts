/**
 * Rules that look at one file alone: header, sizes, names, banned words, purity, documented exports.
 *
 * Called by scripts/tidy.ts for every file of src, scripts and tests. Each rule is a function from a source
 * to its faults; a new rule is one function and one entry in {@link checkFile}.
 */
import { findFunctions, lineAt, type Source } from "./source.ts";
import {
  BANNED_NAMES,
  DECLARATIONS,
  FOLDERS,
  GENERATED,
  IMPURE,
  LIMITS,
  LONG_FUNCTIONS,
  PURE_FILES,
} from "./table.ts";

/** Something to mend. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

type Rule = (source: Source) => Iterable<readonly [line: number, message: string]>;

/** All faults of one file. Generated code and declarations of other people's modules have none. */
export function checkFile(source: Source): Fault[] {
  if (GENERATED.test(source.path) || DECLARATIONS.test(source.path)) return [];
  const rules: Rule[] = [header, fileName, sizes, markers, purity, shapes, documentedExports];
  return rules.flatMap((rule) =>
    [...rule(source)].map(([line, message]) => ({ path: source.path, line, message }))
  );
}

/** The folder of src/ that a path is in, or undefined. */
export function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Whether a file must decide without effects. */
function isPure({ path, isTest }: Source): boolean {
  if (isTest) return false;
  return FOLDERS[folderOf(path) ?? ""]?.isPure === true || PURE_FILES.test(path);
}

function* header({ path, text }: Source): ReturnType<Rule> {
  if (path.endsWith("_test.ts")) return;
  const start = text.replace(/^(?:(?:#!|\/\/).*\n|\s)*/, "");
  if (!start.startsWith("/**")) yield [1, "no header comment that says what the file is for"];
}

function* fileName({ path }: Source): ReturnType<Rule> {
  const name = (path.split("/").at(-1) ?? "").replace(/\.ts$/, "");
  if (BANNED_NAMES.test(name)) yield [1, `the name "${name}" says nothing; name the noun inside`];
  if (!/^[a-z0-9]+(?:_[a-z0-9]+)*$/.test(name)) yield [1, `the name "${name}" is not snake_case`];
}

function* sizes(source: Source): ReturnType<Rule> {
  const lines = lineAt(source.text, source.text.length - 1);
  const limit = source.isTest ? LIMITS.testFileLines : LIMITS.fileLines;
  if (lines > limit) yield [1, `${lines} lines, at most ${limit}: split by noun or by phase`];
  if (source.isTest) return;
  for (const { name, line, lines } of findFunctions(source)) {
    if (lines <= LIMITS.functionLines || LONG_FUNCTIONS.has(`${source.path} ${name}`)) continue;
    yield [line, `${name} has ${lines} lines, at most ${LIMITS.functionLines}`];
  }
}

// Written in halves, so that this file does not break its own rule.
const MARKERS = [
  { pattern: new RegExp("\\b(?:FIX" + "ME|XX" + "X)\\b"), message: "unfinished work" },
  {
    pattern: new RegExp("\\bTO" + "DO\\b(?!\\(#\\d+\\))"),
    message: "unfinished work without (#issue)",
  },
];

function* markers({ text }: Source): ReturnType<Rule> {
  for (const { pattern, message } of MARKERS) {
    const found = pattern.exec(text);
    if (found !== null) yield [lineAt(text, found.index), `${message}: ${found[0]}`];
  }
}

function* purity(source: Source): ReturnType<Rule> {
  if (!isPure(source)) return;
  const { path, code, imports } = source;
  for (const { pattern, instead } of IMPURE) {
    const found = pattern.exec(code);
    if (found !== null) {
      yield [lineAt(code, found.index), `${found[0].trim()} in pure code: ${instead}`];
    }
  }
  const packages = FOLDERS[folderOf(path) ?? ""]?.packages ?? [];
  for (const { target, line } of imports) {
    const isOutside = !target.startsWith("src/");
    if (isOutside && !packages.includes(target)) yield [line, `pure code imports "${target}"`];
  }
}

function* shapes({ code }: Source): ReturnType<Rule> {
  const defaultExport = /\bexport\s+default\b|\bas\s+default\b/.exec(code);
  if (defaultExport !== null) yield [lineAt(code, defaultExport.index), "default export; name it"];
  const enumeration = /\benum\s+[A-Z]\w*\s*\{/.exec(code);
  if (enumeration !== null) {
    yield [lineAt(code, enumeration.index), "enum; use a union of strings"];
  }
}

const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) ([\w$]+)/;

function* documentedExports({ path, text, code, isTest }: Source): ReturnType<Rule> {
  if (isTest || !path.startsWith("src/")) return;
  const lines = text.split("\n").filter((line) => !line.startsWith("// deno-"));
  const codeLines = code.split("\n").filter((_, index) =>
    !text.split("\n")[index]?.startsWith("// deno-")
  );
  const documented = new Set<string>();
  let isCovered = false;
  for (const [index, line] of codeLines.entries()) {
    const name = EXPORT.exec(line)?.[1];
    const before = lines[index - 1]?.trimEnd() ?? "";
    // One comment may stand over a run of one-line exports, and over the overloads of a function.
    isCovered = name !== undefined &&
      (before.endsWith("*/") || (isCovered && before.endsWith(";")));
    if (name === undefined) continue;
    if (isCovered) documented.add(name);
    else if (!documented.has(name)) yield [index + 1, `${name} is exported without a doc comment`];
  }
}
