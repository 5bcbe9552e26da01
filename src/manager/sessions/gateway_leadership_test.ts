/** What a gateway does when its leadership ends, and what the next one begins with. */
import assert from "node:assert/strict";
import { NODE_TIMEOUT_MS } from "../liveness.ts";
import { reasonOf, scene, TestAgent } from "./testing/scene.ts";

Deno.test("AgentGateway that is stopped ends its sessions with NO_LEADER and leaves nothing behind", async () => {
  const { clock, gateway, addNode } = scene();
  gateway.start();
  const agents = [new TestAgent(gateway, addNode("n1")), new TestAgent(gateway, addNode("n2"))];
  await clock.advance(0);
  await gateway.stop();
  assert.deepEqual(await Promise.all(agents.map(({ ended }) => ended.then(reasonOf))), [
    "NO_LEADER",
    "NO_LEADER",
  ]);
  assert.equal(clock.pending, 0, "no timer is left");
  await gateway.stop();
});

Deno.test("AgentGateway that is stopped lets nobody in, also who was on the way", async () => {
  const { clock, gateway, gate, addNode, fixture } = scene();
  const node = addNode("n1");
  const late = Promise.withResolvers<void>();
  gate.wait = late.promise;
  const onTheWay = new TestAgent(gateway, node);
  await clock.advance(0);
  await gateway.stop();
  assert.equal(reasonOf(await onTheWay.ended), "NO_LEADER");
  const { index } = fixture.view;
  late.resolve();
  await clock.advance(0);
  const after = new TestAgent(gateway, node);
  assert.equal(reasonOf(await after.ended), "NO_LEADER");
  const request = { token: "t", name: "n2", labels: {}, description: undefined };
  await assert.rejects(gateway.join(request), /does not lead/);
  assert.equal(fixture.view.index, index, "nothing was proposed");
  assert.ok(!gateway.isConnected(node.id));
});

Deno.test("AgentGateway stops at once though proposals are never answered", async () => {
  const { clock, gateway, cut, fixture } = scene();
  gateway.start();
  const node = fixture.addNode("n1", { credentialHash: "h" });
  const task = fixture.addTask(fixture.addService("web"), node);
  const agent = new TestAgent(gateway, node);
  await clock.advance(0);
  cut.isCut = true;
  agent.report(task.id, "running");
  const other = new TestAgent(gateway, fixture.addNode("n2", { credentialHash: "h" }), { a: "b" });
  await clock.advance(0);
  await gateway.stop();
  assert.equal(reasonOf(await agent.ended), "NO_LEADER");
  assert.equal(reasonOf(await other.ended), "NO_LEADER");
});

Deno.test("AgentGateway that is stopped ends relays: those that wait and those that are open", async () => {
  const { clock, gateway, addNode } = scene();
  const node = addNode("n1");
  const agent = new TestAgent(gateway, node);
  await clock.advance(0);
  const logs = { taskId: "t", follow: true, sinceMs: 0 };
  const { signal } = new AbortController();
  const opening = gateway.openRelay(node.id, { $case: "logs", value: logs }, signal);
  await clock.advance(0);
  const order = agent.heard.at(-1)?.kind;
  assert.ok(order?.$case === "relay");
  let isClosed = false;
  const { relayId } = order.value;
  await gateway.relayOpened({ relayId, nodeId: node.id, credential: "c" }, {
    messages: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) },
    send: () => Promise.resolve(),
    close: () => isClosed = true,
  });
  const open = await opening;
  const reading = (async () => {
    for await (const _message of open.messages) assert.fail("nothing is said");
  })();
  const waiting = gateway.openRelay(node.id, { $case: "logs", value: logs }, signal);
  const failures = Promise.allSettled([reading, waiting]);
  await clock.advance(0);
  await gateway.stop();
  for (const outcome of await failures) {
    assert.equal(outcome.status === "rejected" && reasonOf(outcome.reason), "NO_LEADER");
  }
  assert.ok(isClosed, "the agent is told that nobody listens");
  assert.equal(clock.pending, 0);
});

Deno.test("AgentGateway of a new leader takes nobody for down who comes back in time", async () => {
  const { clock, gateway, newGateway, fixture } = scene();
  const [here, gone] = ["n1", "n2"].map((name) => fixture.addNode(name, { credentialHash: "h" }));
  assert.ok(here && gone);
  const statuses = () => [here, gone].map(({ id }) => fixture.view.node(id)?.status);
  gateway.start();
  const agents = [new TestAgent(gateway, here), new TestAgent(gateway, gone)];
  await clock.advance(60_000);
  await gateway.stop();
  await Promise.all(agents.map(({ ended }) => ended));
  assert.deepEqual(statuses(), ["down", "down"], "silent for a minute");
  for (const { id } of [here, gone]) {
    fixture.ok({ kind: "node.status", id, status: "ready", message: "" });
  }
  const next = newGateway();
  next.start();
  await clock.advance(NODE_TIMEOUT_MS - 1);
  assert.deepEqual(statuses(), ["ready", "ready"], "nobody was heard yet");
  const back = new TestAgent(next, here);
  await clock.advance(2_001);
  assert.deepEqual(statuses(), ["ready", "down"]);
  back.said.close();
  await next.stop();
});

Deno.test("AgentGateway takes in at the next leader what the last one could not commit", async () => {
  const { clock, gateway, newGateway, cut, fixture } = scene();
  const node = fixture.addNode("n1", { credentialHash: "h" });
  const task = fixture.addTask(fixture.addService("web"), node);
  const before = new TestAgent(gateway, node);
  await clock.advance(0);
  cut.isCut = true;
  before.report(task.id, "running");
  await clock.advance(0);
  await gateway.stop();
  cut.isCut = false;
  const next = newGateway();
  const after = new TestAgent(next, node);
  await clock.advance(0);
  const full = after.heard.map(({ kind }) => kind).find((kind) => kind?.$case === "assignments");
  assert.ok(full?.$case === "assignments" && full.value.full);
  const [told] = full.value.update;
  const known = told?.status?.sequence ?? -1;
  assert.ok(known < TestAgent.REPORTED, "so the agent sees that its report was lost");
  after.report(task.id, "running");
  await clock.advance(0);
  assert.equal(fixture.view.task(task.id)?.status.state, "running");
  after.said.close();
  await next.stop();
});

Deno.test("AgentGateway answers a heartbeat, and says where managers are and what the node is to be", async () => {
  const { clock, gateway, fixture } = scene();
  fixture.addNode("m1", { role: "hybrid", address: "10.0.0.1:2377" });
  const node = fixture.addNode("n1", { credentialHash: "h", role: "worker" });
  const agent = new TestAgent(gateway, node);
  await clock.advance(0);
  const first = agent.heard[0]?.kind;
  assert.ok(first?.$case === "welcome");
  assert.deepEqual(first.value.managers, ["10.0.0.1:2377"]);
  const { role, managerToken } = first.value.role ?? {};
  assert.deepEqual([role, managerToken], ["worker", ""]);
  agent.say({ $case: "heartbeat", value: {} });
  await clock.advance(0);
  assert.equal(agent.heardKinds().at(-1), "heartbeat");
  fixture.ok({ kind: "node.update", id: node.id, role: "hybrid" });
  await clock.advance(0);
  const last = agent.heard.at(-1)?.kind;
  assert.ok(last?.$case === "role");
  assert.deepEqual([last.value.role, last.value.managerToken], ["hybrid", "manager token"]);
  assert.equal(last.value.index, fixture.view.index);
  agent.said.close();
  await gateway.stop();
});

Deno.test("AgentGateway counts consensus as the pulse of managers without an agent", async () => {
  const { clock, newGateway, fixture } = scene();
  const quiet = fixture.addNode("m2", { role: "manager" });
  const dead = fixture.addNode("m3", { role: "manager" });
  const gateway = newGateway([quiet.id]);
  gateway.start();
  await clock.advance(NODE_TIMEOUT_MS + 2_000);
  assert.equal(fixture.view.node(quiet.id)?.status, "ready");
  assert.equal(fixture.view.node(dead.id)?.status, "down");
  await gateway.stop();
});
