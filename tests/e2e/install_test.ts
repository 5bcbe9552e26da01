/**
 * `warren install` with the built executable, and the short name: what it puts in place works from there.
 */
import assert from "node:assert/strict";
import { DIST_DIR } from "../../scripts/packaging/paths.ts";
import { hostTarget } from "../../scripts/packaging/targets.ts";
import { WarrenDaemon } from "../harness/warren.ts";

const FILE = `${DIST_DIR}/warren-${hostTarget().name}`;

async function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function installed(): Promise<{ readonly prefix: string } & AsyncDisposable> {
  const prefix = await Deno.makeTempDir({ prefix: "warren-install-" });
  const done = await run(FILE, ["install", "--prefix", prefix, "--no-unit"]);
  assert.equal(done.code, 0, done.stderr);
  return { prefix, [Symbol.asyncDispose]: () => Deno.remove(prefix, { recursive: true }) };
}

Deno.test("install puts the program itself, its short name and completion in place, once", async () => {
  await using place = await installed();
  const program = `${place.prefix}/bin/warren`;
  assert.deepEqual(await Deno.readFile(program), await Deno.readFile(FILE));
  assert.equal(await Deno.readLink(`${place.prefix}/bin/wrn`), "warren");
  const again = await run(program, [
    "install",
    "--prefix",
    place.prefix,
    "--no-unit",
    "-o",
    "json",
  ]);
  const steps: readonly { readonly done: boolean }[] = JSON.parse(again.stdout);
  assert.deepEqual(steps.map(({ done }) => done), steps.map(() => false));
});

Deno.test("install replaces an older program that is running", async () => {
  await using place = await installed();
  const program = `${place.prefix}/bin/warren`;
  await Deno.writeTextFile(program, "#!/bin/sh\nexec sleep 1000\n");
  await using older = new Deno.Command(program, { stdin: "null" }).spawn();
  const done = await run(FILE, ["install", "--prefix", place.prefix, "--no-unit"]);
  assert.equal(done.code, 0, done.stderr);
  assert.match((await run(program, ["version"])).stdout, /^warren \d/);
  older.kill("SIGKILL");
});

Deno.test("wrn service list works through links, speaks of itself as wrn, and completes", async () => {
  await using place = await installed();
  await using warren = await WarrenDaemon.start({ flags: ["--runtime", "process"] });
  const env = { WARREN_HOST: warren.host };
  const wrn = (args: readonly string[]) => run(`${place.prefix}/wrn`, args, env);
  await Deno.symlink("bin/wrn", `${place.prefix}/wrn`);
  const made = await wrn([
    "service",
    "create",
    "web",
    "--runtime",
    "process",
    "--",
    "sleep",
    "9999",
  ]);
  assert.equal(made.code, 0, made.stderr);
  try {
    const list = await wrn(["service", "list"]);
    assert.match(list.stdout, /^ID +NAME +MODE .*\n\S+ +web +replicated +1\/1 /);
    assert.equal(list.code, 0);
    assert.match((await wrn(["__complete", "--", "service", "inspect", "w"])).stdout, /^web\b/);
    assert.match((await wrn(["servce"])).stderr, /did you mean "wrn service"/);
    assert.match(
      (await wrn(["service", "create", "--help"])).stdout,
      /Usage:\n {2}wrn service create/,
    );
  } finally {
    await wrn(["service", "rm", "web"]);
  }
});
