/** Events of changes: which, in which words, with which attributes. */
import assert from "node:assert/strict";
import { wallMs } from "../../lib/mod.ts";
import { asId, type ClusterId } from "../../model/mod.ts";
import type { Action } from "../action.ts";
import { fileRef, found, SEALED, StoreFixture, taskSpecOf } from "../testing/store_fixture.ts";
import type { ClusterEvent } from "./event.ts";
import { eventsOf } from "./events_of.ts";
import { OUT_OF_MEMORY } from "./task_events.ts";

/** The events of one proposal. */
function eventsAfter(
  fixture: StoreFixture,
  ...actions: readonly Action[]
): readonly ClusterEvent[] {
  const known = fixture.sets.length;
  fixture.ok(...actions);
  const sets = fixture.sets.slice(known);
  return sets.flatMap((set) => eventsOf(set, (id) => fixture.view.node(id)?.name ?? id));
}

function lines(events: readonly ClusterEvent[]): readonly string[] {
  return events.map(({ type, message }) => `${type}: ${message}`);
}

function ready() {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  return { fixture, node, service };
}

Deno.test("eventsOf gives every event the index and time of its change", () => {
  const { fixture, service } = ready();
  const [event] = eventsAfter(fixture, { kind: "service.remove", id: service.id });
  assert.deepEqual(event, {
    index: fixture.view.index,
    timeMs: fixture.nowMs,
    type: "service.deleted",
    message: 'service "web" deleted',
    attributes: { service: "web", serviceId: service.id, revision: "1" },
  });
});

Deno.test("services are created, updated, restarted and deleted", () => {
  const { fixture, service } = ready();
  const { id, spec } = service;
  const created = found(fixture.sets.at(-1));
  assert.deepEqual(lines(eventsOf(created, (node) => node)), [
    'service.created: service "web" created',
  ]);
  const scaled = { ...spec, mode: { kind: "replicated", replicas: 3 } as const };
  assert.deepEqual(lines(eventsAfter(fixture, { kind: "service.update", id, spec: scaled })), [
    'service.updated: service "web" updated in place',
  ]);
  assert.deepEqual(lines(eventsAfter(fixture, { kind: "service.restart", id })), [
    'service.updated: service "web" restarted',
    'deployment.started: deployment of service "web" (revision 1 to 1) started',
    'deployment.completed: deployment of service "web" (revision 1 to 1) completed',
  ]);
});

Deno.test("a deployment tells of its start, steps, pause, continuation and end", () => {
  const { fixture, node, service } = ready();
  const { id } = service;
  fixture.addTask(service, node);
  const spec = { ...service.spec, task: taskSpecOf({ image: "web:2" }) };
  assert.deepEqual(lines(eventsAfter(fixture, { kind: "service.update", id, spec })), [
    'service.updated: service "web" updated to revision 2',
    'deployment.started: deployment of service "web" (revision 1 to 2) started',
  ]);
  const started = found(fixture.service(service).rollout);
  const record = (parts: Partial<typeof started>) =>
    eventsAfter(fixture, {
      kind: "service.rollout",
      id,
      revision: 2,
      rollout: { ...found(fixture.service(service).rollout), ...parts },
    });
  const stepMs = wallMs(started.stepMs + 1);
  assert.deepEqual(lines(record({ stepMs })), [
    'deployment.step: deployment of service "web" (revision 1 to 2) step',
  ]);
  const paused = record({ state: "paused", message: "1 of 1 failed", failures: 1 });
  assert.deepEqual(lines(paused), [
    'deployment.paused: deployment of service "web" (revision 1 to 2) paused: 1 of 1 failed',
  ]);
  assert.equal(paused[0]?.attributes.failures, "1");
  assert.deepEqual(lines(record({ state: "updating", message: "" })), [
    'deployment.resumed: deployment of service "web" (revision 1 to 2) resumed',
  ]);
  const types = (["failed", "rolled_back", "completed"] as const)
    .map((state) => record({ state })[0]?.type);
  assert.deepEqual(types, [
    "deployment.failed",
    "deployment.rolled_back",
    "deployment.completed",
  ]);
});

Deno.test("a rollback starts as a deployment and ends as rolled back", () => {
  const { fixture, service } = ready();
  const spec = { ...service.spec, task: taskSpecOf({ image: "web:2" }) };
  const events = eventsAfter(fixture, {
    kind: "service.update",
    id: service.id,
    spec,
    rollback: true,
  });
  assert.deepEqual(events.map(({ type }) => type), [
    "service.updated",
    "deployment.started",
    "deployment.rolled_back",
  ]);
});

Deno.test("a task is created, placed and runs", () => {
  const { fixture, node, service } = ready();
  const task = fixture.newTask(service, node, 2);
  const created = eventsAfter(fixture, { kind: "task.create", task });
  assert.deepEqual(lines(created), [
    `task.created: task web.2 created (${task.id})`,
    'task.placed: task web.2 placed on node "n1"',
  ]);
  assert.deepEqual(created[0]?.attributes, {
    taskId: task.id,
    service: "web",
    serviceId: service.id,
    slot: "2",
    revision: "1",
    state: "assigned",
    restarts: "0",
    node: "n1",
    nodeId: node.id,
  });
  const known = fixture.task(task.id);
  const report = (state: "preparing" | "running") =>
    lines(eventsAfter(fixture, {
      kind: "task.report",
      id: task.id,
      status: fixture.statusOf(known, state),
    }));
  assert.deepEqual(report("preparing"), []);
  assert.deepEqual(report("running"), ["task.running: task web.2 is running"]);
  assert.deepEqual(report("running"), [], "the same again is no news");
});

Deno.test("a task without a node says why, once per reason", () => {
  const { fixture, node, service } = ready();
  const task = fixture.newTask(service, null);
  assert.deepEqual(lines(eventsAfter(fixture, { kind: "task.create", task })), [
    `task.created: task web.1 created (${task.id})`,
    "task.unplaceable: task web.1 has no node: no node is suitable",
  ]);
  const explain = (message: string, refusals = 0) =>
    lines(eventsAfter(fixture, {
      kind: "task.unplaced",
      id: task.id,
      unplaced: {
        message,
        refusals: Array.from({ length: refusals }, () => ({
          nodeId: node.id,
          nodeName: "n1",
          filter: "ports",
          message: "",
          change: "",
        })),
      },
    }));
  assert.deepEqual(explain("no node is suitable", 1), []);
  assert.deepEqual(explain("ports"), ["task.unplaceable: task web.1 has no node: ports"]);
  const place = { kind: "task.place", id: task.id, nodeId: node.id } as const;
  assert.deepEqual(lines(eventsAfter(fixture, place)), [
    'task.placed: task web.1 placed on node "n1"',
  ]);
});

Deno.test("the end of a task is told with its reason and exit code", () => {
  const ends = [
    ["completed", "task.completed: task web.1 completed: done"],
    ["failed", "task.failed: task web.1 failed: done"],
    ["stopped", "task.stopped: task web.1 stopped: done"],
    ["orphaned", "task.orphaned: task web.1 was lost with its node: done"],
    ["restarting", "task.restarting: task web.1 ended and is started again: done"],
  ] as const;
  for (const [state, line] of ends) {
    const { fixture, node, service } = ready();
    const task = fixture.addTask(service, node);
    const status = fixture.statusOf(task, state, { message: "done", reason: "WORD", exitCode: 3 });
    const events = eventsAfter(fixture, { kind: "task.report", id: task.id, status });
    assert.deepEqual(lines(events), [line]);
    assert.equal(events[0]?.attributes.reason, "WORD");
    assert.equal(events[0]?.attributes.exitCode, "3");
  }
});

Deno.test("a task that ran out of memory says so, then that it failed", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node);
  const status = fixture.statusOf(task, "failed", { reason: OUT_OF_MEMORY });
  const events = eventsAfter(fixture, { kind: "task.report", id: task.id, status });
  assert.deepEqual(lines(events), [
    "task.oom: task web.1 ran out of memory",
    "task.failed: task web.1 failed",
  ]);
});

Deno.test("health is told when it changes, and again in a new attempt", () => {
  const { fixture, node, service } = ready();
  const task = fixture.addTask(service, node);
  const report = (health: "healthy" | "unhealthy" | "starting", restarts: number, message = "") =>
    lines(eventsAfter(fixture, {
      kind: "task.report",
      id: task.id,
      status: fixture.statusOf(task, "running", { health, restarts, message }),
    }));
  const running = "task.running: task web.1 is running";
  assert.deepEqual(report("starting", 0), [running]);
  assert.deepEqual(report("healthy", 0), ["task.healthy: task web.1 is healthy"]);
  assert.deepEqual(report("healthy", 0), []);
  assert.deepEqual(report("unhealthy", 0, "no answer"), [
    "task.unhealthy: task web.1 is unhealthy: no answer",
  ]);
  assert.deepEqual(report("healthy", 1), [running, "task.healthy: task web.1 is healthy"]);
});

Deno.test("a task of a global service is called after its node", () => {
  const { fixture, node, service } = ready();
  const task = fixture.newTask(service, node, 0);
  const [event] = eventsAfter(fixture, { kind: "task.create", task });
  assert.equal(event?.message, `task web.n1 created (${task.id})`);
});

Deno.test("the removal of a task's record is no event", () => {
  const { fixture, node, service } = ready();
  const task = fixture.report(fixture.addTask(service, node), "failed");
  assert.deepEqual(eventsAfter(fixture, { kind: "task.remove", id: task.id }), []);
});

Deno.test("nodes join, change, drain, go down, come back and leave", () => {
  const fixture = new StoreFixture();
  const { id } = fixture.addNode("n1");
  const joined = eventsOf(found(fixture.sets.at(-1)), (node) => node);
  assert.deepEqual(lines(joined), [
    'node.joined: node "n1" joined as worker',
    'node.ready: node "n1" is ready',
  ]);
  assert.deepEqual(joined[0]?.attributes, { node: "n1", nodeId: id, role: "worker" });
  const after = (action: Action) => lines(eventsAfter(fixture, action));
  assert.deepEqual(after({ kind: "node.update", id, availability: "drain" }), [
    'node.draining: node "n1" is draining',
  ]);
  assert.deepEqual(after({ kind: "node.update", id, labels: { zone: "a" } }), [
    'node.updated: node "n1" updated, availability drain',
  ]);
  assert.deepEqual(after({ kind: "node.update", id, availability: "active" }), [
    'node.updated: node "n1" updated, availability active',
  ]);
  assert.deepEqual(after({ kind: "node.status", id, status: "down", message: "silent" }), [
    'node.down: node "n1" is down: silent',
  ]);
  assert.deepEqual(after({ kind: "node.status", id, status: "ready", message: "" }), [
    'node.ready: node "n1" is ready',
  ]);
  fixture.ok({ kind: "node.status", id, status: "down", message: "" });
  assert.deepEqual(after({ kind: "node.remove", id }), ['node.left: node "n1" left the cluster']);
});

Deno.test("a node's new description is no event", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const description = { ...node.description, version: "9" };
  const describe = { kind: "node.describe", id: node.id, description, address: "" } as const;
  assert.deepEqual(eventsAfter(fixture, describe), []);
});

Deno.test("secrets, configs and volumes are named, and their data is not shown", () => {
  const fixture = new StoreFixture();
  const secret = fixture.addSecret("db");
  fixture.addConfig("app");
  fixture.addVolume("data");
  const created = fixture.sets.flatMap((set) => eventsOf(set, (id) => id));
  assert.deepEqual(lines(created), [
    'secret.created: secret "db" created',
    'config.created: config "app" created',
    'volume.created: volume "data" created',
  ]);
  assert.deepEqual(created[0]?.attributes, { secret: "db", id: secret });
  const sealed = { ...SEALED, box: "c2VjcmV0" };
  const updated = eventsAfter(fixture, {
    kind: "secret.update",
    id: asId(secret),
    sealed,
    sizeBytes: 1,
    labels: {},
  });
  assert.deepEqual(lines(updated), ['secret.updated: secret "db" updated']);
  assert(!JSON.stringify([...created, ...updated]).includes("c2VjcmV0"));
  const removed = eventsAfter(fixture, { kind: "secret.remove", id: asId(secret) });
  assert.deepEqual(lines(removed), ['secret.deleted: secret "db" deleted']);
});

Deno.test("a service's events do not show what is in its spec", () => {
  const fixture = new StoreFixture();
  fixture.addSecret("db");
  const env = { PASSWORD: "hunter2" };
  const service = fixture.addService("web", {
    task: taskSpecOf({ env, secrets: [fileRef("db")] }),
  });
  const spec = { ...service.spec, task: taskSpecOf({ env: { PASSWORD: "hunter3" } }) };
  fixture.ok({ kind: "service.update", id: service.id, spec });
  const text = JSON.stringify(fixture.sets.flatMap((set) => eventsOf(set, (id) => id)));
  assert(!text.includes("hunter"));
});

Deno.test("a new leader, a promotion and a demotion are events", () => {
  const fixture = new StoreFixture();
  const cluster = {
    id: asId<ClusterId>("c1"),
    createdMs: wallMs(1),
    workerToken: SEALED,
    managerToken: SEALED,
  };
  fixture.ok({ kind: "cluster.create", cluster });
  const { id } = fixture.addNode("n1");
  const leads = eventsAfter(fixture, { kind: "cluster.leader", id, term: 3 });
  assert.deepEqual(lines(leads), ['leader.changed: node "n1" leads in term 3']);
  assert.deepEqual(leads[0]?.attributes, { leader: "n1", leaderId: id, term: "3" });
  const member: Action = {
    kind: "node.member",
    id,
    memberId: "m",
    raftAddress: "a:1",
    role: "hybrid",
  };
  const after = (action: Action) => lines(eventsAfter(fixture, action));
  assert.deepEqual(after(member), ['node.promoted: node "n1" became a manager']);
  const none: Action = { ...member, memberId: "", raftAddress: "", role: "worker" };
  assert.deepEqual(after(none), ['node.demoted: node "n1" is a manager no more']);
});
