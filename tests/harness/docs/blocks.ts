/**
 * What a page of documentation asks its reader to type, and what it promises to be the answer. Pure.
 *
 * A block fenced as `sh` is typed. A `text` block right below it is its standard output. A comment right above
 * it says what is special, with a reason where it is not run:
 *
 *     <!-- run: exit 2 -->          it ends with this code
 *     <!-- run: background -->      a daemon, for a terminal of its own; goes on when it says "ready"
 *     <!-- run: interrupt -->       without a block: Ctrl-C in the newest of those terminals
 *     <!-- run: not, REASON -->     not typed here
 */

/** One thing to do, in the order of the page. */
export interface DocStep {
  readonly kind: "run" | "background" | "interrupt" | "not";
  /** Lines to type; the reason of `not`. */
  readonly text: string;
  readonly exitCode: number;
  /** Standard output that the page shows; `undefined` for none. */
  readonly expected: string | undefined;
  /** Where the block begins, from 1. */
  readonly line: number;
}

const MARK = /^<!-- run: (.*) -->$/;

/** The steps of a page. @throws Error for a mark that means nothing */
export function parseDoc(page: string): readonly DocStep[] {
  const lines = page.split("\n");
  const steps: DocStep[] = [];
  let mark = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const marked = MARK.exec(line)?.[1];
    if (marked !== undefined) {
      const isAlone = marked === "interrupt";
      if (isAlone) steps.push(stepOf({ mark: marked, text: "", line: at + 1 }));
      mark = isAlone ? "" : marked;
      continue;
    }
    if (!line.startsWith("```")) {
      if (line !== "") mark = "";
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`);
    if (line === "```sh") {
      const text = lines.slice(at + 1, end).join("\n");
      const expected = outputBelow(lines, end + 1);
      steps.push({ ...stepOf({ mark, text, line: at + 1 }), expected });
    } else if (mark !== "") throw new Error(`line ${at + 1}: the mark is above no sh block`);
    mark = "";
    at = end;
  }
  return steps;
}

function stepOf(
  { mark, text, line }: { readonly mark: string; readonly text: string; readonly line: number },
): DocStep {
  const step = { text, line, exitCode: 0, expected: undefined };
  const exitCode = /^exit (\d+)$/.exec(mark)?.[1];
  const reason = /^not, (.+)$/.exec(mark)?.[1];
  if (mark === "") return { ...step, kind: "run" };
  if (exitCode !== undefined) return { ...step, kind: "run", exitCode: Number(exitCode) };
  if (reason !== undefined) return { ...step, kind: "not", text: reason };
  if (mark === "background" || mark === "interrupt") return { ...step, kind: mark };
  throw new Error(`line ${line}: unknown mark "${mark}"`);
}

function outputBelow(lines: readonly string[], from: number): string | undefined {
  const start = lines.findIndex((line, at) => at >= from && line !== "");
  if (start < 0 || lines[start] !== "```text") return undefined;
  return lines.slice(start + 1, lines.indexOf("```", start + 1)).join("\n");
}

/**
 * Where `actual` is not what the page shows, in one line; `undefined` when it is. Ids, ages, elapsed times, times
 * and the width of gaps may differ, and a line `...` stands for any number of lines.
 */
export function outputDifference(expected: string, actual: string): string | undefined {
  const wanted = comparable(expected);
  const found = comparable(actual);
  let at = 0;
  for (let index = 0; index < wanted.length; index++) {
    const line = wanted[index] ?? "";
    if (line !== "...") {
      if (found[at] !== line) return `expected "${line}", found "${found[at] ?? "the end"}"`;
      at++;
      continue;
    }
    const next = wanted[index + 1];
    const to = next === undefined ? found.length : found.indexOf(next, at);
    if (to < 0) return `expected "${next}" in the rest of the output`;
    at = to;
  }
  return at < found.length ? `did not expect "${found[at]}"` : undefined;
}

function comparable(text: string): readonly string[] {
  return text.trim().split("\n").map((line) =>
    line.trim()
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/\bjust now\b|\b\d+[smhd] ago\b/g, "AGE")
      .replace(/\(\d+\.\d s\)/g, "(ELAPSED)")
      .replace(/\b(?=[a-z0-9]*\d)[a-z0-9]{12,64}\b/g, "ID")
      .replace(/\s+/g, " ")
  );
}
