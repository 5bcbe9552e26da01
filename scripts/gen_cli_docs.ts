// deno-lint-ignore-file no-console
/**
 * Makes docs/cli-reference.md from the command tree: the same data that parses, helps and completes.
 *
 * Run by developers after a change of a command; a unit test fails while the page is stale. Nothing in the
 * page is written by hand.
 */
import {
  type Command,
  type Flag,
  flagLabel,
  flagText,
  groupFlags,
  ROOT as TREE,
  SHARED_FLAGS,
  usageLine,
} from "../src/cli/mod.ts";
import { ROOT } from "./packaging/paths.ts";
import { exitWith } from "./packaging/run.ts";

/** The page, from the root of the project. */
export const CLI_PAGE = "docs/cli-reference.md";

const HEAD = `# Command reference

Made from the command tree by \`scripts/gen_cli_docs.ts\`; do not edit it. \`warren COMMAND --help\` says the same.
The program is also called \`wrn\`.

Everywhere \`ls\` is \`list\`, \`rm\` is \`delete\` and \`remove\`, and \`container\` is \`task\`.
Results go to stdout, everything else to stderr. JSON is an object, or an array for lists.

| exit code | meaning |
|--:|---|
| 0 | done; \`plan\`: nothing to change |
| 1 | failed; \`exec\` gives the command's own code |
| 2 | bad usage, or a spec or manifest with faults; \`plan\`: there are changes (then faults are 1) |
| 3 | no cluster, or no leader |
| 4 | not found |
| 5 | exists already, or changed meanwhile |
| 6 | not permitted |
| 130 | ended by Ctrl-C while waiting; the change goes on |
`;

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.error("Usage: deno run -A scripts/gen_cli_docs.ts");
    return 2;
  }
  const path = `${ROOT}/${CLI_PAGE}`;
  await Deno.writeTextFile(path, renderCliPage());
  console.log(`${CLI_PAGE}: brought up to date`);
  return 0;
}

/** The whole page. */
export function renderCliPage(): string {
  const commands = [...walk(TREE, "warren")].slice(1);
  const leaves = commands.filter(([, command]) => command.run !== undefined);
  const contents = leaves.map(([line, { summary }]) =>
    `| [\`${line}\`](#${anchor(line)}) | ${summary} |`
  );
  return [
    HEAD,
    "## Commands\n",
    `| command | |\n|---|---|\n${contents.join("\n")}\n`,
    "## Flags of every command\n",
    flagTable(SHARED_FLAGS),
    ...leaves.map(([line, command]) => commandText(line, command)),
  ].join("\n");
}

function* walk(command: Command, line: string): Generator<readonly [string, Command]> {
  yield [line, command];
  for (const sub of command.subcommands ?? []) {
    if (sub.hidden !== true) yield* walk(sub, `${line} ${sub.name}`);
  }
}

function anchor(line: string): string {
  return line.replaceAll(" ", "-");
}

function commandText(line: string, command: Command): string {
  const { summary, description, aliases, args = [], flags = [], examples = [] } = command;
  const parts = [
    `## ${line}\n`,
    `${summary}.${description === undefined ? "" : ` ${description}`}\n`,
    ...(aliases === undefined
      ? []
      : [`Also: ${aliases.map((name) => `\`${name}\``).join(", ")}.\n`]),
    `\`\`\`\n${usageLine(command, line)}\n\`\`\`\n`,
  ];
  if (args.length > 0) {
    const rows = args.map(({ name, summary, choices }) => {
      const among = choices === undefined ? "" : ` (${choices.join(", ")})`;
      return `| \`${name.replaceAll("|", "\\|")}\` | ${cell(summary + among)} |`;
    });
    parts.push(`| argument | |\n|---|---|\n${rows.join("\n")}\n`);
  }
  for (const [group, those] of groupFlags(flags)) {
    if (group !== "Flags") parts.push(`**${group}**\n`);
    parts.push(flagTable(those));
  }
  if (examples.length > 0) {
    const lines = examples.map((example) => `# ${example.does}\n${example.line}`);
    parts.push(`\`\`\`sh\n${lines.join("\n")}\n\`\`\`\n`);
  }
  return parts.join("\n");
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.filter((flag) => flag.hidden !== true).map((flag) =>
    `| \`${cell(flagLabel(flag).trim())}\` | ${cell(flagText(flag))} |`
  );
  return `| flag | |\n|---|---|\n${rows.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

if (import.meta.main) await exitWith(() => main(Deno.args));
