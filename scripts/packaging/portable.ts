/**
 * Puts a shell stub, the runtime and the program together into one self-extracting file.
 *
 * Called by the build, once per target. What the stub does at start is in stub.sh and nowhere else.
 * Invariant: the offsets and sizes inside the stub are those of the finished file.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { DIST_DIR } from "./paths.ts";
import type { Runtime } from "./runtime.ts";
import { type TarFile, tarOf } from "./tar.ts";
import type { Target } from "./targets.ts";

/** Memory is given back after bursts, and each thread's young objects have 4 MiB at a time, not 16. */
export const V8_FLAGS = "--optimize-for-size,--max-semi-space-size=4";

/** How the program is started: no project files, no network for modules. */
export const DENO_FLAGS =
  "--quiet --no-config --no-lock --no-prompt --cached-only --unstable-net " +
  `--node-modules-dir=none --v8-flags=${V8_FLAGS}`;

/** The program's archive with its name, the same for all targets. */
export interface Program {
  readonly archive: Uint8Array<ArrayBuffer>;
  readonly hash: string;
}

/** Compresses the bundle. */
export function packProgram(files: readonly TarFile[]): Program {
  const tar = tarOf(files);
  return {
    archive: new Uint8Array(gzipSync(tar, { level: 9 })),
    hash: createHash("sha256").update(tar).digest("hex").slice(0, 16),
  };
}

/** Writes dist/warren-<target> and returns its path. A reader sees the old file or the new one, whole. */
export async function writePortable(
  target: Target,
  runtime: Runtime,
  program: Program,
): Promise<string> {
  const template = await Deno.readTextFile(new URL("./stub.sh", import.meta.url));
  const stub = renderStub(template, target, runtime, program);
  const path = `${DIST_DIR}/warren-${target.name}`;
  await Deno.mkdir(DIST_DIR, { recursive: true });
  const temporary = await Deno.makeTempFile({ dir: DIST_DIR, prefix: ".warren-" });
  using file = await Deno.open(temporary, { write: true });
  const writer = file.writable.getWriter();
  for (const part of [stub, runtime.archive, program.archive]) await writer.write(part);
  await writer.close();
  await Deno.chmod(temporary, 0o755);
  await Deno.rename(temporary, path);
  return path;
}

/** The stub with its own length accounted for; a longer stub moves the offsets, so it settles in few rounds. */
export function renderStub(
  template: string,
  target: Target,
  runtime: Pick<Runtime, "archive" | "hash">,
  program: Program,
): Uint8Array<ArrayBuffer> {
  let stub = new TextEncoder().encode(template);
  for (let round = 0; round < 5; round++) {
    const next = new TextEncoder().encode(
      fill(template, {
        TARGET: target.name,
        UNAME: target.uname,
        NEEDS: target.needs,
        DENO_FLAGS,
        RUNTIME_HASH: runtime.hash,
        PROGRAM_HASH: program.hash,
        RUNTIME_AT: String(stub.length + 1),
        RUNTIME_BYTES: String(runtime.archive.length),
        PROGRAM_AT: String(stub.length + runtime.archive.length + 1),
        PROGRAM_BYTES: String(program.archive.length),
        TOTAL_BYTES: String(stub.length + runtime.archive.length + program.archive.length),
      }),
    );
    if (next.length === stub.length) return next;
    stub = next;
  }
  throw new Error("The stub's length does not settle");
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z_]+)@/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) {
      throw new Error(`stub.sh names ${whole}, which the build does not know`);
    }
    return value;
  });
}
