/** Rules of tasks: creation for a current plan, placement, desired and observed state, removal. */
import assert from "node:assert/strict";
import { asId, type NodeId, TASK_STATES, type TaskId, type TaskState } from "../../model/mod.ts";
import { found, hostPort, reserved, StoreFixture, taskSpecOf } from "../testing/store_fixture.ts";

function ready() {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  return { fixture, node, service };
}

Deno.test("task.create fills spec, name and status from the service", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node, 3);
  assert.equal(task.spec, service.spec.task, "the spec is shared");
  assert.equal(task.serviceName, "web");
  assert.equal(task.slot, 3);
  assert.equal(task.nodeId, node.id);
  assert.equal(task.desired, "running");
  assert.equal(task.status.state, "assigned");
  assert.equal(task.status.health, "none");
  assert.equal(task.status.sequence, 0);
  assert.equal(task.createdMs, fixture.nowMs);
  assert.equal(task.version, fixture.view.index);
  assert.deepEqual([...fixture.view.tasksOfService(service.id)], [task]);
  assert.deepEqual([...fixture.view.tasksOfNode(node.id)], [task]);
});

Deno.test("task.create without a node is pending and says why", () => {
  const { fixture, service } = ready();
  const task = fixture.addTask(service, null);
  assert.equal(task.status.state, "pending");
  assert.equal(task.unplaced?.message, "no node is suitable");
  assert.deepEqual([...fixture.view.pendingTasks()], [task]);
});

Deno.test("task.create of a service with a health check begins unchecked", () => {
  const { fixture, node } = ready();
  const health = {
    probe: { kind: "tcp", port: 80 },
    intervalMs: 1,
    timeoutMs: 1,
    retries: 1,
    startPeriodMs: 0,
  } as const;
  const service = fixture.addService("checked", { task: taskSpecOf({ health }) });
  assert.equal(fixture.addTask(service, node).status.health, "starting");
});

Deno.test("task.create refuses a plan that the service has left behind", () => {
  const { fixture, node, service } = ready();
  const planned = fixture.newTask(service, node);
  const create = { kind: "task.create", task: planned } as const;
  fixture.ok({ kind: "service.restart", id: service.id });
  assert.equal(
    fixture.refused("STALE_PLAN", create),
    'Cannot create a task of service "web": it was restarted meanwhile',
  );
  const spec = { ...service.spec, task: taskSpecOf({ image: "web:2" }) };
  fixture.ok({ kind: "service.update", id: service.id, spec });
  assert.equal(
    fixture.refused("STALE_PLAN", create),
    'Cannot create a task of service "web": it is at revision 2, not 1',
  );
  fixture.ok({ kind: "service.remove", id: service.id });
  fixture.refused("STALE_PLAN", create);
});

Deno.test("task.create refuses a node that is gone and an id that is used", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node);
  fixture.refused("ID_TAKEN", {
    kind: "task.create",
    task: { ...fixture.newTask(service, node), id: task.id },
  });
  const nodeId = asId<NodeId>("gone");
  const wanted = { ...fixture.newTask(service, null), nodeId };
  fixture.refused("STALE_PLAN", { kind: "task.create", task: wanted });
});

Deno.test("task.create leaves surge to the planner: two tasks of a slot may overlap", () => {
  const { fixture, node, service } = ready();
  fixture.addTask(service, node, 1);
  fixture.addTask(service, node, 1);
  assert.equal(fixture.store.sizes.tasks, 2);
});

Deno.test("task.place gives a pending task its node", () => {
  const { fixture, node, service } = ready();
  const { id } = fixture.addTask(service, null);
  fixture.ok({ kind: "task.place", id, nodeId: node.id });
  const task = fixture.task(id);
  assert.equal(task.nodeId, node.id);
  assert.equal(task.status.state, "assigned");
  assert.equal(task.unplaced, null);
  assert.deepEqual([...fixture.view.pendingTasks()], []);
  assert.deepEqual([...fixture.view.tasksOfNode(node.id)], [task]);
});

Deno.test("task.place refuses a task that has a node, is to end, or a node that is gone", () => {
  const { fixture, node, service } = ready();
  const placed = fixture.addTask(service, node);
  const ending = fixture.addTask(service, null);
  const waiting = fixture.addTask(service, null);
  fixture.ok({ kind: "task.desire", id: ending.id, desired: "shutdown" });
  const place = { kind: "task.place", nodeId: node.id } as const;
  fixture.refused("STALE_PLAN", { ...place, id: placed.id });
  fixture.refused("STALE_PLAN", { ...place, id: ending.id });
  fixture.refused("STALE_PLAN", { ...place, id: waiting.id, nodeId: asId<NodeId>("gone") });
  fixture.refused("TASK_NOT_FOUND", { ...place, id: asId<TaskId>("gone") });
});

Deno.test("task.unplaced replaces the reason, and an equal one changes nothing", () => {
  const { fixture, node, service } = ready();
  const { id } = fixture.addTask(service, null);
  const unplaced = { message: "all nodes are full", refusals: [] };
  fixture.ok({ kind: "task.unplaced", id, unplaced });
  assert.deepEqual(fixture.task(id).unplaced, unplaced);
  fixture.unchanged({ kind: "task.unplaced", id, unplaced: { ...unplaced } });
  fixture.ok({ kind: "task.place", id, nodeId: node.id });
  fixture.refused("STALE_PLAN", { kind: "task.unplaced", id, unplaced });
  fixture.refused("TASK_NOT_FOUND", { kind: "task.unplaced", id: asId<TaskId>("gone"), unplaced });
});

Deno.test("task.desire only moves forward", () => {
  const { fixture, node, service } = ready();
  const { id } = fixture.addTask(service, node);
  fixture.unchanged({ kind: "task.desire", id, desired: "running" });
  fixture.ok({ kind: "task.desire", id, desired: "shutdown" });
  assert.equal(fixture.task(id).desired, "shutdown");
  fixture.unchanged({ kind: "task.desire", id, desired: "shutdown" });
  fixture.refused("STALE_PLAN", { kind: "task.desire", id, desired: "running" });
  fixture.ok({ kind: "task.desire", id, desired: "remove" });
  fixture.unchanged({ kind: "task.desire", id, desired: "shutdown" });
  assert.equal(fixture.task(id).desired, "remove");
  fixture.refused("TASK_NOT_FOUND", {
    kind: "task.desire",
    id: asId<TaskId>("gone"),
    desired: "remove",
  });
});

Deno.test("task.report records the newest status only", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node);
  const newer = fixture.statusOf(task, "starting", { sequence: 5 });
  const older = fixture.statusOf(task, "running", { sequence: 4 });
  fixture.ok({ kind: "task.report", id: task.id, status: newer });
  assert.deepEqual(fixture.task(task.id).status, newer);
  fixture.unchanged({ kind: "task.report", id: task.id, status: older });
  fixture.unchanged({ kind: "task.report", id: task.id, status: { ...older, sequence: 5 } });
});

Deno.test("task.report never goes back within one attempt, and may in the next", () => {
  const { fixture, node, service } = ready();
  const running = fixture.report(fixture.addTask(service, node), "running");
  const { id } = running;
  const back = fixture.statusOf(running, "preparing");
  fixture.unchanged({ kind: "task.report", id, status: back });
  const again = fixture.report(running, "preparing", { restarts: 1 });
  assert.equal(again.status.state, "preparing");
  const late = fixture.statusOf(running, "running", { restarts: 0 });
  fixture.unchanged({ kind: "task.report", id, status: late });
});

Deno.test("task.report moves along every order of states that an attempt can take", () => {
  for (const from of TASK_STATES) {
    for (const to of TASK_STATES) {
      const { fixture, node, service } = ready();
      const task = fixture.report(fixture.addTask(service, node), from);
      const reported = fixture.report(task, to).status.state;
      const isEnded = ["stopped", "completed", "failed", "orphaned"].includes(from);
      const isForward = TASK_STATES.indexOf(to) >= TASK_STATES.indexOf(from);
      // A fixture's task begins as assigned, so a report of pending is itself a step back.
      const known = from === "pending" ? "assigned" : from;
      const expected: TaskState = isEnded || !isForward ? known : to;
      assert.equal(reported, to === "pending" ? known : expected, `${from} to ${to}`);
    }
  }
});

Deno.test("task.report of the same state may carry news", () => {
  const { fixture, node, service } = ready();
  const running = fixture.report(fixture.addTask(service, node), "running");
  const after = fixture.report(running, "running", { health: "unhealthy", message: "no answer" });
  assert.equal(after.status.health, "unhealthy");
});

Deno.test("task.report of a task that is gone is ignored, and the rest of its batch counts", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node);
  const status = fixture.statusOf(task, "running");
  fixture.ok(
    { kind: "task.report", id: asId<TaskId>("gone"), status },
    { kind: "task.report", id: task.id, status },
  );
  assert.equal(fixture.task(task.id).status.state, "running");
});

Deno.test("task.report of an end frees the node", () => {
  const { fixture, node } = ready();
  const spec = taskSpecOf({ resources: reserved(1_000, 2 ** 30), ports: [hostPort(80)] });
  const service = fixture.addService("api", { task: spec });
  const task = fixture.report(fixture.addTask(service, node), "running");
  const used = fixture.view.nodeUsage(node.id);
  assert.equal(used.tasks, 1);
  assert.equal(used.reservedMilliCpus, 1_000);
  assert.equal(used.reservedMemoryBytes, 2 ** 30);
  assert.deepEqual([...used.hostPorts], ["80/tcp"]);
  fixture.ok({ kind: "task.desire", id: task.id, desired: "shutdown" });
  assert.equal(fixture.view.nodeUsage(node.id).tasks, 1, "a task that ends still holds its node");
  fixture.report(task, "stopped");
  const freed = fixture.view.nodeUsage(node.id);
  assert.equal(freed.tasks, 0);
  assert.equal(freed.reservedMilliCpus, 0);
  assert.deepEqual([...freed.hostPorts], []);
});

Deno.test("task.remove forgets a task that ended or never had a node, and refuses others", () => {
  const { fixture, node, service } = ready();
  const ended = fixture.report(fixture.addTask(service, node, 1), "failed");
  const pending = fixture.addTask(service, null, 2);
  const running = fixture.report(fixture.addTask(service, node, 3), "running");
  const stays = 'Cannot remove task "' + running.id + '": it is running';
  assert.equal(fixture.refused("STALE_PLAN", { kind: "task.remove", id: running.id }), stays);
  fixture.ok(
    { kind: "task.remove", id: ended.id },
    { kind: "task.remove", id: pending.id },
  );
  assert.deepEqual([...fixture.view.tasks()], [running]);
  assert.deepEqual([...fixture.view.tasksOfNode(node.id)], [running]);
  assert.deepEqual([...fixture.view.pendingTasks()], []);
  fixture.refused("TASK_NOT_FOUND", { kind: "task.remove", id: ended.id });
});

Deno.test("tasks changed twice in one proposal are announced once, from first to last form", () => {
  const { fixture, node, service } = ready();
  const wanted = fixture.newTask(service, null);
  fixture.ok(
    { kind: "task.create", task: wanted },
    { kind: "task.place", id: wanted.id, nodeId: node.id },
    { kind: "task.desire", id: wanted.id, desired: "shutdown" },
  );
  const after = fixture.task(wanted.id);
  assert.deepEqual(fixture.lastChanges(), [{ table: "tasks", before: null, after }]);
  assert.equal(found(after).desired, "shutdown");
});

Deno.test("a task created and removed in one proposal is not announced at all", () => {
  const { fixture, service } = ready();
  const wanted = fixture.newTask(service, null);
  fixture.unchanged(
    { kind: "task.create", task: wanted },
    { kind: "task.remove", id: wanted.id },
  );
});
