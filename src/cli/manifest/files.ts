/**
 * Reads manifests: files, the manifests in directories, and standard input; then the files that they take
 * data from. Parsing and judging is done by `manifest/`.
 */
import { type FieldFault, formatBytes, WarrenError } from "../../lib/mod.ts";
import type { FileContent, ManifestFile, PlacedResource } from "../../manifest/mod.ts";
import type { CommandContext } from "../context.ts";
import { plural } from "../output/text.ts";
import { quoted, usageError } from "../parse/usage.ts";
import { tryReadFile, unreadable, whyUnreadable } from "../read_file.ts";
import type { Flag } from "../tree/flag.ts";

/** Bounds of what one command reads. */
const MAX_FILES = 1_000;
const MAX_BYTES = 8 * 2 ** 20;

/** `-f`. */
export const FILE_FLAG: Flag = {
  name: "file",
  short: "f",
  synonyms: ["filename"],
  value: "FILE|DIRECTORY|-",
  repeats: true,
  names: "file",
  summary: "manifest, directory of *.yaml and *.yml, or - for stdin",
};

/** Every resource of the files of `-f`. @throws WarrenError USAGE, or INVALID_MANIFEST with all faults */
export async function readManifests(context: CommandContext): Promise<readonly PlacedResource[]> {
  const paths = context.flags.all("file");
  if (paths.length === 0) {
    throw usageError("Flag --file is missing", "name a manifest with -f FILE, or -f - for stdin");
  }
  const { decodeManifest, FaultList, manifestFieldFault, parseManifests } = await import(
    "../../manifest/mod.ts"
  );
  const faults = new FaultList();
  const files: ManifestFile[] = [];
  for (const { name, bytes } of await readAll(context, paths)) {
    const file = decodeManifest(name, bytes, faults);
    if (file !== undefined) files.push(file);
  }
  let parsed = parseManifests(files);
  if (parsed.fileReads.length > 0) {
    const contents = await readContents(parsed.fileReads.map(({ path }) => path));
    parsed = parseManifests(files, contents);
  }
  const all: readonly FieldFault[] = [
    ...faults.sorted(files.map((file) => file.name)),
    ...parsed.faults,
  ].map(manifestFieldFault);
  if (all.length > 0) throw invalid(all);
  if (parsed.resources.length === 0) {
    throw invalid([{ path: paths.join(", "), message: "holds no document" }]);
  }
  return parsed.resources;
}

/** The error of manifests with faults. */
export function invalid(faults: readonly FieldFault[]): WarrenError {
  const message = `The manifests have ${plural(faults.length, "fault")}, and nothing was changed`;
  return new WarrenError("INVALID_MANIFEST", message, { faults });
}

interface ReadFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function readAll(
  context: CommandContext,
  paths: readonly string[],
): Promise<readonly ReadFile[]> {
  const files: ReadFile[] = [];
  let totalBytes = 0;
  for (const path of new Set(paths)) {
    for (const name of path === "-" ? ["-"] : await expand(path)) {
      const bytes = name === "-" ? await context.io.readStdin(MAX_BYTES) : await readFile(name);
      files.push({ name, bytes });
      totalBytes += bytes.length;
      if (files.length > MAX_FILES || totalBytes > MAX_BYTES) {
        throw usageError(
          `Cannot read so much at once: at most ${MAX_FILES} files and ${formatBytes(MAX_BYTES)}`,
          "apply the files in several parts",
        );
      }
    }
  }
  return files;
}

/** The path itself, or the manifests directly in a directory, by name. */
async function expand(path: string): Promise<readonly string[]> {
  const { isDirectory } = await tried(path, () => Deno.stat(path));
  if (!isDirectory) return [path];
  const names: string[] = [];
  await tried(path, async () => {
    for await (const entry of Deno.readDir(path)) {
      if (!entry.isDirectory && /\.ya?ml$/.test(entry.name)) names.push(entry.name);
    }
  });
  if (names.length === 0) throw usageError(`There is no *.yaml or *.yml in ${quoted(path)}`);
  return names.sort().map((name) => `${path.replace(/\/+$/, "")}/${name}`);
}

async function readFile(path: string): Promise<Uint8Array> {
  const found = await tryReadFile(path, MAX_BYTES);
  if (found.kind === "failed") throw unreadable(quoted(path), found.message);
  return found.bytes;
}

async function tried<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(quoted(path), whyUnreadable(error));
  }
}

/** The files that manifests take data from; all of them together are bounded as well. */
async function readContents(paths: readonly string[]): Promise<ReadonlyMap<string, FileContent>> {
  const contents = new Map<string, FileContent>();
  let roomBytes = MAX_BYTES;
  for (const path of new Set(paths)) {
    const found = await tryReadFile(path, MAX_BYTES);
    const isTooMuch = found.kind === "read" && found.bytes.length > roomBytes;
    const message = `it and the files before it have more than ${formatBytes(MAX_BYTES)}`;
    contents.set(path, isTooMuch ? { kind: "failed", message } : found);
    if (found.kind === "read" && !isTooMuch) roomBytes -= found.bytes.length;
  }
  return contents;
}
