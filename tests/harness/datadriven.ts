/**
 * Scripts in `testdata/*.txt`: commands in, described state out, kept side by side for review.
 *
 * A script is a list of `command args…` lines, each followed by `----`, the output and a blank line.
 * Lines that begin with `#` are comments. `deno test … -- --rewrite` writes the outputs as they are
 * now; the difference is then what has to be reviewed.
 */
import assert from "node:assert/strict";

/** One command of a script. */
export interface ScriptCommand {
  readonly name: string;
  /** Words without `=`. */
  readonly words: readonly string[];
  /** Words of the form `key=value`; values may be in double quotes. */
  readonly options: Readonly<Record<string, string>>;
}

/** Carries a command out and describes what came of it. */
export type ScriptRunner = (command: ScriptCommand) => string;

/** Registers one test for each `*.txt` in `folder`; each gets a runner of its own. */
export function testScripts(subject: string, folder: URL, makeRunner: () => ScriptRunner): void {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".txt")).sort();
  for (const file of files) {
    Deno.test(`${subject} follows the script ${file}`, () => {
      runScript(new URL(file, folder), makeRunner());
    });
  }
}

function runScript(file: URL, run: ScriptRunner): void {
  const before = Deno.readTextFileSync(file);
  const after = rerun(before, run);
  if (Deno.args.includes("--rewrite")) {
    if (after !== before) Deno.writeTextFileSync(file, after);
  } else {assert.equal(
      after,
      before,
      `${file.pathname} differs; rewrite it and read the difference`,
    );}
}

/** The script with the outputs of this run. Blank lines between commands are made uniform. */
export function rerun(script: string, run: ScriptRunner): string {
  const parts: string[] = [];
  const lines = script.split("\n");
  let comments: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "" || line.startsWith("#")) {
      if (line !== "") comments.push(line);
      continue;
    }
    const output = run(parseCommand(line)).trim();
    parts.push([...comments, line, "----", ...(output === "" ? [] : [output])].join("\n"));
    comments = [];
    if (lines[at + 1] === "----") { while (at + 1 < lines.length && lines[at + 1] !== "") at++; }
  }
  return [...parts, ...(comments.length > 0 ? [comments.join("\n")] : [])].join("\n\n") + "\n";
}

/** Reads `name word key=value key="two words"`. */
export function parseCommand(line: string): ScriptCommand {
  const [name = "", ...rest] = line.match(/[^\s"]*"[^"]*"|\S+/g) ?? [];
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (const word of rest) {
    const at = word.indexOf("=");
    if (at <= 0) words.push(word.replaceAll('"', ""));
    else options[word.slice(0, at)] = word.slice(at + 1).replaceAll('"', "");
  }
  return { name, words, options };
}
