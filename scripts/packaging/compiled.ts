/**
 * Makes executables with `deno compile` from the same bundle, where its base executable can be had.
 *
 * Called by the build with --compile. The base (denort) comes from Deno's download site, or from the file
 * that DENORT_BIN names; where neither is possible the build says so and the portable files stand alone.
 */
import { V8_FLAGS } from "./portable.ts";
import { BUNDLE_DIR, COMPILED_DIR } from "./paths.ts";
import { run } from "./run.ts";
import { isExecutableOf, type Target } from "./targets.ts";

/** A finished file, or why there is none. */
export type Compiled =
  | { readonly kind: "made"; readonly path: string }
  | { readonly kind: "not possible"; readonly reason: string };

/** Compiles dist/compiled/warren-<target>. Never throws for a base that is out of reach. */
export async function compileFor(target: Target): Promise<Compiled> {
  const base = Deno.env.get("DENORT_BIN");
  if (base !== undefined && !isExecutableOf(target, await readHead(base))) {
    return {
      kind: "not possible",
      reason: `DENORT_BIN (${base}) is no executable of ${target.name}`,
    };
  }
  await Deno.mkdir(COMPILED_DIR, { recursive: true });
  const path = `${COMPILED_DIR}/warren-${target.name}`;
  const argv = [
    Deno.execPath(),
    "compile",
    "-A",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-check",
  ];
  argv.push("--unstable-net", `--v8-flags=${V8_FLAGS}`, "--target", target.triple);
  for await (const { name } of Deno.readDir(BUNDLE_DIR)) {
    if (name !== "main.js") argv.push("--include", `${BUNDLE_DIR}/${name}`);
  }
  argv.push("--output", path, `${BUNDLE_DIR}/main.js`);
  try {
    await run(argv);
  } catch (error) {
    if (base !== undefined) throw error;
    return {
      kind: "not possible",
      reason:
        `the base executable of ${target.triple} cannot be downloaded here; name one with DENORT_BIN`,
    };
  }
  return { kind: "made", path };
}

async function readHead(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const head = new Uint8Array(64);
  await file.read(head);
  return head;
}
