/** Sessions as agents have them, over a store that applies at once: races between them and removals. */
import assert from "node:assert/strict";
import { asId, asIndex } from "../../model/mod.ts";
import { reasonOf, scene, TestAgent } from "./testing/scene.ts";

Deno.test("AgentGateway ends a session at once when a newer one takes over, though it is stuck", async () => {
  const { clock, gateway, addNode } = scene();
  const node = addNode("n1");
  const first = new TestAgent(gateway, node);
  first.isStuck = true;
  await clock.advance(0);
  const second = new TestAgent(gateway, node);
  await clock.advance(0);
  assert.equal(reasonOf(await first.ended), "SESSION_REPLACED");
  assert.ok(gateway.isConnected(node.id));
  assert.deepEqual(second.heardKinds(), ["welcome", "assignments"]);
  second.said.close();
  await second.ended;
  await gateway.stop();
});

Deno.test("AgentGateway does not begin a session for a node that is removed meanwhile", async () => {
  const { clock, gateway, gate, addNode, remove } = scene();
  const node = addNode("n1");
  const late = Promise.withResolvers<void>();
  gate.wait = late.promise;
  const agent = new TestAgent(gateway, node);
  await clock.advance(0);
  remove(node);
  late.resolve();
  assert.equal(reasonOf(await agent.ended), "NODE_REMOVED");
  assert.deepEqual(agent.heard, []);
  assert.equal(gateway.isConnected(node.id), false);
  await gateway.stop();
});

Deno.test("AgentGateway tells a removed node so, during its session and whenever it returns", async () => {
  const { clock, gateway, addNode, remove } = scene();
  const node = addNode("n1");
  const connected = new TestAgent(gateway, node);
  await clock.advance(0);
  remove(node);
  assert.equal(reasonOf(await connected.ended), "NODE_REMOVED");
  const back = new TestAgent(gateway, node);
  assert.equal(reasonOf(await back.ended), "NODE_REMOVED");
  await gateway.stop();
});

Deno.test("AgentGateway says no more than that to whom it cannot know as a removed node", async () => {
  const { gateway, addNode, remove, fixture } = scene();
  const node = fixture.addNode("n1", { credentialHash: "another", status: "down" });
  remove(node);
  const impostor = new TestAgent(gateway, node);
  assert.equal(reasonOf(await impostor.ended), "TOKEN_REFUSED");
  const stranger = new TestAgent(gateway, { ...addNode("n2"), id: asId("never") });
  assert.equal(reasonOf(await stranger.ended), "TOKEN_REFUSED");
  await gateway.stop();
});

Deno.test("AgentGateway adds the labels that an agent was started with to those of its node", async () => {
  const { fixture, clock, gateway } = scene();
  const node = fixture.addNode("n1", { credentialHash: "h", labels: { zone: "a", disk: "hdd" } });
  const agent = new TestAgent(gateway, node, { disk: "ssd" });
  await clock.advance(0);
  assert.deepEqual(fixture.view.node(node.id)?.labels, { zone: "a", disk: "ssd" });
  agent.said.close();
  await agent.ended;
  const bad = new TestAgent(gateway, node, { "a b": "c" });
  assert.equal(reasonOf(await bad.ended), "INVALID_SPEC");
  await gateway.stop();
});

Deno.test("AgentGateway makes a node ready at once, also while it records another status", async () => {
  const { fixture, clock, gateway, addNode } = scene();
  const [one, two] = [addNode("n1"), addNode("n2")];
  gateway.start();
  await clock.advance(0);
  const agents = [new TestAgent(gateway, one)];
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
  agents.push(new TestAgent(gateway, two));
  await clock.advance(20);
  assert.deepEqual([one, two].map(({ id }) => fixture.view.node(id)?.status), ["ready", "ready"]);
  for (const agent of agents) agent.said.close();
  await gateway.stop();
  assert.equal(fixture.view.index > asIndex(0), true);
});
