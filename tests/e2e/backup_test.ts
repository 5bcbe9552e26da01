/**
 * A cluster that is saved, lost and restored, and a survivor that goes on alone: with the built program,
 * on the process runtime.
 */
import assert from "node:assert/strict";
import { runWarren, until, WarrenDaemon } from "../harness/warren.ts";

const PROCESS = ["--runtime", "process"];
const RUN = ["--stop-timeout", "0s", "--", "sleep", "100000"];
const RAFT = ["--raft-addr", "127.0.0.1:0"];

async function must(warren: WarrenDaemon, args: readonly string[], input?: string) {
  const done = await warren.run(args, input);
  assert.equal(done.code, 0, `warren ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

async function withDir(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "warren-backup-" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A daemon that goes on in `dir`. */
function resume(dir: string, flags: readonly string[] = []): Promise<WarrenDaemon> {
  return WarrenDaemon.start({ dir, command: ["daemon"], flags });
}

async function running(warren: WarrenDaemon, service: string): Promise<number> {
  const services = await warren.json(["service", "list"]);
  const found = services.find(({ name }: { name: string }) => name === service);
  return found?.replicas.running ?? 0;
}

Deno.test("a cluster that was lost comes back from its backup, secrets and tasks included", async () => {
  await withDir(async (dir) => {
    const file = `${dir}/cluster.backup`;
    let clusterId: string;
    let saved;
    {
      await using first = await WarrenDaemon.start({
        flags: [...PROCESS, ...RAFT, "--node-name", "m1"],
      });
      await must(first, ["secret", "create", "password", "-"], "correct horse");
      const create = ["service", "create", "web", ...PROCESS, "--secret", "password"];
      await must(first, [...create, ...RUN]);
      ({ clusterId } = await first.json(["cluster", "info"]));
      saved = await first.json(["cluster", "backup", file]);
      assert.equal(saved.clusterId, clusterId);
      const refused = await first.run(["cluster", "backup", file]);
      assert.equal(refused.code, 5, refused.stderr);
      const piped = await first.run(["cluster", "backup", "-"]);
      assert.deepEqual([piped.code, piped.stdout.startsWith("WRNBKUP\n")], [0, true]);
      // What comes after the backup is lost.
      await must(first, ["secret", "create", "later", "-"], "x");
      await must(first, ["service", "rm", "web"]);
    }
    const place = `${dir}/second`;
    const words = ["cluster", "restore", file, "--data-dir", `${place}/data`, "--node-name", "m1"];
    const restored = await runWarren([...words, ...PROCESS, ...RAFT, "-o", "json"]);
    assert.equal(restored.code, 0, restored.stderr);
    const report = JSON.parse(restored.stdout);
    assert.deepEqual(report.restored, {
      services: 1,
      secrets: 1,
      configs: 0,
      volumes: 0,
      nodes: 2,
    });
    assert.deepEqual([report.index, report.clusterId], [saved.index, clusterId]);
    const again = await runWarren(words);
    assert.equal(again.code, 5, again.stderr);

    await using second = await resume(place);
    const info = await second.json(["cluster", "info"]);
    assert.equal(info.clusterId, clusterId);
    assert.deepEqual(info.managers.map(({ name, leader }: Manager) => [name, leader]), [[
      "m1",
      true,
    ]]);
    const secrets = await second.json(["secret", "list"]);
    assert.deepEqual(secrets.map(({ name }: Named) => name), ["password"]);
    // The node that was there is gone for good: its task is replaced here, with its secret.
    await until("the service runs", async () => await running(second, "web") === 1, 60_000);
    const nodes = await second.json(["node", "list"]);
    assert.deepEqual(
      nodes.map(({ name, status, role }: Node) => [name, status, role]).sort(),
      [["m1", "ready", "hybrid"], ["m1-old", "down", "worker"]],
    );
    await must(second, ["node", "rm", "m1-old"]);
    await must(second, ["service", "rm", "web"]);
    // It is a cluster like any other: the tokens of before are good, and changes last.
    await must(second, ["cluster", "join-token", "manager", "-q"]);
  });
});

Deno.test("a survivor of a lost majority goes on alone, and others join it anew", async () => {
  await withDir(async (dir) => {
    const flags = (name: string) => [...PROCESS, ...RAFT, "--node-name", name, "--manager-only"];
    const start = (name: string, command: readonly string[]) =>
      WarrenDaemon.start({ dir: `${dir}/${name}`, command, flags: flags(name) });
    await Deno.mkdir(`${dir}/m1`);
    await Deno.mkdir(`${dir}/m2`);
    await Deno.mkdir(`${dir}/m4`);
    let clusterId: string;
    let address: string;
    {
      await using first = await start("m1", ["cluster", "init"]);
      const token = (await must(first, ["cluster", "join-token", "manager", "-q"])).trim();
      address = first.ready.listen_addr;
      const join = ["manager", "join", "--manager", address, "--token", token];
      const second = await start("m2", join);
      try {
        ({ clusterId } = await first.json(["cluster", "info"]));
        await until("both vote", async () => {
          const { managers } = await first.json(["cluster", "info"]);
          return managers.filter(({ voter }: Manager) => voter).length === 2;
        });
        await must(first, ["secret", "create", "password", "-"], "x");
        const busy = await runWarren(["cluster", "recover", "--data-dir", `${dir}/m1/data`]);
        assert.equal(busy.code, 1);
        assert.match(busy.stderr, /hint: stop this manager first/);
      } finally {
        await first.kill("SIGKILL");
        await second.kill("SIGKILL");
      }
    }
    const data = ["--data-dir", `${dir}/m1/data`];
    const dry = await runWarren(["cluster", "recover", ...data, "--dry-run", "-o", "json"]);
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(
      JSON.parse(dry.stdout).managers.map(({ name, reachable }: Found) => [name, reachable]),
      [["m1", null], ["m2", false]],
    );
    const done = await runWarren(["cluster", "recover", ...data, "--yes", "-o", "json"]);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout).formerManagers, ["m2"]);

    await using first = await resume(`${dir}/m1`, ["--listen-addr", address]);
    const info = await first.json(["cluster", "info"]);
    assert.equal(info.clusterId, clusterId);
    assert.deepEqual(info.managers.map(({ name, leader }: Manager) => [name, leader]), [[
      "m1",
      true,
    ]]);
    const [secret] = await first.json(["secret", "list"]);
    assert.equal(secret.name, "password");
    await must(first, ["node", "rm", "m2"]);
    const token = (await must(first, ["cluster", "join-token", "manager", "-q"])).trim();
    const join = ["manager", "join", "--manager", address, "--token", token];
    await using _fourth = await start("m4", join);
    await until("the new one votes", async () => {
      const { managers } = await first.json(["cluster", "info"]);
      return managers.filter(({ voter }: Manager) => voter).length === 2;
    });
    // The one that was lost turns up with its old log: it must not become a second cluster.
    const alive = await runWarren(["cluster", "recover", "--data-dir", `${dir}/m2/data`, "--yes"]);
    assert.equal(alive.code, 1, alive.stderr);
    assert.match(alive.stderr, /Cannot recover: .*m1/);
  });
});

interface Named {
  readonly name: string;
}
interface Manager extends Named {
  readonly leader: boolean;
  readonly voter: boolean;
}
interface Node extends Named {
  readonly status: string;
  readonly role: string;
}
interface Found extends Named {
  readonly reachable: boolean | null;
}
