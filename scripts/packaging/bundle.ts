/**
 * Makes the program: one small entry and the chunks that it loads when it needs them.
 *
 * Called by the build. The entry must not reach a `node:` module through static imports, because that
 * alone would double the time of `warren version`; a bundle that does is refused.
 * Invariant: the same sources give the same bytes.
 */
import { BUNDLE_DIR, DIST_DIR, ROOT } from "./paths.ts";
import { run } from "./run.ts";
import type { TarFile } from "./tar.ts";

/** The program's entry, and scripts that run as workers of their own. */
const ENTRIES = ["main.ts"];

/**
 * CommonJS packages call `require` for built-in modules. The bundler's own stand-in throws unless the
 * chunk has a `require`, so chunks that hold it get one that costs nothing before its first call.
 */
const REQUIRE = "var __warrenRequire;function require(id){return(__warrenRequire??=process" +
  '.getBuiltinModule("node:module").createRequire(import.meta.url))(id)}\n';
const REQUIRE_STAND_IN = "Dynamic require of ";

/**
 * Bundles the sources into dist/bundle, replacing it whole at the end, so that builds at once do not mix.
 * @throws Error when bundling fails or the entry is heavy.
 */
export async function bundleProgram(): Promise<TarFile[]> {
  await Deno.mkdir(DIST_DIR, { recursive: true });
  const work = await Deno.makeTempDir({ dir: DIST_DIR, prefix: ".bundle-" });
  try {
    const chunks = await bundleInto(work);
    await Deno.remove(BUNDLE_DIR, { recursive: true }).catch(ignoreMissing);
    await Deno.rename(work, BUNDLE_DIR);
    return [...chunks].map(([path, text]) => ({
      path,
      data: new TextEncoder().encode(text),
      isExecutable: false,
    }));
  } finally {
    await Deno.remove(work, { recursive: true }).catch(ignoreMissing);
  }
}

async function bundleInto(dir: string): Promise<Map<string, string>> {
  await run([
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--frozen",
    "--code-splitting",
    "--minify",
    "--keep-names",
    "--outdir",
    dir,
    ...ENTRIES,
  ], { cwd: ROOT });
  const chunks = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(dir)) {
    if (!isFile) continue;
    const text = await Deno.readTextFile(`${dir}/${name}`);
    chunks.set(name, text.includes(REQUIRE_STAND_IN) ? REQUIRE + text : text);
  }
  assertLightEntry(chunks, "main.js");
  for (const [name, text] of chunks) await Deno.writeTextFile(`${dir}/${name}`, text);
  return chunks;
}

/** Total bytes of the program as it is unpacked. */
export function bundleBytes(files: readonly TarFile[]): number {
  return files.reduce((sum, file) => sum + file.data.length, 0);
}

/**
 * Follows static imports from the entry. @throws Error when one of them is a built-in module, whose loading
 * costs 30 ms that short commands must not pay.
 */
export function assertLightEntry(chunks: ReadonlyMap<string, string>, entry: string): void {
  const seen = new Set<string>();
  const queue = [entry];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const specifier of staticImports(chunks.get(name) ?? "")) {
      if (specifier.startsWith("node:")) {
        throw new Error(
          `The entry reaches "${specifier}" through ${name}: load what needs it by a dynamic import`,
        );
      }
      queue.push(specifier.replace(/^\.\//, ""));
    }
  }
}

function staticImports(text: string): string[] {
  const found = text.matchAll(
    /(?:^|[;}\s])(?:import|export)\s*(?:[\w$*{][^"'()]*?from)?\s*["']([^"']+)["']/g,
  );
  return [...found].map((match) => match[1] ?? "");
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
