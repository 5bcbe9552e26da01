/** Names, ids and starts of ids. */
import assert from "node:assert/strict";
import { wallMs, WarrenError } from "../lib/mod.ts";
import { asId, asIndex, defaultServiceSpec, type ServiceId, type TaskId } from "../model/mod.ts";
import { type Action, Store } from "../store/mod.ts";
import { resolveService, resolveTask, resolveTaskOrService } from "./resolve.ts";

function storeWith(...actions: readonly Action[]): Store {
  const store = new Store();
  const proposal = { actions, atMs: wallMs(1), requestId: "" };
  const applied = store.apply(asIndex(1), proposal);
  assert(applied.ok, applied.ok ? "" : applied.error.message);
  return store;
}

const service = (id: string, name: string): Action => ({
  kind: "service.create",
  service: { id: asId<ServiceId>(id), spec: defaultServiceSpec(name) },
});

const task = (id: string, serviceId: string, slot: number): Action => ({
  kind: "task.create",
  task: {
    id: asId<TaskId>(id),
    serviceId: asId<ServiceId>(serviceId),
    revision: 1,
    restartCount: 0,
    slot,
    nodeId: null,
    unplaced: null,
  },
});

const { view } = storeWith(
  service("aaa111", "web"),
  service("aaa222", "db"),
  service("bbb111", "aaa"),
  task("ccc111", "aaa111", 1),
  task("ccc222", "aaa111", 2),
  task("aaa333", "aaa222", 1),
);

function errorOf(work: () => unknown): WarrenError {
  try {
    work();
  } catch (error) {
    assert(error instanceof WarrenError);
    return error;
  }
  throw new Error("it did not fail");
}

Deno.test("resolveService takes a name before an id, and an id before the start of one", () => {
  assert.equal(resolveService(view, "web").id, "aaa111");
  assert.equal(resolveService(view, "aaa").id, "bbb111");
  assert.equal(resolveService(view, "aaa222").id, "aaa222");
  assert.equal(resolveService(view, "aaa2").id, "aaa222");
  assert.equal(resolveService(view, "bbb").id, "bbb111");
});

Deno.test("resolveService names what is ambiguous, near, too short or empty", () => {
  const other = storeWith(service("xyz1", "web"), service("xyz2", "db")).view;
  const ambiguous = errorOf(() => resolveService(other, "xyz"));
  assert.equal(ambiguous.reason, "NAME_AMBIGUOUS");
  assert.match(ambiguous.message, /xyz1 \(web\), xyz2 \(db\)/);
  assert.equal(errorOf(() => resolveService(other, "xy")).reason, "SERVICE_NOT_FOUND");
  assert.equal(errorOf(() => resolveService(other, "webb")).hint, 'did you mean "web"?');
  assert.equal(errorOf(() => resolveService(other, "")).reason, "BAD_REQUEST");
  const long = errorOf(() => resolveService(other, "z".repeat(100_000)));
  assert(long.message.length < 200);
});

Deno.test("resolveTask knows the names of slots", () => {
  assert.equal(resolveTask(view, "web.2").id, "ccc222");
  assert.equal(resolveTask(view, "ccc1").id, "ccc111");
  assert.equal(errorOf(() => resolveTask(view, "web.3")).hint, 'did you mean "web.1"?');
  assert.equal(errorOf(() => resolveTask(view, "ccc")).reason, "NAME_AMBIGUOUS");
});

Deno.test("resolveTaskOrService prefers a service's name and refuses what could be either", () => {
  const found = (ref: string) => {
    const either = resolveTaskOrService(view, ref);
    return "task" in either ? `task ${either.task.id}` : `service ${either.service.id}`;
  };
  assert.equal(found("web"), "service aaa111");
  assert.equal(found("web.1"), "task ccc111");
  assert.equal(found("ccc2"), "task ccc222");
  assert.equal(found("bbb"), "service bbb111");
  assert.equal(found("aaa3"), "task aaa333");
  const both = storeWith(service("xyz1", "web"), task("xyz2", "xyz1", 1)).view;
  assert.equal(errorOf(() => resolveTaskOrService(both, "xyz")).reason, "NAME_AMBIGUOUS");
});
