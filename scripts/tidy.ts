// deno-lint-ignore-file no-console
/**
 * Checks that the source keeps to the architecture: imports, purity, sizes, headers, names, cycles.
 *
 * Run by `deno task tidy` and by the test command. The rules are in scripts/tidying, the architecture is data
 * in tidying/table.ts. It reads files and changes none; a mistake seen twice becomes a rule here.
 */
import { checkFile, type Fault } from "./tidying/file_rules.ts";
import { checkGraph } from "./tidying/graph_rules.ts";
import { parseSource, type Source } from "./tidying/source.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const FOLDERS = ["src", "scripts", "tests"];

/** All faults of a set of files, in order of path and line. */
export function checkSources(sources: readonly Source[]): Fault[] {
  return [...sources.flatMap(checkFile), ...checkGraph(sources)]
    .sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

function readSources(): Source[] {
  const paths = ["main.ts", ...FOLDERS.flatMap(listFiles)];
  return paths.map((path) => parseSource(path, Deno.readTextFileSync(`${ROOT}/${path}`)));
}

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return entry.name === "node_modules" ? [] : listFiles(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function main(): number {
  const sources = readSources();
  const faults = checkSources(sources);
  for (const { path, line, message } of faults) console.error(`${path}:${line}: ${message}`);
  if (faults.length > 0) console.error(`${faults.length} faults in ${sources.length} files`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
