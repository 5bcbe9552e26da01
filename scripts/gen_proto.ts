// deno-lint-ignore-file no-console
/**
 * Makes src/rpc/gen from proto/: message types, service stubs, and descriptors for the reflection service.
 *
 * Run by developers after a change of a .proto file; with --check by the test command, where output that
 * is not what the sources give is a failure. It needs the toolchain that scripts/setup installs.
 * Invariant: nothing in src/rpc/gen is written by hand; a file whose source is gone is removed.
 */
import { renderDescriptors } from "./codegen/descriptors.ts";
import { ROOT } from "./packaging/paths.ts";
import { exitWith, run } from "./packaging/run.ts";

const GEN_DIR = "src/rpc/gen";
const BUF = `${ROOT}/.tools/bin/buf`;

type Files = ReadonlyMap<string, string>;

async function main(args: readonly string[]): Promise<number> {
  const isCheck = args[0] === "--check";
  if (args.length > (isCheck ? 1 : 0)) {
    console.error("Usage: deno run -A scripts/gen_proto.ts [--check]");
    return 2;
  }
  await run([BUF, "lint"], { cwd: `${ROOT}/proto` });
  const wanted = await generate();
  const present = await readTree(`${ROOT}/${GEN_DIR}`);
  const stale = staleFiles(wanted, present);
  if (stale.length === 0) return 0;
  if (isCheck) {
    console.error(`Stale in ${GEN_DIR}: ${stale.join(", ")}`);
    console.error('hint: run "deno task gen" and commit what it changes');
    return 1;
  }
  await write(wanted, stale);
  console.log(`${GEN_DIR}: ${stale.length} files brought up to date`);
  return 0;
}

/** Paths that are missing, different, or there without a source. */
export function staleFiles(wanted: Files, present: Files): string[] {
  const paths = new Set([...wanted.keys(), ...present.keys()]);
  return [...paths].filter((path) => wanted.get(path) !== present.get(path)).sort();
}

async function generate(): Promise<Files> {
  const work = await Deno.makeTempDir({ prefix: "warren-gen-" });
  try {
    // The template writes to ../src/rpc/gen, so its base is a folder deeper.
    await Deno.mkdir(`${work}/proto`);
    await run([BUF, "generate", "-o", `${work}/proto`], { cwd: `${ROOT}/proto` });
    const image = `${work}/image.binpb`;
    const build = [BUF, "build", "--as-file-descriptor-set", "--exclude-source-info", "-o", image];
    await run(build, { cwd: `${ROOT}/proto` });
    const files = new Map(await readTree(`${work}/${GEN_DIR}`));
    files.set("descriptors.ts", renderDescriptors(await Deno.readFile(image)));
    return files;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function write(wanted: Files, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const full = `${ROOT}/${GEN_DIR}/${path}`;
    const text = wanted.get(path);
    if (text === undefined) await Deno.remove(full);
    else {
      await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(full, text);
    }
  }
}

async function readTree(dir: string, prefix = ""): Promise<Files> {
  const files = new Map<string, string>();
  for (const entry of await entriesOf(dir)) {
    if (entry.isDirectory) {
      const inner = await readTree(`${dir}/${entry.name}`, `${prefix}${entry.name}/`);
      for (const [path, text] of inner) files.set(path, text);
    } else files.set(prefix + entry.name, await Deno.readTextFile(`${dir}/${entry.name}`));
  }
  return files;
}

async function entriesOf(dir: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(dir));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

if (import.meta.main) await exitWith(() => main(Deno.args));
