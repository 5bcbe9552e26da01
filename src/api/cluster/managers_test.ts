/** Managers that join, leave and hand over, over a real store and socket and a pretended group. */
import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import { type Node, type NodeId } from "../../model/mod.ts";
import { descriptionToProto } from "../../rpc/convert/mod.ts";
import type { JoinManagerRequest } from "../../rpc/gen/warren/v1/cluster.ts";
import { Store } from "../../store/mod.ts";
import { clusterService } from "../cluster_service.ts";
import { addNode, type ApiFixture, withApi } from "../testing/api_fixture.ts";
import { memberOf } from "../testing/fake_consensus.ts";

async function faultOf(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error;
  }
  return new WarrenError("UNKNOWN_FAULT", "nothing failed");
}

const CREDENTIAL = "c".repeat(64);

async function joinRequest(
  { client, context }: ApiFixture,
  over: Partial<JoinManagerRequest> = {},
): Promise<JoinManagerRequest> {
  const { token } = await client.getJoinToken({ role: "manager", rotate: false });
  return {
    token,
    nodeId: context.ids.next(),
    memberId: context.ids.next(),
    credential: CREDENTIAL,
    name: "m2",
    labels: { zone: "b" },
    description: descriptionToProto({
      hostname: "m2",
      os: "linux",
      arch: "amd64",
      runtimes: [],
      engine: "",
      resources: { milliCpus: 0, memoryBytes: 0 },
      version: "0",
    }),
    hasAgent: true,
    address: "127.0.0.1:12377",
    raftAddress: "127.0.0.1:17946",
    ...over,
  };
}

/** Adds a node that is a member of the group, the leader if it is the first. */
function addManager(api: ApiFixture, name: string): Node {
  const { id } = addNode(api, name);
  const memberId = `member-${name}`;
  const { consensus } = api;
  api.apply({ kind: "node.member", id, memberId, raftAddress: "127.0.0.1:1", role: "hybrid" });
  const isFirst = consensus.members.length === 0;
  consensus.members.push(memberOf(id, { name, leader: isFirst }));
  if (isFirst) consensus.setLeader(true, { id, address: "127.0.0.1:2" });
  return getNode(api, id);
}

function getNode({ store }: ApiFixture, id: NodeId): Node {
  const node = store.view.node(id);
  assert(node, "the node is there");
  return node;
}

Deno.test("JoinManager records the node, adds it without a vote, and hands over the data key", async () => {
  await withApi(async (api) => {
    const first = addManager(api, "m1");
    const request = await joinRequest(api);
    const joined = await api.client.joinManager(request);
    assert.equal(joined.clusterId, api.store.view.cluster()?.id);
    assert.equal(joined.dataKey.length, 32);
    assert.deepEqual(joined.members, [
      { id: first.memberId, nodeId: first.id, raftAddress: "127.0.0.1:1" },
      { id: request.memberId, nodeId: request.nodeId, raftAddress: "127.0.0.1:17946" },
    ]);
    assert.deepEqual(api.consensus.steps, [{ kind: "add learner", id: request.nodeId }]);
    const node = api.store.view.nodeByName("m2");
    assert.deepEqual([node?.role, node?.address, node?.labels], [
      "hybrid",
      "127.0.0.1:12377",
      { zone: "b" },
    ]);
  });
});

Deno.test("JoinManager made again answers the same and changes nothing", async () => {
  await withApi(async (api) => {
    const request = await joinRequest(api);
    const first = await api.client.joinManager(request);
    const version = api.store.view.index;
    assert.deepEqual(await api.client.joinManager(request), first);
    assert.deepEqual([api.store.view.index, api.consensus.steps.length], [version, 1]);
    // What was recorded but not yet a member becomes one.
    api.consensus.members = [];
    await api.client.joinManager(request);
    assert.equal(api.consensus.steps.length, 2);
  });
});

Deno.test("JoinManager refuses bad tokens, names, ids and addresses, and nodes of others", async () => {
  await withApi(async (api) => {
    const { client } = api;
    const { token } = await client.getJoinToken({ role: "worker", rotate: false });
    const good = await joinRequest(api);
    const reason = async (over: Partial<JoinManagerRequest>) =>
      (await faultOf(client.joinManager({ ...good, ...over }))).reason;
    assert.equal(await reason({ token }), "TOKEN_REFUSED");
    assert.equal(await reason({ token: good.token.slice(0, -1) + "1" }), "TOKEN_REFUSED");
    assert.equal(await reason({ name: "-" }), "INVALID_SPEC");
    assert.equal(await reason({ memberId: "1" }), "INVALID_SPEC");
    assert.equal(await reason({ address: "10.0.0.1:2377" }), "NOT_PERMITTED");
    assert.equal(await reason({ raftAddress: "0.0.0.0:7946" }), "NOT_PERMITTED");
    assert.equal(await reason({ raftAddress: "127.0.0.1:0" }), "INVALID_SPEC");
    addNode(api, "taken");
    assert.equal(await reason({ name: "taken" }), "NODE_NAME_TAKEN");
    await client.joinManager(good);
    assert.equal(await reason({ credential: "d".repeat(64) }), "TOKEN_REFUSED");
    const { memberId } = await joinRequest(api);
    assert.equal(await reason({ memberId }), "NODE_IS_MANAGER");
    await client.removeNode({ ref: good.nodeId, force: true });
    assert.equal(await reason({}), "NODE_REMOVED");
    const { nodeId } = await joinRequest(api);
    assert.equal(await reason({ nodeId }), "ID_TAKEN", "a member id is never used again");
  });
});

Deno.test("a worker that is promoted joins under its own id, and leaves its member id behind", async () => {
  await withApi(async (api) => {
    const { client, consensus } = api;
    addManager(api, "m1");
    const request = await joinRequest(api);
    await client.joinManager(request);
    const id = request.nodeId as NodeId;
    assert.equal((await client.demoteNode({ ref: "m2" })).node?.role, "worker");
    assert.deepEqual(consensus.steps.at(-1), { kind: "remove", id });
    const { memberId: formerId, raftAddress, address } = getNode(api, id);
    assert.deepEqual([formerId, raftAddress, address], ["", "", ""]);
    // A try to join that comes late does not undo the demotion.
    const late = await joinRequest(api);
    const refused = await faultOf(client.joinManager({ ...request, memberId: late.memberId }));
    assert.deepEqual([refused.reason, consensus.steps.length], ["NOT_PERMITTED", 2]);
    const promoted = await client.promoteNode({ ref: "m2" });
    assert.deepEqual([promoted.node?.role, promoted.node?.memberId], ["hybrid", ""]);
    assert.equal((await faultOf(client.joinManager(request))).reason, "ID_TAKEN");
    const { memberId } = await joinRequest(api);
    await client.joinManager({ ...request, memberId });
    assert.equal(getNode(api, id).memberId, memberId);
  });
});

Deno.test("a manager is removed when a majority of the others is there", async () => {
  await withApi(async (api) => {
    const { client, consensus } = api;
    for (const name of ["m1", "m2", "m3"]) addManager(api, name);
    const [, second, third] = consensus.members;
    assert(second && third);
    const ready = await faultOf(client.removeNode({ ref: "m3", force: false }));
    assert.equal(ready.reason, "NODE_NOT_DOWN");
    assert.match(ready.hint ?? "", /node demote m3/);
    second.reachable = false;
    const atRisk = await faultOf(client.removeNode({ ref: "m3", force: true }));
    assert.equal(atRisk.reason, "QUORUM_AT_RISK");
    assert.match(atRisk.message, /of the 2 managers left, 2 must be reachable and 1 is/);
    assert.deepEqual(consensus.steps, []);
    await client.removeNode({ ref: "m2", force: true });
    await client.removeNode({ ref: "m3", force: true });
    assert.deepEqual(consensus.steps.map(({ kind }) => kind), ["remove", "remove"]);
    const last = await faultOf(client.removeNode({ ref: "m1", force: true }));
    assert.match(last.message, /the only manager/);
    const { nodes } = await client.listNodes({ stale: false });
    assert.deepEqual(nodes.map(({ name, leader }) => `${name} ${leader}`), ["m1 true"]);
  });
});

Deno.test("a manager without an agent cannot be demoted", async () => {
  await withApi(async (api) => {
    await api.client.joinManager(await joinRequest(api, { hasAgent: false }));
    const { reason, hint } = await faultOf(api.client.demoteNode({ ref: "m2" }));
    assert.equal(reason, "NODE_IS_MANAGER");
    assert.match(hint ?? "", /node rm/);
  });
});

Deno.test("TransferLeader moves leadership to a voter that is there, and to no other", async () => {
  await withApi(async (api) => {
    const { client, consensus } = api;
    const alone = await faultOf(client.transferLeader({ ref: "" }));
    assert.equal(alone.reason, "NODE_NOT_VOTER");
    const [first, second] = [addManager(api, "m1"), addManager(api, "m2")];
    addNode(api, "w");
    assert.equal((await faultOf(client.transferLeader({ ref: "w" }))).reason, "NODE_NOT_VOTER");
    assert.equal((await client.transferLeader({ ref: "m1" })).leaderId, first.id);
    Object.assign(consensus.members[1] ?? {}, { reachable: false });
    assert.equal((await faultOf(client.transferLeader({ ref: "m2" }))).reason, "NODE_UNREACHABLE");
    Object.assign(consensus.members[1] ?? {}, { reachable: true });
    assert.equal((await client.transferLeader({ ref: "" })).leaderId, second.id);
    const info = await client.getClusterInfo({});
    assert.equal(info.leaderId, second.id);
  });
});

Deno.test("GetClusterInfo of a manager that heard nothing yet asks for the others, not for an init", async () => {
  await withApi(async (api) => {
    api.consensus.setLeader(false, null);
    const { methods } = clusterService({ ...api.context, view: new Store().view });
    const method = methods.find(({ name }) => name === "getClusterInfo");
    const call = {
      ...{ method: "", peer: "local", requestId: "", isForwarded: false },
      signal: new AbortController().signal,
      write: () => Promise.resolve(),
    };
    const fault = await faultOf((async () => await method?.handler({}, call))());
    assert.equal(fault.reason, "NO_LEADER");
    assert.match(fault.hint ?? "", /start the other managers/);
  });
});
