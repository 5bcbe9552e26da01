/** backup and restore as they are typed, against a real API and real files. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { withApi } from "../../api/testing/api_fixture.ts";
import { makeSurvivor } from "../../daemon/offline/testing/survivor_dir.ts";
import { WarrenError } from "../../lib/mod.ts";
import { EXIT } from "../exit.ts";
import { runProgram } from "../program.ts";
import { fakeIo, type FakeIoOptions } from "../testing/fake_io.ts";

async function run(args: readonly string[], options: FakeIoOptions = {}) {
  const io = fakeIo(options);
  const code = await runProgram(args, io);
  return { code, out: io.out(), err: io.err() };
}

async function withDir(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function names(dir: string): readonly string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

Deno.test("cluster backup writes a file for its owner alone, and never over another one", async () => {
  await withApi(async ({ client }) => {
    await withDir(async (dir) => {
      await client.createSecret({ name: "key", data: Buffer.from("x"), labels: {} });
      const file = `${dir}/b`;
      const words = ["cluster", "backup", file, "--host", client.address];
      const done = await run([...words, "-o", "json"]);
      assert.equal(done.code, 0, done.err);
      const summary = JSON.parse(done.out);
      const bytes = await Deno.readFile(file);
      assert.equal(summary.sizeBytes, bytes.length);
      assert.equal(summary.sha256, createHash("sha256").update(bytes).digest("hex"));
      assert.deepEqual([summary.file, summary.index > 0], [file, true]);
      assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
      assert.deepEqual(names(dir), ["b"]);

      const again = await run(words);
      assert.equal(again.code, EXIT.conflict);
      assert.match(again.err, /the file exists\nhint: .*--force/);
      assert.deepEqual(await Deno.readFile(file), bytes);
      assert.equal((await run([...words, "--force"])).code, 0);
      assert.deepEqual(names(dir), ["b"]);
      // What a backup that was killed has left is in nobody's way.
      await Deno.writeTextFile(`${dir}/c.new`, "half");
      const other = await run(["cluster", "backup", `${dir}/c`, "--host", client.address]);
      assert.match(
        other.out,
        /^File: .*\nCluster: .*\nIndex: .*\nSize: .*\nSHA-256: +[0-9a-f]{64}\n$/,
      );
      assert.deepEqual(names(dir), ["b", "c"]);
    });
  });
});

Deno.test("cluster backup leaves nothing behind when it fails", async () => {
  await withApi(async ({ client, consensus }) => {
    await withDir(async (dir) => {
      const host = ["--host", client.address];
      const nowhere = await run(["cluster", "backup", `${dir}/no/b`, ...host]);
      assert.equal(nowhere.code, EXIT.failed);
      assert.match(nowhere.err, /Cannot write .*\nhint: /);
      const terminal = await run(["cluster", "backup", "-"], { terminals: ["stdout"] });
      assert.equal(terminal.code, EXIT.usage);
      consensus.dataKey = () => {
        throw new WarrenError("DATA_KEY_MISSING", "there is no key");
      };
      const keyless = await run(["cluster", "backup", `${dir}/b`, ...host]);
      assert.equal(keyless.code, EXIT.failed);
      assert.match(keyless.err, /there is no key/);
      assert.deepEqual(names(dir), []);
    });
  });
});

Deno.test("cluster restore fills a new directory, says what it holds and what to run next", async () => {
  await withApi(async ({ client }) => {
    await withDir(async (dir) => {
      const file = `${dir}/b`;
      await client.createConfig({ name: "site", data: Buffer.from("x"), labels: {} });
      assert.equal((await run(["cluster", "backup", file, "--host", client.address])).code, 0);
      const data = `${dir}/my data`;
      const words = ["cluster", "restore", file, "--data-dir", data, "--node-name", "n"];
      const done = await run([...words, "-o", "json"]);
      assert.equal(done.code, 0, done.err);
      const report = JSON.parse(done.out);
      assert.deepEqual([report.dataDir, report.nodeName], [data, "n"]);
      assert.deepEqual(report.restored, {
        ...{ services: 0, secrets: 0, configs: 1, volumes: 0, nodes: 1 },
      });
      assert.equal(report.next, `warren daemon --data-dir '${data}'`);
      const again = await run(words);
      assert.equal(again.code, EXIT.conflict);
      assert.match(again.err, /it is not empty/);
      const text = await run([...words.slice(0, 3), "--data-dir", `${dir}/d2`]);
      assert.match(text.out, /Restored: +0 services, 0 secrets, 1 config, 0 volumes, 1 node\n/);
      assert.match(text.err, /Start it with: warren daemon --data-dir \S+\/d2\n/);
      const missing = await run(["cluster", "restore", `${dir}/no`, "--data-dir", `${dir}/d3`]);
      assert.equal(missing.code, EXIT.usage);

      // A restored manager is alone already: there is nothing to recover.
      const alone = await run(["cluster", "recover", "--data-dir", data, "--yes"]);
      assert.equal(alone.code, EXIT.failed);
      assert.match(alone.err, /this manager is the only one already/);
    });
  });
});

Deno.test("cluster recover looks, asks for the cluster's id, and changes nothing without it", async () => {
  await withDir(async (dir) => {
    const { path, clusterId } = await makeSurvivor(`${dir}/m1`, { hasAddresses: false });
    const words = ["cluster", "recover", "--data-dir", path];
    const dry = await run([...words, "--dry-run", "-o", "json"]);
    assert.equal(dry.code, 0, dry.err);
    const found = JSON.parse(dry.out);
    assert.deepEqual([found.clusterId, found.canRecover, found.recovered], [
      clusterId,
      true,
      false,
    ]);
    assert.deepEqual(found.managers.map((manager: { name: string }) => manager.name), [
      ...["m1", "m2", "m3"],
    ]);
    const piped = await run(words);
    assert.equal(piped.code, EXIT.usage);
    assert.match(piped.err, /m2 \(does not answer\)/);
    assert.match(piped.err, /Warning: Managers that do not answer here may be alive elsewhere/);
    assert.match(piped.err, /hint: add --yes/);
    const wrong = await run(words, { terminals: ["stdin"], stdin: "no\n" });
    assert.equal(wrong.code, EXIT.interrupted);
    assert.match(wrong.err, /Nothing was changed/);
    assert.deepEqual(names(path).filter((name) => name.startsWith("log")), ["log"]);
    const right = await run(words, { terminals: ["stdin"], stdin: `${clusterId.slice(0, 6)}\n` });
    assert.equal(right.code, 0, right.err);
    assert.match(right.out, /^Recovered: +index \d+\nTo remove: +m2, m3\n$/);
    assert.match(right.err, /Start it with: warren daemon --data-dir /);
    assert.deepEqual(names(path).filter((name) => name.startsWith("log")), [
      ...["log", "log.before-recover-1"],
    ]);
  });
});
