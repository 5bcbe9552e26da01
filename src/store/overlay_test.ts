/** The overlay: a pass sees its own decisions, the base does not. */
import assert from "node:assert/strict";
import { wallMs } from "../lib/mod.ts";
import { asId, type Task, type TaskId } from "../model/mod.ts";
import type { NewTask } from "./action.ts";
import { OverlayView } from "./overlay.ts";
import { found, hostPort, reserved, StoreFixture, taskSpecOf } from "./testing/store_fixture.ts";

const AT_MS = wallMs(1_800_000_000_000);

function ready() {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const spec = taskSpecOf({ resources: reserved(500, 2 ** 20), ports: [hostPort(80)] });
  const service = fixture.addService("web", { task: spec });
  const overlay = new OverlayView(fixture.view, AT_MS);
  return { fixture, node, service, overlay };
}

function create(overlay: OverlayView, task: NewTask): Task {
  overlay.lay({ kind: "task.create", task });
  return found(overlay.task(task.id));
}

Deno.test("OverlayView shows a created task in every list, and the base shows none", () => {
  const { fixture, node, service, overlay } = ready();
  const task = create(overlay, fixture.newTask(service, node, 2));
  assert.equal(task.slot, 2);
  assert.equal(task.status.state, "assigned");
  assert.equal(task.createdMs, AT_MS);
  assert.equal(task.spec, service.spec.task);
  assert.deepEqual([...overlay.tasks()], [task]);
  assert.deepEqual([...overlay.tasksOfService(service.id)], [task]);
  assert.deepEqual([...overlay.tasksOfNode(node.id)], [task]);
  assert.deepEqual([...fixture.view.tasks()], []);
  assert.equal(fixture.view.nodeUsage(node.id).tasks, 0);
});

Deno.test("OverlayView counts what it placed, and gives back what ended or went", () => {
  const { fixture, node, service, overlay } = ready();
  const first = create(overlay, fixture.newTask(service, node, 1));
  const second = create(overlay, fixture.newTask(service, node, 2));
  assert.equal(overlay.nodeUsage(node.id).tasks, 2);
  assert.equal(overlay.nodeUsage(node.id).reservedMilliCpus, 1_000);
  assert(overlay.nodeUsage(node.id).hostPorts.has("80/tcp"));
  const status = { ...first.status, state: "orphaned" as const, sequence: 1 };
  overlay.lay({ kind: "task.report", id: first.id, status });
  assert.equal(overlay.nodeUsage(node.id).tasks, 1);
  assert(overlay.nodeUsage(node.id).hostPorts.has("80/tcp"), "the other one still holds it");
  overlay.lay({ kind: "task.remove", id: second.id });
  assert.equal(overlay.nodeUsage(node.id).tasks, 0);
  assert.equal(overlay.nodeUsage(node.id).hostPorts.size, 0);
});

Deno.test("OverlayView places a task that waits in the base", () => {
  const { fixture, node, service, overlay } = ready();
  const waiting = fixture.addTask(service, null);
  assert.deepEqual([...overlay.pendingTasks()], [waiting]);
  overlay.lay({ kind: "task.place", id: waiting.id, nodeId: node.id });
  const placed = found(overlay.task(waiting.id));
  assert.equal(placed.nodeId, node.id);
  assert.deepEqual([...overlay.pendingTasks()], []);
  assert.deepEqual([...overlay.tasksOfNode(node.id)], [placed]);
  assert.deepEqual([...overlay.tasksOfService(service.id)], [placed], "listed once");
  assert.equal(overlay.nodeUsage(node.id).tasks, 1);
  assert.equal(fixture.task(waiting.id), waiting);
});

Deno.test("OverlayView places a task that it created as pending", () => {
  const { fixture, node, service, overlay } = ready();
  const waiting = create(overlay, fixture.newTask(service, null));
  assert.deepEqual([...overlay.pendingTasks()], [waiting]);
  overlay.lay({ kind: "task.place", id: waiting.id, nodeId: node.id });
  assert.equal([...overlay.tasksOfNode(node.id)].length, 1);
  assert.equal([...overlay.tasks()].length, 1);
});

Deno.test("OverlayView moves desired states forward only, and usage stays until the end", () => {
  const { fixture, node, service, overlay } = ready();
  const task = fixture.addTask(service, node);
  overlay.lay({ kind: "task.desire", id: task.id, desired: "remove" });
  overlay.lay({ kind: "task.desire", id: task.id, desired: "shutdown" });
  assert.equal(overlay.task(task.id)?.desired, "remove");
  assert.equal(overlay.nodeUsage(node.id).tasks, 1);
  assert.equal(fixture.task(task.id).desired, "running");
});

Deno.test("OverlayView hides a removed task everywhere", () => {
  const { fixture, node, service, overlay } = ready();
  const task = fixture.report(fixture.addTask(service, node), "failed");
  const kept = fixture.addTask(service, node, 2);
  overlay.lay({ kind: "task.remove", id: task.id });
  assert.equal(overlay.task(task.id), undefined);
  assert.deepEqual([...overlay.tasks()], [kept]);
  assert.deepEqual([...overlay.tasksOfService(service.id)], [kept]);
  assert.deepEqual([...overlay.tasksOfNode(node.id)], [kept]);
});

Deno.test("OverlayView shows a rollout it recorded, by id, name and in the list", () => {
  const { fixture, service, overlay } = ready();
  fixture.addTask(service, null);
  fixture.ok({ kind: "service.restart", id: service.id });
  const rollout = { ...found(fixture.service(service).rollout), state: "paused" as const };
  overlay.lay({ kind: "service.rollout", id: service.id, revision: 1, rollout });
  assert.equal(overlay.service(service.id)?.rollout, rollout);
  assert.equal(overlay.serviceByName("web")?.rollout, rollout);
  assert.deepEqual([...overlay.services()].map((one) => one.rollout), [rollout]);
  assert.equal(fixture.service(service).rollout?.state, "updating");
});

Deno.test("OverlayView keeps the last explanation of a task that waits", () => {
  const { fixture, service, overlay } = ready();
  const { id } = fixture.addTask(service, null);
  const unplaced = { message: "no node has port 80 free", refusals: [] };
  overlay.lay({ kind: "task.unplaced", id, unplaced });
  assert.equal(overlay.task(id)?.unplaced, unplaced);
});

Deno.test("OverlayView ignores old reports and reports of tasks it does not know", () => {
  const { fixture, node, service, overlay } = ready();
  const task = fixture.report(fixture.addTask(service, node), "running");
  overlay.lay({ kind: "task.report", id: task.id, status: { ...task.status, state: "failed" } });
  assert.equal(overlay.task(task.id), task);
  overlay.lay({ kind: "task.report", id: asId<TaskId>("gone"), status: task.status });
});

Deno.test("OverlayView takes an action for a task nobody has as a bug", () => {
  const { fixture, node, service, overlay } = ready();
  const id = asId<TaskId>("gone");
  assert.throws(() => overlay.lay({ kind: "task.remove", id }), /task gone is in view/);
  const task = fixture.addTask(service, node);
  assert.throws(
    () => overlay.lay({ kind: "task.place", id: task.id, nodeId: node.id }),
    /has no node yet/,
  );
  const again = { ...fixture.newTask(service, node), id: task.id };
  assert.throws(() => overlay.lay({ kind: "task.create", task: again }), /is new/);
});

Deno.test("OverlayView passes everything else through", () => {
  const { fixture, node, overlay } = ready();
  const secret = fixture.addSecret("db");
  const config = fixture.addConfig("app");
  const volume = fixture.addVolume("data");
  const { view } = fixture;
  assert.equal(overlay.index, view.index);
  assert.equal(overlay.cluster(), view.cluster());
  assert.equal(overlay.node(node.id), node);
  assert.equal(overlay.nodeByName("n1"), node);
  assert.deepEqual([...overlay.nodes()], [node]);
  assert.equal(overlay.secret(secret), view.secretByName("db"));
  assert.equal(overlay.secretByName("db"), view.secret(secret));
  assert.equal(overlay.config(config), view.configByName("app"));
  assert.equal(overlay.configByName("app"), view.config(config));
  assert.equal(overlay.volume(volume), view.volumeByName("data"));
  assert.equal(overlay.volumeByName("data"), view.volume(volume));
  assert.equal([...overlay.secrets(), ...overlay.configs(), ...overlay.volumes()].length, 3);
});
