/**
 * Rules that look at how files depend on each other: import table, doors, cycles, unimported files, folders.
 *
 * Called once by scripts/tidy.ts with every source. The table itself is data in table.ts.
 */
import { type Fault, folderOf } from "./file_rules.ts";
import type { Import, Source } from "./source.ts";
import {
  DYNAMIC_ONLY,
  ENTRIES,
  FOLDERS,
  GENERATED,
  LIGHT_ENTRIES,
  LIMITS,
  STORE_READERS,
  STORE_WRITE_SIDE,
} from "./table.ts";

/** All faults between files. */
export function checkGraph(sources: readonly Source[]): Fault[] {
  return [
    ...sources.flatMap(checkImports),
    ...findCycles(sources),
    ...findUnimported(sources),
    ...findFullFolders(sources),
  ];
}

function checkImports(source: Source): Fault[] {
  const from = folderOf(source.path);
  if (from === undefined) return [];
  if (FOLDERS[from] === undefined) {
    return [{ path: source.path, line: 1, message: `src/${from} is not in the import table` }];
  }
  return source.imports.flatMap((one) => {
    const message = importFault(source, from, one);
    return message === undefined ? [] : [{ path: source.path, line: one.line, message }];
  });
}

function importFault(source: Source, from: string, one: Import): string | undefined {
  if (/^(?:main\.ts|scripts\/)/.test(one.target) && !source.isTest) {
    return `src imports ${one.target}`;
  }
  const to = folderOf(one.target);
  if (to === undefined || to === from) return undefined;
  if (source.isTest && isFixture(one.target)) return undefined;
  if (!isDoor(one.target) && !LIGHT_ENTRIES.has(source.path)) {
    return `${one.target} is reached past its door; import src/${to}/mod.ts`;
  }
  if (source.isTest) return undefined;
  if (FOLDERS[from]?.mayImport.includes(to) !== true) {
    return `src/${from} must not import src/${to}`;
  }
  if (DYNAMIC_ONLY.some((rule) => rule.from === from && rule.to === to) && one.kind === "static") {
    return `src/${from} may import src/${to} only dynamically`;
  }
  if (to === "store" && STORE_READERS.includes(from) && one.kind !== "type") {
    const name = one.names.find((candidate) => STORE_WRITE_SIDE.test(candidate));
    if (name !== undefined) return `src/${from} sees only the read side of the store, not ${name}`;
  }
  return undefined;
}

/** A folder's mod.ts, a subfolder's, or a generated module: those repeat names and cannot share one door. */
/** What a folder lends to the tests of others. */
function isFixture(path: string): boolean {
  return path.includes("/testing/");
}

function isDoor(path: string): boolean {
  return path.endsWith("/mod.ts") || GENERATED.test(path);
}

/** Groups of files that import each other in a ring, type-only imports included; one fault per ring. */
function findCycles(sources: readonly Source[]): Fault[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const faults: Fault[] = [];
  const visit = (source: Source) => {
    state.set(source.path, "open");
    trail.push(source.path);
    for (const { target, kind, line } of source.imports) {
      const next = byPath.get(target);
      if (next === undefined || kind === "dynamic" || kind === "url") continue;
      if (state.get(target) === undefined) visit(next);
      else if (state.get(target) === "open") {
        const ring = [...trail.slice(trail.indexOf(target)), target].join(" -> ");
        faults.push({ path: source.path, line, message: `import cycle: ${ring}` });
      }
    }
    trail.pop();
    state.set(source.path, "done");
  };
  for (const source of sources) if (!state.has(source.path)) visit(source);
  return faults;
}

/** Files of src that nothing imports but their own test. */
function findUnimported(sources: readonly Source[]): Fault[] {
  const imported = new Set<string>();
  for (const source of sources) {
    for (const { target } of source.imports) {
      if (source.path.replace(/_test\.ts$/, ".ts") !== target) imported.add(target);
    }
  }
  return sources
    .filter(({ path, isTest }) => path.startsWith("src/") && !isTest && !GENERATED.test(path))
    .filter(({ path }) => !imported.has(path) && !ENTRIES.test(path))
    .map(({ path }) => ({
      path,
      line: 1,
      message: "nothing imports this file; wire it or delete it",
    }));
}

function findFullFolders(sources: readonly Source[]): Fault[] {
  const counts = new Map<string, number>();
  for (const { path, isTest } of sources) {
    if (isTest || GENERATED.test(path)) continue;
    const folder = path.slice(0, path.lastIndexOf("/"));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > LIMITS.folderFiles).map(([folder, count]) => ({
    path: folder,
    line: 1,
    message: `${count} files, at most ${LIMITS.folderFiles} without a subfolder`,
  }));
}
