/**
 * Apply is all or nothing: with one fault among a thousand, against another apply, across files, beyond
 * the bounds, and while the daemon stops.
 */
import assert from "node:assert/strict";
import { resourceManifest, serviceManifest } from "../harness/hostile/row.ts";
import { assertUnharmed, portraitOf } from "../harness/unharmed.ts";
import { WarrenDaemon } from "../harness/warren.ts";

const FLAGS = ["--runtime", "fake"];

function service(name: string, ...lines: readonly string[]): string {
  return serviceManifest(...lines).replace("name: web", `name: ${name}`);
}

/** Many services as one file, named by `prefix` and a number. */
function services(count: number, prefix: string): string {
  return Array.from({ length: count }, (_, at) => service(`${prefix}${at}`)).join("---\n");
}

async function namesOf(warren: WarrenDaemon): Promise<ReadonlySet<string>> {
  const rows: { name: string }[] = await warren.json(["service", "list"]);
  return new Set(rows.map(({ name }) => name));
}

Deno.test("apply with a fault far down, or beyond a bound, changes nothing", async () => {
  await using warren = await WarrenDaemon.start({ flags: FLAGS });
  const { dir } = warren;
  await Deno.writeTextFile(`${dir}/a.yaml`, services(600, "a"));
  await Deno.writeTextFile(`${dir}/b.yaml`, services(600, "b"));
  await Deno.writeTextFile(`${dir}/c.yaml`, service("twice"));
  await Deno.writeTextFile(`${dir}/d.yaml`, service("twice"));
  const big = resourceManifest("Config", `data: ${"x".repeat(1_000_000)}`);
  const bigFiles: string[] = [];
  for (let at = 0; at < 7; at++) {
    const path = `${dir}/big${at}.yaml`;
    await Deno.writeTextFile(path, big.replace("thing", `big${at}`));
    bigFiles.push("-f", path);
  }
  const before = await portraitOf(warren);
  const missing = service("last", "secrets: [nobody]");
  const rows: readonly (readonly [code: number, says: RegExp, args: string[], input?: string])[] = [
    [2, /last.*needs the secret "nobody"/, ["-f", "-"], `${services(999, "s")}---\n${missing}`],
    [2, /"s0" was already written at/, ["-f", "-"], `${services(999, "s")}---\n${service("s0")}`],
    [2, /more than 1000 documents/, ["-f", "-"], services(1_001, "s")],
    [2, /1200 resources at once/, ["-f", `${dir}/a.yaml`, "-f", `${dir}/b.yaml`]],
    [2, /"twice" was already written at .*c\.yaml/, ["-f", `${dir}/c.yaml`, "-f", `${dir}/d.yaml`]],
    [2, /"twice" was already written/, ["-f", `${dir}/c.yaml`, "-f", `${dir}/./c.yaml`]],
    [1, /several parts/, bigFiles],
    [2, /needs --stack/, ["-f", `${dir}/c.yaml`, "--prune"]],
    [2, /stack/, ["-f", `${dir}/c.yaml`, "--prune", "--stack", "a b"]],
    [2, /there is no such file/, ["-f", `${dir}/c.yaml`, "-f", `${dir}/nowhere.yaml`]],
  ];
  for (const [code, says, args, input] of rows) {
    const done = await warren.run(["apply", ...args], input);
    assert.match(done.stderr, says);
    assert.equal(done.code, code, done.stderr.slice(0, 500));
    assert.equal(done.stdout, "");
  }
  await assertUnharmed(warren, before);
});

Deno.test("several applies of one file make one change, and later ones none", async () => {
  await using warren = await WarrenDaemon.start({ flags: FLAGS });
  const secret = resourceManifest("Secret", "data: carrot");
  const file = `${secret}---\n${services(30, "s")}`;
  const args = ["apply", "-f", "-"];
  const all = await Promise.all(Array.from({ length: 4 }, () => warren.run(args, file)));
  for (const { code, stderr } of all) assert.equal(code, 0, stderr);
  const lines = all.flatMap(({ stdout }) => stdout.trim().split("\n"));
  assert.equal(lines.filter((line) => line.endsWith(" created")).length, 31);
  assert.equal(lines.filter((line) => line.endsWith(" unchanged")).length, 3 * 31);
  const before = await portraitOf(warren);
  const again = await warren.run(args, file);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(!/created|updated/.test(again.stdout), again.stdout);
  await assertUnharmed(warren, before);
});

Deno.test("applies of different specs follow one another, and the service has one of them", async () => {
  await using warren = await WarrenDaemon.start({ flags: FLAGS });
  const specs = Array.from({ length: 6 }, (_, at) => service("race", `env: {TURN: "${at}"}`));
  const done = await Promise.all(specs.map((spec) => warren.run(["apply", "-d", "-f", "-"], spec)));
  for (const { code, stderr } of done) assert.ok(code === 0 || code === 5, stderr);
  const plans = await Promise.all(specs.map((spec) => warren.run(["plan", "-f", "-"], spec)));
  assert.deepEqual(plans.map(({ code }) => code).sort(), [0, 2, 2, 2, 2, 2]);
});

Deno.test("a thing cannot take the name that is another one's id", async () => {
  await using warren = await WarrenDaemon.start({ flags: FLAGS });
  const made = await warren.run(["service", "create", "web", "--image", "x", "-q"]);
  const id = made.stdout.trim();
  const taken = await warren.run(["service", "create", id, "--image", "y"]);
  assert.equal(taken.code, 5, taken.stderr);
  assert.match(taken.stderr, /a service has that id/);
  const applied = await warren.run(["apply", "-f", "-"], service(id));
  assert.equal(applied.code, 5, applied.stderr);
  assert.equal((await warren.run(["service", "rm", id])).code, 0);
  assert.equal((await namesOf(warren)).size, 0);
});

Deno.test("apply to a daemon that stops is done whole or not at all", async () => {
  const dir = await Deno.makeTempDir({ prefix: "warren-stopping-" });
  try {
    const count = 40;
    const stopping = await WarrenDaemon.start({ dir, flags: FLAGS });
    const done: { file: number; code: number; stderr: string }[] = [];
    const first = Promise.withResolvers<void>();
    // Each goes on until it is turned away, so that the stop comes in the middle of some.
    let files = 0;
    const applyOn = async () => {
      for (let code = 0; code === 0;) {
        const file = files++;
        const ended = await stopping.run(["apply", "-d", "-f", "-"], services(count, `f${file}x`));
        done.push({ ...ended, file });
        code = ended.code;
        first.resolve();
      }
    };
    const all = Promise.all(Array.from({ length: 6 }, applyOn));
    await first.promise;
    assert.equal(await stopping.kill("SIGTERM"), 0);
    await all;
    await using resumed = await WarrenDaemon.start({ dir, flags: FLAGS });
    const names = await namesOf(resumed);
    for (const { file, code, stderr } of done) {
      const there = Array.from({ length: count }, (_, n) => names.has(`f${file}x${n}`));
      const found = there.filter(Boolean).length;
      assert.ok(found === 0 || found === count, `file ${file}: ${found} of ${count} services`);
      if (code === 0) assert.equal(found, count, `file ${file} was acknowledged`);
      else {
        assert.equal(code, 3, stderr);
        assert.match(stderr, /^Error: \S[^]*^hint: \S/m);
      }
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
