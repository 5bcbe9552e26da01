/** Counting what tasks take from a node. */
import assert from "node:assert/strict";
import type { Task } from "../model/mod.ts";
import { hostPort, reserved, StoreFixture, taskSpecOf } from "./testing/store_fixture.ts";
import { heldHostPorts, NO_USAGE, sameUse, usageWith, usageWithout, usesNode } from "./usage.ts";

function taskWith(ports: readonly number[]): Task {
  const fixture = new StoreFixture();
  const spec = taskSpecOf({ resources: reserved(100, 200), ports: ports.map(hostPort) });
  return fixture.addTask(fixture.addService("web", { task: spec }), fixture.addNode("n1"));
}

Deno.test("heldHostPorts counts fixed ports in host mode only", () => {
  const port = hostPort(53);
  const spec = taskSpecOf({
    ports: [
      port,
      { ...port, protocol: "udp" },
      { ...port, hostPort: 0 },
      { ...port, hostPort: 80, publishMode: "ingress" },
    ],
  });
  assert.deepEqual(heldHostPorts(spec), ["53/tcp", "53/udp"]);
});

Deno.test("usageWith and usageWithout are inverse and change no value", () => {
  const task = taskWith([80, 81]);
  const used = usageWith(NO_USAGE, task);
  assert.equal(used.reservedMilliCpus, 100);
  assert.equal(used.reservedMemoryBytes, 200);
  assert.deepEqual([...used.hostPorts], ["80/tcp", "81/tcp"]);
  assert.deepEqual(usageWithout(used, task), NO_USAGE);
  assert.equal(used.tasks, 1);
  assert.equal(NO_USAGE.tasks, 0);
});

Deno.test("a port held twice is free only when both holders are gone", () => {
  const task = taskWith([80]);
  const thrice = usageWith(usageWith(usageWith(NO_USAGE, task), task), task);
  const once = usageWithout(usageWithout(thrice, task), task);
  assert(once.hostPorts.has("80/tcp"));
  assert(!usageWithout(once, task).hostPorts.has("80/tcp"));
});

Deno.test("usageWith takes a usage that another view counted", () => {
  const task = taskWith([80]);
  const foreign = {
    reservedMilliCpus: 1,
    reservedMemoryBytes: 2,
    tasks: 3,
    hostPorts: new Set<string>(),
  };
  const used = usageWith(foreign, task);
  assert.equal(used.tasks, 4);
  assert(used.hostPorts.has("80/tcp"));
});

Deno.test("usesNode and sameUse look at node, end and spec alone", () => {
  const task = taskWith([80]);
  const running = { ...task, status: { ...task.status, state: "running" as const } };
  const ended = { ...task, status: { ...task.status, state: "failed" as const } };
  assert(usesNode(task) && usesNode(running) && !usesNode(ended));
  assert(!usesNode({ ...task, nodeId: null }));
  assert(usesNode({ ...task, desired: "remove" }));
  assert(sameUse(task, running));
  assert(!sameUse(running, ended));
  assert(!sameUse(task, { ...task, nodeId: null }));
  assert(!sameUse(task, { ...task, spec: taskSpecOf() }));
});
