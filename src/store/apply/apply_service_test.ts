/** Rules of services: revisions, in-place changes, history, rollouts, restart and removal. */
import assert from "node:assert/strict";
import { wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  MAX_REVISIONS,
  type Rollout,
  type Service,
  type ServiceId,
  type ServiceSpec,
} from "../../model/mod.ts";
import {
  fileRef,
  found,
  reserved,
  specOf,
  StoreFixture,
  taskSpecOf,
} from "../testing/store_fixture.ts";

function update(service: Service, parts: Partial<ServiceSpec>) {
  return { kind: "service.update", id: service.id, spec: { ...service.spec, ...parts } } as const;
}

const IMAGE_2 = { task: taskSpecOf({ image: "web:2" }) };

Deno.test("service.create begins at revision 1 with the proposal's time and index", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  assert.equal(service.revision, 1);
  assert.equal(service.restartCount, 0);
  assert.deepEqual(service.history, []);
  assert.equal(service.rollout, null);
  assert.equal(service.createdMs, fixture.nowMs);
  assert.equal(service.updatedMs, fixture.nowMs);
  assert.equal(service.version, fixture.view.index);
  assert.equal(fixture.view.serviceByName("web"), service);
  assert.deepEqual(fixture.lastChanges(), [{ table: "services", before: null, after: service }]);
});

Deno.test("service.create refuses a name that is taken, quoting it", () => {
  const fixture = new StoreFixture();
  fixture.addService("web");
  const id = asId<ServiceId>(fixture.ids.next());
  const message = fixture.refused("SERVICE_NAME_TAKEN", {
    kind: "service.create",
    service: { id, spec: specOf("web") },
  });
  assert.equal(message, 'Cannot create service "web": the name is taken');
});

Deno.test("service.create refuses an id that is used", () => {
  const fixture = new StoreFixture();
  const { id } = fixture.addService("web");
  const service = { id, spec: specOf("other") };
  fixture.refused("ID_TAKEN", { kind: "service.create", service });
});

Deno.test("service.create refuses an id that was removed in the same proposal", () => {
  const fixture = new StoreFixture();
  const { id, spec } = fixture.addService("web");
  const create = { kind: "service.create", service: { id, spec } } as const;
  fixture.refused("ID_TAKEN", { kind: "service.remove", id }, create);
});

Deno.test("service.create may take the name of a service removed in the same proposal", () => {
  const fixture = new StoreFixture();
  const old = fixture.addService("web");
  const id = asId<ServiceId>(fixture.ids.next());
  fixture.ok(
    { kind: "service.remove", id: old.id },
    { kind: "service.create", service: { id, spec: specOf("web") } },
  );
  assert.equal(fixture.view.serviceByName("web")?.id, id);
  assert.equal(fixture.view.service(old.id), undefined);
});

Deno.test("service.create and service.update refuse a secret or config that does not exist", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const id = asId<ServiceId>(fixture.ids.next());
  const secrets = taskSpecOf({ secrets: [fileRef("db")] });
  const configs = taskSpecOf({ configs: [fileRef("app")] });
  assert.equal(
    fixture.refused("SECRET_NOT_FOUND", {
      kind: "service.create",
      service: { id, spec: specOf("api", { task: secrets }) },
    }),
    'Cannot create service "api": secret "db" does not exist',
  );
  assert.equal(
    fixture.refused("CONFIG_NOT_FOUND", update(service, { task: configs })),
    'Cannot update service "web": config "app" does not exist',
  );
  fixture.addSecret("db");
  fixture.addConfig("app");
  fixture.ok(update(service, { task: { ...secrets, configs: configs.configs } }));
});

Deno.test("service.update with an equal spec changes nothing, not even the version", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.unchanged({ kind: "service.update", id: service.id, spec: specOf("web") });
  assert.equal(fixture.service(service), service);
});

Deno.test("service.update refuses an unknown service, another version and another name", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const id = asId<ServiceId>(fixture.ids.next());
  fixture.refused("SERVICE_NOT_FOUND", { ...update(service, IMAGE_2), id });
  const ifVersion = asIndex<Service["version"]>(service.version - 1);
  const message = fixture.refused("VERSION_CONFLICT", { ...update(service, IMAGE_2), ifVersion });
  const { version } = service;
  assert.equal(
    message,
    `Cannot update service "web": it is at version ${version}, not ${version - 1}`,
  );
  fixture.refused("INVALID_SPEC", update(service, { name: "api" }));
  fixture.ok({ ...update(service, IMAGE_2), ifVersion: version });
});

Deno.test("service.update that needs new tasks makes a revision, keeps the old and rolls out", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const task = fixture.addTask(service, fixture.addNode("n1"));
  fixture.ok(update(service, IMAGE_2));
  const after = fixture.service(service);
  assert.equal(after.revision, 2);
  assert.equal(after.spec.task.image, "web:2");
  assert.deepEqual(after.history, [{ revision: 1, spec: service.spec, atMs: service.createdMs }]);
  const atMs = wallMs(fixture.nowMs);
  const rollout: Rollout = {
    state: "updating",
    fromRevision: 1,
    toRevision: 2,
    message: "",
    startedMs: atMs,
    stepMs: atMs,
    endedMs: null,
    failures: 0,
  };
  assert.deepEqual(after.rollout, rollout);
  assert.equal(fixture.task(task.id), task, "tasks of the old revision keep their spec");
});

Deno.test("service.update without live tasks has nothing to replace and is complete at once", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const task = fixture.addTask(service, fixture.addNode("n1"));
  fixture.report(task, "failed");
  fixture.ok(update(service, IMAGE_2));
  const { rollout } = fixture.service(service);
  assert.equal(rollout?.state, "completed");
  assert.equal(rollout?.endedMs, fixture.nowMs);
});

Deno.test("service.update as a rollback says so in its rollout", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.addTask(service, fixture.addNode("n1"));
  fixture.ok(update(service, IMAGE_2));
  fixture.ok({ ...update(service, {}), rollback: true });
  const after = fixture.service(service);
  assert.equal(after.rollout?.state, "rolling_back");
  assert.equal(after.revision, 3);
  assert.deepEqual(after.history.map(({ revision }) => revision), [2, 1]);
  assert.equal(after.spec.task.image, "web:1");
});

Deno.test("service.update keeps at most the newest revisions", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  for (let at = 0; at < MAX_REVISIONS + 5; at++) {
    fixture.ok(update(service, { task: taskSpecOf({ image: `web:${at}.1` }) }));
  }
  const { history, revision } = fixture.service(service);
  assert.equal(history.length, MAX_REVISIONS);
  assert.deepEqual(
    history.map((old) => old.revision),
    Array.from({ length: MAX_REVISIONS }, (_, at) => revision - 1 - at),
  );
});

Deno.test("service.update dates a revision by the time it was asked for", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.ok(update(service, IMAGE_2));
  const askedMs = fixture.nowMs;
  fixture.ok(update(service, { mode: { kind: "replicated", replicas: 4 }, ...IMAGE_2 }));
  fixture.ok(update(service, { task: taskSpecOf({ image: "web:3" }) }));
  assert.equal(fixture.service(service).history[0]?.atMs, askedMs);
});

Deno.test("service.update in place changes the live tasks of the revision, and only those", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  const old = fixture.addTask(service, node, 1);
  fixture.ok(update(service, IMAGE_2));
  const live = fixture.addTask(service, node, 2);
  const ending = fixture.addTask(service, node, 3);
  fixture.ok({ kind: "task.desire", id: ending.id, desired: "shutdown" });
  const ended = fixture.report(fixture.addTask(service, node, 4), "failed");
  const before = fixture.service(service);
  const resources = reserved(500, 2 ** 20);
  fixture.ok(update(service, { task: { ...before.spec.task, resources } }));
  const after = fixture.service(service);
  assert.equal(after.revision, before.revision);
  assert.equal(after.rollout, before.rollout);
  assert.equal(after.history, before.history);
  assert.equal(fixture.task(live.id).spec, after.spec.task);
  assert.equal(fixture.task(old.id).spec, old.spec);
  assert.equal(fixture.task(ending.id).spec, ending.spec);
  assert.equal(fixture.task(ended.id).spec, ended.spec);
  assert.equal(fixture.view.nodeUsage(node.id).reservedMilliCpus, 500);
});

Deno.test("service.update of replicas or labels leaves the tasks alone", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const task = fixture.addTask(service, fixture.addNode("n1"));
  const mode = { kind: "replicated", replicas: 3 } as const;
  fixture.ok(update(service, { mode, labels: { tier: "front" }, task: taskSpecOf() }));
  const after = fixture.service(service);
  assert.deepEqual(after.spec.mode, mode);
  assert.equal(after.revision, 1);
  assert.equal(after.spec.task, service.spec.task, "an equal task spec stays shared");
  assert.equal(fixture.task(task.id), task);
});

Deno.test("service.restart counts and rolls out within the revision", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.ok({ kind: "service.restart", id: service.id });
  assert.equal(fixture.service(service).rollout?.state, "completed");
  fixture.addTask(service, fixture.addNode("n1"));
  fixture.ok({ kind: "service.restart", id: service.id });
  const { restartCount, revision, rollout } = fixture.service(service);
  assert.equal(restartCount, 2);
  assert.equal(revision, 1);
  assert.equal(rollout?.state, "updating");
  assert.equal(rollout?.fromRevision, 1);
  assert.equal(rollout?.toRevision, 1);
  const id = asId<ServiceId>(fixture.ids.next());
  fixture.refused("SERVICE_NOT_FOUND", { kind: "service.restart", id });
});

Deno.test("service.rollout records progress and is refused once the service moved on", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.addTask(service, fixture.addNode("n1"));
  fixture.ok(update(service, IMAGE_2));
  const started = found(fixture.service(service).rollout);
  const rollout = { ...started, state: "paused" as const, message: "1 of 1 failed", failures: 1 };
  fixture.ok({ kind: "service.rollout", id: service.id, revision: 2, rollout });
  assert.deepEqual(fixture.service(service).rollout, rollout);
  const late = { kind: "service.rollout", id: service.id, revision: 1, rollout } as const;
  assert.equal(
    fixture.refused("STALE_PLAN", late),
    'Cannot continue the rollout of service "web": it is at revision 2',
  );
  fixture.ok({ kind: "service.remove", id: service.id });
  fixture.refused("STALE_PLAN", { ...late, revision: 2 });
});

Deno.test("service.remove asks for the removal of every task and keeps their records", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  const other = fixture.addTask(fixture.addService("api"), node);
  const running = fixture.report(fixture.addTask(service, node, 1), "running");
  const pending = fixture.addTask(service, null, 2);
  const ending = fixture.addTask(service, node, 3);
  fixture.ok({ kind: "task.desire", id: ending.id, desired: "remove" });
  fixture.ok({ kind: "service.remove", id: service.id });
  assert.equal(fixture.view.serviceByName("web"), undefined);
  for (const { id } of [running, pending, ending]) {
    assert.equal(fixture.task(id).desired, "remove");
  }
  assert.deepEqual([...fixture.view.tasksOfService(service.id)].length, 3);
  assert.equal(fixture.task(other.id), other);
  const touched = fixture.lastChanges().map(({ table }) => table);
  assert.deepEqual(touched, ["services", "tasks", "tasks"]);
});

Deno.test("service.remove refuses an unknown service and another version", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  const ifVersion = asIndex<Service["version"]>(99);
  fixture.refused("VERSION_CONFLICT", { kind: "service.remove", id: service.id, ifVersion });
  fixture.ok({ kind: "service.remove", id: service.id, ifVersion: service.version });
  fixture.refused("SERVICE_NOT_FOUND", { kind: "service.remove", id: service.id });
});
