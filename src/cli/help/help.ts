/**
 * `--help` as text. Pure: a path through the tree in, text of a given width out.
 *
 * Called by `program.ts`. Everything it says comes from the tree, so a new flag needs no work here.
 */
import type { Command } from "../tree/command.ts";
import type { Arg, Flag } from "../tree/flag.ts";
import { SHARED_FLAGS } from "../tree/shared_flags.ts";
import { displayWidth, wrap } from "../output/style.ts";

const MAX_LABEL_WIDTH = 30;
const MIN_WIDTH = 60;
const MAX_WIDTH = 100;

/** Two columns of help: what to type, and what it does. */
type Row = readonly [label: string, text: string];

/** Help of the last command in `path`. `program` is the name it was called by. */
export function formatHelp(path: readonly Command[], program: string, columns: number): string {
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns));
  const command = path.at(-1);
  if (command === undefined) return "";
  const line = [program, ...path.slice(1).map((part) => part.name)].join(" ");
  const sections = [
    command.summary,
    ...(command.description === undefined ? [] : [paragraphs(command.description, width)]),
    section("Usage", `  ${usageLine(command, line)}`),
    aliasSection(command),
    rowsSection("Arguments", (command.args ?? []).map(argRow), width),
    ...commandSections(command, width),
    ...flagSections(command, width),
    exampleSection(command, program),
    command.subcommands === undefined
      ? sharedSection(width)
      : `Run "${line} COMMAND --help" for the flags and examples of a command.`,
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

/** `warren service create NAME [flags] [-- COMMAND...]`. */
export function usageLine(command: Command, line: string): string {
  if (command.subcommands !== undefined) return `${line} COMMAND`;
  const parts = [line, ...(command.args ?? []).map(argWord)];
  if (command.flags?.some((flag) => flag.hidden !== true)) parts.push("[flags]");
  if (command.rest !== undefined) parts.push(`[-- ${command.rest}...]`);
  return parts.join(" ");
}

/** `NAME`, `[NAME]`, `NAME...`. */
function argWord(arg: Arg): string {
  const word = arg.repeats ? `${arg.name}...` : arg.name;
  return arg.optional ? `[${word}]` : word;
}

/** `-p, --publish PORTS`. */
export function flagLabel(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.value === undefined ? "" : ` ${flag.value}`;
  return `${short}--${flag.name}${value}`;
}

/** What a flag does, with choices, default, environment and whether it repeats. */
export function flagText(flag: Flag): string {
  const notes = [
    ...(flag.choices === undefined ? [] : [flag.choices.join("|")]),
    ...(flag.repeats ? ["repeatable"] : []),
    ...(flag.fallback === undefined ? [] : [`default: ${flag.fallback}`]),
    ...(flag.env === undefined ? [] : [`env: ${flag.env[0]}`]),
  ];
  return notes.length === 0 ? flag.summary : `${flag.summary} (${notes.join("; ")})`;
}

/** Flags under their headings, in the order of first use. */
export function groupFlags(flags: readonly Flag[]): ReadonlyMap<string, readonly Flag[]> {
  const groups = new Map<string, Flag[]>();
  for (const flag of flags) {
    if (flag.hidden) continue;
    const name = flag.group ?? "Flags";
    groups.set(name, [...groups.get(name) ?? [], flag]);
  }
  return groups;
}

function argRow(arg: Arg): Row {
  const choices = arg.choices === undefined ? "" : ` (${arg.choices.join("|")})`;
  return [argWord(arg), `${arg.summary}${choices}`];
}

function aliasSection(command: Command): string {
  return command.aliases === undefined ? "" : section("Aliases", `  ${command.aliases.join(", ")}`);
}

function commandSections(command: Command, width: number): string[] {
  const groups = new Map<string, Row[]>();
  for (const sub of command.subcommands ?? []) {
    if (sub.hidden) continue;
    const name = sub.group ?? "Commands";
    groups.set(name, [...groups.get(name) ?? [], [sub.name, sub.summary]]);
  }
  return [...groups].map(([name, rows]) => rowsSection(name, rows, width));
}

function flagSections(command: Command, width: number): string[] {
  return [...groupFlags(command.flags ?? [])].map(([name, flags]) =>
    rowsSection(name, flags.map((flag) => [flagLabel(flag), flagText(flag)]), width)
  );
}

function sharedSection(width: number): string {
  const rows = SHARED_FLAGS.filter((flag) => !flag.hidden)
    .map((flag): Row => [flagLabel(flag), flagText(flag)]);
  return rowsSection("Flags of every command", rows, width);
}

function exampleSection(command: Command, program: string): string {
  const examples = (command.examples ?? []).map(({ line, does }) =>
    `  # ${does}\n  ${line.replace(/^warren\b/, program)}`
  );
  return examples.length === 0 ? "" : section("Examples", examples.join("\n"));
}

function section(title: string, body: string): string {
  return `${title}:\n${body}`;
}

function rowsSection(title: string, rows: readonly Row[], width: number): string {
  if (rows.length === 0) return "";
  const labelWidth = Math.min(
    MAX_LABEL_WIDTH,
    Math.max(...rows.map(([label]) => displayWidth(label))),
  );
  const indent = " ".repeat(labelWidth + 5);
  const lines = rows.flatMap(([label, text]) => {
    const [first = "", ...others] = wrap(text, width - indent.length);
    const isLong = displayWidth(label) > labelWidth;
    const head = isLong ? [`  ${label}`, `${indent}${first}`] : [
      `  ${label}${" ".repeat(labelWidth - displayWidth(label))}   ${first}`.trimEnd(),
    ];
    return [...head, ...others.map((other) => indent + other)];
  });
  return section(title, lines.join("\n"));
}

function paragraphs(text: string, width: number): string {
  return text.split("\n\n").map((part) => wrap(part, width).join("\n")).join("\n\n");
}
