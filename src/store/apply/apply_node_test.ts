/** Rules of nodes: joining, what operator, agent and leader change, and removal. */
import assert from "node:assert/strict";
import { wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  type ClusterId,
  MAX_REMOVED_NODES,
  type Node,
  type NodeId,
} from "../../model/mod.ts";
import { nodeOf, SEALED, StoreFixture } from "../testing/store_fixture.ts";

Deno.test("node.create adds a node with the proposal's time", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  assert.equal(node.joinedMs, fixture.nowMs);
  assert.equal(node.updatedMs, fixture.nowMs);
  assert.equal(node.version, fixture.view.index);
  assert.equal(fixture.view.nodeByName("n1"), node);
  assert.equal(fixture.view.nodeUsage(node.id).tasks, 0);
});

Deno.test("node.create refuses a name or an id that is known", () => {
  const fixture = new StoreFixture();
  const { id } = fixture.addNode("n1");
  const other = asId<NodeId>(fixture.ids.next());
  assert.equal(
    fixture.refused("NODE_NAME_TAKEN", { kind: "node.create", node: nodeOf(other, "n1") }),
    'Cannot add node "n1": the name is taken',
  );
  fixture.refused("ID_TAKEN", { kind: "node.create", node: nodeOf(id, "n2") });
});

Deno.test("node.update changes what is given and keeps the rest", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  fixture.ok({ kind: "node.update", id: node.id, availability: "drain" });
  fixture.ok({ kind: "node.update", id: node.id, labels: { zone: "a" }, role: "hybrid" });
  fixture.ok({ kind: "node.update", id: node.id, name: "n2" });
  const after = fixture.node(node);
  assert.equal(after.availability, "drain");
  assert.deepEqual(after.labels, { zone: "a" });
  assert.equal(after.role, "hybrid");
  assert.equal(fixture.view.nodeByName("n2"), after);
  assert.equal(fixture.view.nodeByName("n1"), undefined);
  assert.equal(after.joinedMs, node.joinedMs);
});

Deno.test("node.update that asks for what is changes nothing", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1", { labels: { zone: "a" } });
  fixture.unchanged({ kind: "node.update", id: node.id });
  fixture.unchanged({
    kind: "node.update",
    id: node.id,
    labels: { zone: "a" },
    name: "n1",
    availability: "active",
  });
});

Deno.test("node.update refuses an unknown node, a stale version and a name that is taken", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  fixture.addNode("n2");
  fixture.refused("NODE_NOT_FOUND", { kind: "node.update", id: asId<NodeId>("gone") });
  const ifVersion = asIndex<Node["version"]>(node.version + 7);
  fixture.refused("VERSION_CONFLICT", { kind: "node.update", id: node.id, ifVersion });
  assert.equal(
    fixture.refused("NODE_NAME_TAKEN", { kind: "node.update", id: node.id, name: "n2" }),
    'Cannot update node "n1": the name "n2" is taken',
  );
});

Deno.test("node.describe and node.status record news once", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const description = { ...node.description, arch: "arm64" };
  const describe = { kind: "node.describe", id: node.id, description, address: "10.0.0.1:1" };
  fixture.ok({ ...describe, kind: "node.describe" });
  assert.equal(fixture.node(node).description.arch, "arm64");
  assert.equal(fixture.node(node).address, "10.0.0.1:1");
  fixture.unchanged({ ...describe, kind: "node.describe", description: { ...description } });
  fixture.ok({ kind: "node.status", id: node.id, status: "down", message: "silent for 10s" });
  assert.equal(fixture.node(node).status, "down");
  assert.equal(fixture.node(node).statusMessage, "silent for 10s");
  fixture.unchanged({
    kind: "node.status",
    id: node.id,
    status: "down",
    message: "silent for 10s",
  });
  const id = asId<NodeId>("gone");
  fixture.refused("NODE_NOT_FOUND", { ...describe, kind: "node.describe", id });
  fixture.refused("NODE_NOT_FOUND", { kind: "node.status", id, status: "down", message: "" });
});

Deno.test("node.status down leaves the tasks to the planner", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const task = fixture.addTask(fixture.addService("web"), node);
  fixture.ok({ kind: "node.status", id: node.id, status: "down", message: "" });
  assert.equal(fixture.task(task.id), task);
});

Deno.test("node.remove refuses a node that is ready", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const message = fixture.refused("NODE_NOT_DOWN", { kind: "node.remove", id: node.id });
  assert.equal(message, 'Cannot remove node "n1": it is ready');
  fixture.refused("NODE_NOT_FOUND", { kind: "node.remove", id: asId<NodeId>("gone") });
});

Deno.test("node.remove orphans the tasks that ran there and has all of them removed", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  const running = fixture.report(fixture.addTask(service, node, 1), "running");
  const ended = fixture.report(fixture.addTask(service, node, 2), "completed", { exitCode: 0 });
  const elsewhere = fixture.addTask(service, fixture.addNode("n2"), 3);
  fixture.ok({ kind: "node.status", id: node.id, status: "down", message: "" });
  fixture.ok({ kind: "node.remove", id: node.id });
  assert.equal(fixture.view.node(node.id), undefined);
  const lost = fixture.task(running.id);
  assert.equal(lost.status.state, "orphaned");
  assert.equal(lost.status.message, 'node "n1" was removed');
  assert.equal(lost.status.reason, "NODE_LOST");
  assert.equal(lost.status.sequence, running.status.sequence + 1);
  assert.equal(lost.desired, "remove");
  assert.equal(fixture.task(ended.id).status, ended.status);
  assert.equal(fixture.task(ended.id).desired, "remove");
  assert.equal(fixture.task(elsewhere.id), elsewhere);
  assert.equal(fixture.view.nodeUsage(node.id).tasks, 0);
});

Deno.test("node.remove remembers who was removed, so that its agent can be told, within a bound", () => {
  const fixture = new StoreFixture();
  const cluster = {
    id: asId<ClusterId>("c1"),
    createdMs: wallMs(1),
    workerToken: SEALED,
    managerToken: SEALED,
  };
  fixture.ok({ kind: "cluster.create", cluster });
  const removed = Array.from({ length: MAX_REMOVED_NODES + 1 }, (_, at) => {
    const node = fixture.addNode(`n${at}`, { status: "down", credentialHash: `hash${at}` });
    fixture.ok({ kind: "node.remove", id: node.id });
    return { id: node.id, credentialHash: `hash${at}` };
  });
  assert.deepEqual(fixture.view.cluster()?.removedNodes, removed.slice(1));
});

Deno.test("node.remove in a refused proposal leaves node and tasks in their places", () => {
  const fixture = new StoreFixture();
  const first = fixture.addNode("n1", { status: "down" });
  fixture.addNode("n2");
  const service = fixture.addService("web");
  fixture.addTask(service, first, 1);
  fixture.addTask(service, first, 2);
  fixture.refused(
    "NODE_NOT_FOUND",
    { kind: "node.remove", id: first.id },
    { kind: "node.remove", id: asId<NodeId>("gone") },
  );
  assert.deepEqual([...fixture.view.nodes()].map(({ name }) => name), ["n1", "n2"]);
});

function withCluster(): StoreFixture {
  const fixture = new StoreFixture();
  const cluster = {
    id: asId<ClusterId>("c1"),
    createdMs: wallMs(1),
    workerToken: SEALED,
    managerToken: SEALED,
  };
  fixture.ok({ kind: "cluster.create", cluster });
  return fixture;
}

Deno.test("node.member makes a member of a node, and ends it; a member id is used once", () => {
  const fixture = withCluster();
  const { id } = fixture.addNode("n1", { status: "down" });
  const other = fixture.addNode("n2");
  const raftAddress = "127.0.0.1:1";
  const join = { kind: "node.member", id, memberId: "m1", raftAddress, role: "hybrid" } as const;
  fixture.ok({ ...join, address: "127.0.0.1:2" });
  const node = fixture.view.node(id);
  assert.deepEqual(
    [node?.memberId, node?.raftAddress, node?.role, node?.address],
    ["m1", raftAddress, "hybrid", "127.0.0.1:2"],
  );
  fixture.unchanged(join);
  fixture.refused("ID_TAKEN", { ...join, id: other.id });
  fixture.refused("NODE_IS_MANAGER", { ...join, memberId: "m2" });
  fixture.refused("NODE_IS_MANAGER", { kind: "node.remove", id });
  fixture.ok({ ...join, memberId: "", raftAddress: "", role: "worker" });
  assert.deepEqual(fixture.view.cluster()?.formerMembers, ["m1"]);
  fixture.refused("ID_TAKEN", join);
  fixture.refused("ID_TAKEN", {
    kind: "node.create",
    node: { ...nodeOf(asId("n3"), "n3"), memberId: "m1" },
  });
  fixture.refused("NODE_NOT_FOUND", { ...join, id: asId<NodeId>("gone") });
  fixture.ok({ kind: "node.remove", id });
});

Deno.test("node.create of an older log has no member, and node.describe keeps the Raft address", () => {
  const fixture = withCluster();
  const { memberId: _1, raftAddress: _2, ...older } = nodeOf(asId<NodeId>("n1"), "n1");
  fixture.ok({ kind: "node.create", node: older });
  const { id, description } = older;
  const at = () => fixture.view.node(id)?.raftAddress;
  assert.equal(at(), "");
  const describe = { kind: "node.describe", id, description, address: "a:1" } as const;
  fixture.ok({ ...describe, raftAddress: "a:2" });
  fixture.ok({ ...describe, address: "a:3" });
  assert.equal(at(), "a:2");
});

Deno.test("cluster.leader is recorded once a term, and never for an earlier one", () => {
  const fixture = withCluster();
  const [a, b] = [fixture.addNode("a").id, fixture.addNode("b").id];
  fixture.ok({ kind: "cluster.leader", id: a, term: 2 });
  fixture.unchanged({ kind: "cluster.leader", id: b, term: 1 });
  fixture.ok({ kind: "cluster.leader", id: b, term: 5 });
  assert.deepEqual(fixture.view.cluster()?.leader, { nodeId: b, term: 5 });
  new StoreFixture().refused("NOT_INITIALISED", { kind: "cluster.leader", id: a, term: 1 });
});
