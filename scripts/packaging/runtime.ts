/**
 * Provides the Deno runtime of a target as a compressed archive.
 *
 * Called by the portable build. The runtime comes from the npm package that the toolchain's lock file pins;
 * a download whose integrity differs is refused. The archive is kept, since compressing takes seconds.
 * Invariant: the archive depends on the pinned package and nothing else.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { RUNTIME_CACHE_DIR, TOOLCHAIN_LOCK } from "./paths.ts";
import { run } from "./run.ts";
import { tarOf } from "./tar.ts";
import { isExecutableOf, type Target } from "./targets.ts";

/** A runtime, ready to be put into a portable file. */
export interface Runtime {
  /** gzip of a tar with the one file `deno`. */
  readonly archive: Uint8Array<ArrayBuffer>;
  /** First 16 hexadecimal digits of the archive's SHA-256. */
  readonly hash: string;
}

interface Pin {
  readonly version: string;
  readonly integrity: string;
}

/** The runtime of a target, from the cache if it is there. @throws Error when the package is not as pinned. */
export async function getRuntime(target: Target): Promise<Runtime> {
  const pin = parsePin(await Deno.readTextFile(TOOLCHAIN_LOCK), target.npmPackage);
  const digest = createHash("sha256").update(pin.integrity).digest("hex").slice(0, 16);
  const path = `${RUNTIME_CACHE_DIR}/${target.name}-${pin.version}-${digest}.tar.gz`;
  if (!await exists(path)) await makeArchive(target, pin, path);
  const archive = await Deno.readFile(path);
  return {
    archive,
    hash: createHash("sha256").update(archive).digest("hex").slice(0, 16),
  };
}

/** Version and integrity of a package in an npm lock file. @throws Error when it is not pinned there. */
export function parsePin(lockText: string, npmPackage: string): Pin {
  const lock = JSON.parse(lockText) as {
    packages?: Record<string, { version?: string; integrity?: string }>;
  };
  const entry = lock.packages?.[`node_modules/${npmPackage}`];
  if (entry?.version === undefined || entry.integrity?.startsWith("sha512-") !== true) {
    throw new Error(`${npmPackage} is not pinned with a sha512 integrity in ${TOOLCHAIN_LOCK}`);
  }
  return { version: entry.version, integrity: entry.integrity };
}

async function makeArchive(target: Target, pin: Pin, path: string): Promise<void> {
  await Deno.mkdir(RUNTIME_CACHE_DIR, { recursive: true });
  const work = await Deno.makeTempDir({ dir: RUNTIME_CACHE_DIR, prefix: "work-" });
  try {
    const deno = await downloadDeno(target, pin, work);
    const tar = tarOf([{ path: "deno", data: deno, isExecutable: true }]);
    await Deno.writeFile(`${work}/archive`, gzipSync(tar, { level: 9 }));
    await Deno.rename(`${work}/archive`, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function downloadDeno(target: Target, pin: Pin, work: string): Promise<Uint8Array> {
  const spec = `${target.npmPackage}@${pin.version}`;
  const args = ["pack", spec, "--json", "--ignore-scripts", "--pack-destination", work];
  await run(["npm", ...args], { cwd: work });
  const [tarball] = [...Deno.readDirSync(work)].filter((entry) => entry.name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error(`npm left no file for ${spec}`);
  const packed = await Deno.readFile(`${work}/${tarball.name}`);
  const integrity = "sha512-" + createHash("sha512").update(packed).digest("base64");
  if (integrity !== pin.integrity) {
    throw new Error(`${spec} has integrity ${integrity}, but ${pin.integrity} is pinned`);
  }
  await run(["tar", "-xzf", tarball.name, "package/deno"], { cwd: work });
  const deno = await Deno.readFile(`${work}/package/deno`);
  if (!isExecutableOf(target, deno)) throw new Error(`${spec} is no executable of ${target.name}`);
  return deno;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}
