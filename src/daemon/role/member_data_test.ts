import assert from "node:assert/strict";
import { fileIdentity } from "../../agent/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import { DataDir, type NodeIdentity } from "../data_dir.ts";
import {
  forgetRefused,
  leaveToAgent,
  planMember,
  prepareMember,
  removeMember,
} from "./member_data.ts";

const AGENT = { nodeId: asId<NodeId>("node1"), credential: "secret", clusterId: "c1" };
const KEPT: NodeIdentity = {
  ...AGENT,
  memberId: "m1",
  isFounder: false,
  hasLog: true,
};

async function withDataDir(body: (dataDir: DataDir) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    using dataDir = await DataDir.open(path);
    await Deno.mkdir(`${path}/agent`);
    await body(dataDir);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function files(dataDir: DataDir): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(dataDir.path)) names.push(name);
  return names.sort();
}

Deno.test("planMember keeps the member that the cluster knows, and one whose join was not answered", () => {
  const unanswered = { ...KEPT, clusterId: "", hasLog: false };
  const rows: readonly [NodeIdentity | null, string, string][] = [
    [null, "", "replace"],
    [null, "m1", "replace"],
    [KEPT, "m1", "keep"],
    [KEPT, "m2", "replace"],
    [KEPT, "", "replace"],
    [{ ...KEPT, hasLog: false }, "", "replace"],
    [unanswered, "", "keep"],
    [unanswered, "m1", "keep"],
    [unanswered, "m2", "replace"],
  ];
  for (const [kept, memberId, plan] of rows) assert.equal(planMember(kept, memberId), plan);
});

Deno.test("prepareMember gives a worker's node a member of its own, and the same one again", () =>
  withDataDir(async (dataDir) => {
    await fileIdentity(`${dataDir.path}/agent`).save(AGENT);
    const ids = ["m1", "m2"].values();
    const next = () => ids.next().value ?? "";
    await prepareMember(dataDir, "", next);
    await prepareMember(dataDir, "", next);
    assert.deepEqual(await dataDir.identity(), {
      ...{ nodeId: "node1", credential: "secret", memberId: "m1" },
      ...{ clusterId: "", isFounder: false, hasLog: false },
    });
  }));

Deno.test("prepareMember never takes up a log again that the cluster does not count any more", () =>
  withDataDir(async (dataDir) => {
    await fileIdentity(`${dataDir.path}/agent`).save(AGENT);
    await dataDir.saveIdentity(KEPT);
    await Deno.mkdir(`${dataDir.path}/log`);
    await prepareMember(dataDir, "m1", () => "m2");
    assert.deepEqual(await dataDir.identity(), KEPT, "the promotion was only cut short");
    await prepareMember(dataDir, "", () => "m2");
    assert.equal((await dataDir.identity())?.memberId, "m2");
    assert.ok(!(await files(dataDir)).includes("log"));
  }));

Deno.test("prepareMember refuses a node that nobody knows", () =>
  withDataDir(async (dataDir) => {
    await assert.rejects(prepareMember(dataDir, "", () => "m1"), { reason: "DATA_CORRUPT" });
  }));

Deno.test("forgetRefused forgets a member that was refused, never one that has joined", () =>
  withDataDir(async (dataDir) => {
    await dataDir.saveIdentity({ ...KEPT, hasLog: false });
    await forgetRefused(dataDir);
    assert.equal((await dataDir.identity())?.memberId, "m1");
    await dataDir.saveIdentity({ ...KEPT, hasLog: false, clusterId: "" });
    await forgetRefused(dataDir);
    assert.equal(await dataDir.identity(), null);
  }));

Deno.test("leaveToAgent and removeMember leave a worker's data directory, also when done again", () =>
  withDataDir(async (dataDir) => {
    await dataDir.saveIdentity(KEPT);
    await dataDir.savePeers([{ id: "m2", address: "a:1" }]);
    for (const name of ["log", "keys"]) await Deno.mkdir(`${dataDir.path}/${name}`);
    await Deno.writeTextFile(`${dataDir.path}/keys/data.key`, "key");
    for (let turn = 0; turn < 2; turn++) {
      await leaveToAgent(dataDir);
      await removeMember(dataDir);
    }
    assert.deepEqual(await files(dataDir), ["agent", "format", "lock"]);
    assert.deepEqual(await fileIdentity(`${dataDir.path}/agent`).load(), AGENT);
  }));
