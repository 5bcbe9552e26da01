/** A group of one that begins with a state, over the real disk, and read again. */
import assert from "node:assert/strict";
import { seededIds, wallMs } from "../../lib/mod.ts";
import { asId, asIndex, type ConfigId } from "../../model/mod.ts";
import { encodeEntry, encodeState, Store } from "../../store/mod.ts";
import { denoFs } from "../disk/deno_fs.ts";
import { MemberDisk } from "../disk/member_disk.ts";
import { stampEntry } from "../raft/stamp.ts";
import { foundAlone, lastOf, readMember, replayMember } from "./mod.ts";

const ids = seededIds(3);

function configAction(name: string) {
  return {
    kind: "config.create",
    config: {
      id: asId<ConfigId>(ids.next()),
      name,
      labels: {},
      data: "eA==",
      sizeBytes: 1,
      revision: 1,
      createdMs: wallMs(1),
      updatedMs: wallMs(1),
    },
  } as const;
}

async function withDir(body: (dir: string) => void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function filledStore(): Store {
  const store = new Store();
  for (const [at, name] of ["a", "b"].entries()) {
    const proposal = { actions: [configAction(name)], atMs: wallMs(5), requestId: "" };
    assert.ok(store.apply(asIndex(at + 7), proposal).ok);
  }
  return store;
}

function found(dir: string, store: Store): void {
  const pieces = encodeState(store.snapshot());
  const { index } = store.view;
  foundAlone(dir, { memberId: "m9", clusterId: "c1", term: 12, index, pieces });
}

Deno.test("foundAlone makes a log that begins with the state and has one voter", async () => {
  await withDir((dir) => {
    const store = filledStore();
    found(`${dir}/log`, store);
    const log = readMember(`${dir}/log`);
    assert.deepEqual([log.memberId, log.hard], ["m9", { term: 12, vote: null }]);
    assert.deepEqual(log.membership, { voters: ["m9"], outgoing: [], learners: [] });
    assert.deepEqual(lastOf(log), { index: 8, term: 12 });
    assert.equal(log.isInDoubt, false);
    assert.equal(replayMember(log).digest(), store.digest());
    // What a manager finds at its start.
    const options = { dir: `${dir}/log`, memberId: "m9", clusterId: "c1" };
    const { disk, start } = MemberDisk.open(denoFs, options);
    disk.close();
    assert.deepEqual(start.restored.snapshot, log.snapshot);
    assert.deepEqual([start.restored.entries, start.restored.isInDoubt], [[], undefined]);
  });
});

Deno.test("readMember takes every entry, with the leader's time, and the last membership", async () => {
  await withDir((dir) => {
    const store = filledStore();
    found(`${dir}/log`, store);
    const options = { dir: `${dir}/log`, memberId: "m9", clusterId: "c1" };
    const { disk } = MemberDisk.open(denoFs, options);
    const entry = [{ actions: [configAction("c")], atMs: wallMs(1), requestId: "" }];
    const data = stampEntry(wallMs(1_000), encodeEntry(entry));
    const membership = { voters: ["m9", "m10"], outgoing: [], learners: ["m11"] };
    const entries = [
      { index: 9, term: 13, payload: { kind: "noop" } },
      { index: 10, term: 13, payload: { kind: "data", data } },
      { index: 11, term: 13, payload: { kind: "membership", membership } },
    ] as const;
    disk.write([{ hard: { term: 14, vote: "m10" }, truncateFrom: null, entries, snapshot: null }]);
    disk.close();
    const before = fileTimes(`${dir}/log`);
    const log = readMember(`${dir}/log`);
    assert.deepEqual(log.membership, membership);
    assert.deepEqual(lastOf(log), { index: 11, term: 13 });
    assert.equal(log.hard.term, 14);
    const replayed = replayMember(log);
    assert.equal(replayed.view.index, 11);
    assert.equal(replayed.view.configByName("c")?.createdMs, 1_000);
    assert.deepEqual(fileTimes(`${dir}/log`), before, "reading changes nothing");
  });
});

Deno.test("readMember refuses a directory without a log, and a damaged snapshot", async () => {
  await withDir((dir) => {
    assert.throws(() => readMember(dir), { reason: "DATA_CORRUPT" });
    found(`${dir}/log`, filledStore());
    const name = denoFs.list(`${dir}/log`).find((name) => name.endsWith(".snapshot"));
    const file = denoFs.open(`${dir}/log/${name}`);
    file.writeAt(5_000, new Uint8Array([1, 2, 3]));
    file.close();
    assert.throws(() => readMember(`${dir}/log`), { reason: "DATA_CORRUPT" });
    denoFs.remove(`${dir}/log/${name}`);
    assert.throws(() => readMember(`${dir}/log`), { reason: "DATA_CORRUPT" });
  });
});

function fileTimes(dir: string) {
  return denoFs.list(dir).map((name) => {
    const { size, mtime } = Deno.statSync(`${dir}/${name}`);
    return [name, size, mtime?.getTime()];
  });
}
