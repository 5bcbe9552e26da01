import assert from "node:assert/strict";
import { realClock } from "../../lib/mod.ts";
import { readMember, replayMember } from "../../manager/offline/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import { openSealer, verifyCredential } from "../../security/mod.ts";
import { DataDir } from "../data_dir.ts";
import type { DaemonFlags } from "../flags.ts";
import { restoreBackup } from "./restore.ts";
import {
  NO_FLAGS,
  PASSWORD,
  type RichState,
  richState,
  writeBackup,
} from "./testing/rich_state.ts";

interface Place {
  readonly dir: string;
  readonly file: string;
  readonly state: RichState;
  restore(flags?: Partial<DaemonFlags>): ReturnType<typeof restoreBackup>;
}

async function withBackup(body: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const file = `${dir}/backup`;
  try {
    const state = await richState();
    await writeBackup(file, state);
    await body({
      dir,
      file,
      state,
      restore: (flags) =>
        restoreBackup({
          file,
          clock: realClock,
          flags: { ...NO_FLAGS, dataDir: `${dir}/data`, nodeName: "new", ...flags },
        }),
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function names(dir: string): readonly string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

Deno.test("restoreBackup makes a group of one that holds everything that was backed up", async () => {
  await withBackup(async ({ dir, state, restore }) => {
    const { fixture, clusterId, worker } = state;
    const report = await restore({ listenAddr: "127.0.0.1:4000", labels: { zone: "a" } });
    assert.deepEqual([report.clusterId, report.index], [clusterId, fixture.view.index]);
    assert.deepEqual(report.counts, { services: 1, secrets: 1, configs: 1, volumes: 1, nodes: 5 });
    assert.deepEqual(report.formerManagers, ["m1", "m2", "m3"]);
    assert.deepEqual(names(dir), ["backup", "data"]);
    assert.deepEqual(names(report.dataDir), [
      ...["format", "keys", "lock", "log", "node.json", "settings.json"],
    ]);

    const log = readMember(`${report.dataDir}/log`);
    const { view } = replayMember(log);
    using dataDir = await DataDir.open(report.dataDir);
    const identity = await dataDir.identity();
    assert(identity);
    assert.deepEqual([identity.nodeId, identity.clusterId], [report.nodeId, clusterId]);
    assert.deepEqual([identity.isFounder, identity.hasLog], [false, true]);
    assert.deepEqual(log.membership.voters, [identity.memberId]);
    assert.ok(log.hard.term > 41, "later than every leader that is recorded");
    const settings = await dataDir.settings();
    assert.deepEqual([settings?.kind, settings?.listenAddr], ["manager", "127.0.0.1:4000"]);

    const self = view.node(asId<NodeId>(identity.nodeId));
    assert(self);
    assert.deepEqual(
      [self.name, self.role, self.memberId, self.address, self.labels],
      ["new", "hybrid", identity.memberId, "127.0.0.1:4000", { zone: "a" }],
    );
    assert.ok(await verifyCredential(identity.credential, self.credentialHash));
    for (const name of report.formerManagers) {
      const node = view.nodeByName(name);
      assert.deepEqual([node?.memberId, node?.status, node?.role], ["", "down", "worker"]);
    }
    // Workers come back as what they were, with the tasks that they run.
    assert.deepEqual(view.node(worker.id), fixture.view.node(worker.id));
    assert.deepEqual([...view.tasks()], [...fixture.view.tasks()]);
    assert.deepEqual([...view.services()], [...fixture.view.services()]);
    assert.deepEqual([...view.configs()], [...fixture.view.configs()]);
    assert.deepEqual([...view.volumes()], [...fixture.view.volumes()]);
    assert.deepEqual(view.cluster()?.workerToken, fixture.view.cluster()?.workerToken);
    const sealer = await openSealer(report.dataDir, { create: false });
    const secret = view.secretByName("password");
    assert(secret);
    const opened = await sealer.open({ purpose: "secret", name: "password" }, secret.sealed);
    assert.equal(new TextDecoder().decode(opened), PASSWORD);
  });
});

Deno.test("restoreBackup takes the name over from a manager of before, not from a worker", async () => {
  await withBackup(async ({ dir, restore }) => {
    const report = await restore({ nodeName: "m2" });
    assert.deepEqual([report.nodeName, report.formerManagers], ["m2", ["m1", "m2-old", "m3"]]);
    const other = { dataDir: `${dir}/other`, nodeName: "w1" };
    await assert.rejects(restore(other), { reason: "NODE_NAME_TAKEN" });
    assert.deepEqual(names(dir), ["backup", "data"]);
  });
});

Deno.test("restoreBackup fills an empty directory, and touches none that holds anything", async () => {
  await withBackup(async ({ dir, restore }) => {
    await Deno.mkdir(`${dir}/data`);
    await restore();
    const before = readMember(`${dir}/data/log`).memberId;
    await assert.rejects(restore(), { reason: "ALREADY_INITIALISED" });
    assert.equal(readMember(`${dir}/data/log`).memberId, before);
    await Deno.mkdir(`${dir}/mine`);
    await Deno.writeTextFile(`${dir}/mine/notes.txt`, "mine");
    await assert.rejects(restore({ dataDir: `${dir}/mine` }), {
      reason: "ALREADY_INITIALISED",
      message: /it holds "notes\.txt"/,
    });
    assert.deepEqual(names(`${dir}/mine`), ["notes.txt"]);
    await assert.rejects(restore({ dataDir: `${dir}/mine/notes.txt` }), {
      reason: "DATA_DIR_UNUSABLE",
    });
  });
});

Deno.test("restoreBackup leaves nothing behind when the backup is damaged or has another key", async () => {
  await withBackup(async ({ dir, file, state, restore }) => {
    const good = await Deno.readFile(file);
    const bad = good.slice();
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 4;
    await Deno.writeFile(file, bad);
    await assert.rejects(restore(), { reason: "DATA_CORRUPT", message: /at byte \d+/ });
    await Deno.writeFile(file, good.subarray(0, good.length - 10));
    await assert.rejects(restore(), { reason: "DATA_CORRUPT", message: /it is cut/ });
    await writeBackup(file, { ...state, dataKey: new Uint8Array(32).fill(1) });
    await assert.rejects(restore(), { reason: "UNSEAL_FAILED" });
    assert.deepEqual(names(dir), ["backup"]);
  });
});

Deno.test("restoreBackup throws away what a restore that was killed has left", async () => {
  await withBackup(async ({ dir, restore }) => {
    const beside = `${dir}/data.restoring`;
    await Deno.mkdir(`${beside}/log`, { recursive: true });
    await Deno.writeTextFile(`${beside}/log/00000001.seg`, "half");
    await Deno.mkdir(`${beside}/keys`);
    await Deno.writeFile(`${beside}/keys/data.key`, new Uint8Array(32));
    await restore();
    assert.deepEqual(names(dir), ["backup", "data"]);
    assert.ok(readMember(`${dir}/data/log`).state);
  });
});

Deno.test("restoreBackup keeps out a second restore to the same place", async () => {
  await withBackup(async ({ dir, restore }) => {
    using held = await DataDir.open(`${dir}/data.restoring`);
    await assert.rejects(restore(), { reason: "DATA_DIR_IN_USE" });
    assert.deepEqual(names(held.path), ["format", "lock"]);
  });
});
