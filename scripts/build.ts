// deno-lint-ignore-file no-console
/**
 * Builds Warren's executables from one bundle: portable files always, compiled ones on request.
 *
 * Called through scripts/build, which first sets up the toolchain. The steps are in scripts/packaging;
 * this file only orders them and prints the table.
 */
import { parseArgs } from "@std/cli/parse-args";
import { bundleBytes, bundleProgram } from "./packaging/bundle.ts";
import { compileFor } from "./packaging/compiled.ts";
import { inspectPortable } from "./packaging/inspect.ts";
import { packProgram, writePortable } from "./packaging/portable.ts";
import { formatTable, writeChecksums } from "./packaging/report.ts";
import { getRuntime } from "./packaging/runtime.ts";
import { exitWith } from "./packaging/run.ts";
import { hostTarget, type Target, TARGETS } from "./packaging/targets.ts";

const USAGE = `Usage: scripts/build [--target NAME]... [--all] [--compile]

  --target NAME  ${TARGETS.map((target) => target.name).join(", ")}; may be repeated
  --all          every target
  --compile      also executables by "deno compile", into dist/compiled
                 (needs Deno's download site, or DENORT_BIN naming the base executable of the one target)

Without flags: the portable file for this machine. Results are in dist/, with SHA256SUMS.`;

async function main(args: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["all", "compile", "help"],
    string: ["target"],
    collect: ["target"],
    unknown: (argument: string) => unknown.push(argument) < 0,
  });
  const names = (flags["target"] ?? []) as readonly string[];
  const strange = names.filter((name) => !TARGETS.some((target) => target.name === name));
  if (flags["help"] === true || unknown.length + strange.length > 0) {
    console.error(USAGE);
    return flags["help"] === true ? 0 : 2;
  }
  const targets = flags["all"] === true ? TARGETS : chosen(names);
  await build(targets, flags["compile"] === true);
  return 0;
}

function chosen(names: readonly string[]): readonly Target[] {
  if (names.length === 0) return [hostTarget()];
  return TARGETS.filter((target) => names.includes(target.name));
}

async function build(targets: readonly Target[], withCompiled: boolean): Promise<void> {
  const files = await bundleProgram();
  const program = packProgram(files);
  const rows: string[][] = [["file", "download bytes", "unpacked bytes"]];
  for (const target of targets) {
    const runtime = await getRuntime(target);
    const path = await writePortable(target, runtime, program);
    const { downloadBytes, unpackedBytes } = await inspectPortable(path);
    rows.push([`dist/warren-${target.name}`, group(downloadBytes), group(unpackedBytes)]);
  }
  const messages: string[] = [];
  for (const target of withCompiled ? targets : []) {
    const result = await compileFor(target);
    if (result.kind === "made") {
      const size = group((await Deno.stat(result.path)).size);
      rows.push([`dist/compiled/warren-${target.name}`, size, size]);
    } else messages.push(`dist/compiled/warren-${target.name} was not made: ${result.reason}`);
  }
  rows.push(["program inside each", group(program.archive.length), group(bundleBytes(files))]);
  await writeChecksums();
  console.log(formatTable(rows));
  for (const message of messages) console.error(message);
}

function group(bytes: number): string {
  return bytes.toLocaleString("en-US");
}

if (import.meta.main) await exitWith(() => main(Deno.args));
