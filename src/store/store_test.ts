/** The store as a whole: answers, requests, time, feed, restore. */
import assert from "node:assert/strict";
import { wallMs, WarrenError } from "../lib/mod.ts";
import { asId, asIndex, type ServiceId } from "../model/mod.ts";
import type { Action, Proposal } from "./action.ts";
import type { ChangeSet } from "./feed.ts";
import { MAX_REQUESTS, RecentRequests } from "./requests.ts";
import { Store } from "./store.ts";
import {
  describeState,
  found,
  hostPort,
  secretCreate,
  snapshotBytes,
  specOf,
  StoreFixture,
  taskSpecOf,
} from "./testing/store_fixture.ts";

function create(id: string, name: string): Action {
  return { kind: "service.create", service: { id: asId<ServiceId>(id), spec: specOf(name) } };
}

function proposal(actions: readonly Action[], parts: Partial<Proposal> = {}): Proposal {
  return { actions, atMs: wallMs(1_000), requestId: "", ...parts };
}

Deno.test("Store.apply answers with the index of the entry", () => {
  const store = new Store();
  const applied = store.apply(asIndex(7), proposal([create("a", "web")]));
  assert.deepEqual(applied, { ok: true, index: 7 });
  assert.equal(store.view.index, 7);
  assert.equal(store.view.serviceByName("web")?.version, 7);
});

Deno.test("Store.apply answers a refusal as plain data with code and hint", () => {
  const store = new Store();
  const applied = store.apply(asIndex(1), proposal([{ kind: "service.remove", id: asId("a") }]));
  assert.deepEqual(applied, {
    ok: false,
    error: {
      code: "NOT_FOUND",
      reason: "SERVICE_NOT_FOUND",
      message: 'Cannot remove service "a": there is no such service',
      hint: 'run "warren service list"',
    },
  });
  assert.equal(store.view.index, 1, "a refused entry counts as applied");
});

Deno.test("Store.apply takes several proposals of one entry, each on its own", () => {
  const store = new Store();
  const index = asIndex<typeof store.view.index>(1);
  assert(store.apply(index, proposal([create("a", "web")])).ok);
  assert(!store.apply(index, proposal([create("b", "web")])).ok);
  assert(store.apply(index, proposal([create("c", "api")])).ok);
  assert.equal(store.sizes.services, 2);
});

Deno.test("Store.apply refuses a name that is the id of another of its kind", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.refused("SERVICE_NAME_TAKEN", create("other", service.id));
  const secret = fixture.addSecret("db");
  fixture.refused("SECRET_NAME_TAKEN", secretCreate("other", secret));
  fixture.addSecret(service.id);
});

Deno.test("Store.apply will not go back in the log", () => {
  const store = new Store();
  store.apply(asIndex(5), proposal([]));
  assert.throws(() => store.apply(asIndex(4), proposal([])), /entry 4 comes after 5/);
});

Deno.test("Store.apply carries out a repeated request once and answers as then", () => {
  const store = new Store();
  const asked = proposal([create("a", "web")], { requestId: "r1" });
  assert.deepEqual(store.apply(asIndex(1), asked), { ok: true, index: 1 });
  assert.deepEqual(store.apply(asIndex(2), asked), { ok: true, index: 1 });
  assert.equal(store.sizes.services, 1);
  const again = { ...asked, requestId: "r2" };
  assert.equal(store.apply(asIndex(3), again).ok, false);
});

Deno.test("Store.apply lets a refused request try again", () => {
  const store = new Store();
  const asked = proposal([{ kind: "service.restart", id: asId("a") }], { requestId: "r1" });
  assert.equal(store.apply(asIndex(1), asked).ok, false);
  store.apply(asIndex(2), proposal([create("a", "web")]));
  assert.deepEqual(store.apply(asIndex(3), asked), { ok: true, index: 3 });
});

Deno.test("Store.apply remembers requests across a snapshot", () => {
  const store = new Store();
  const asked = proposal([create("a", "web")], { requestId: "r1" });
  store.apply(asIndex(1), asked);
  const restored = new Store();
  restored.restore(snapshotBytes(store));
  assert.deepEqual(restored.apply(asIndex(2), asked), { ok: true, index: 1 });
});

Deno.test("RecentRequests forgets the oldest first, at its bound", () => {
  const requests = new RecentRequests();
  for (let at = 1; at <= MAX_REQUESTS + 2; at++) requests.remember(`r${at}`, asIndex(at));
  assert.equal(requests.find("r2"), undefined);
  assert.equal(requests.find("r3"), 3);
  assert.equal([...requests.entries()].length, MAX_REQUESTS);
  requests.remember("", asIndex(1));
  assert.equal(requests.find(""), undefined);
});

Deno.test("Store.apply never lets recorded time go back", () => {
  const store = new Store();
  store.apply(asIndex(1), proposal([create("a", "one")], { atMs: wallMs(5_000) }));
  store.apply(asIndex(2), proposal([create("b", "two")], { atMs: wallMs(3_000) }));
  assert.equal(store.view.serviceByName("two")?.createdMs, 5_000);
  store.apply(asIndex(3), proposal([create("c", "one")], { atMs: wallMs(9_000) }));
  store.apply(asIndex(4), proposal([create("c", "three")], { atMs: wallMs(4_000) }));
  assert.equal(store.view.serviceByName("three")?.createdMs, 5_000, "a refusal moves no clock");
});

Deno.test("Store announces one change set per proposal, tables in a fixed order", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const id = asId<ServiceId>("s");
  const announced = fixture.sets.length;
  fixture.ok(create("s", "web"), {
    kind: "task.create",
    task: {
      id: asId("t"),
      serviceId: id,
      revision: 1,
      restartCount: 0,
      slot: 1,
      nodeId: node.id,
      unplaced: null,
    },
  }, { kind: "node.update", id: node.id, availability: "pause" });
  assert.equal(fixture.sets.length, announced + 1);
  const set = found(fixture.sets.at(-1));
  assert.equal(set.index, fixture.view.index);
  assert.equal(set.atMs, fixture.nowMs);
  assert.deepEqual(set.changes.map(({ table }) => table), ["nodes", "services", "tasks"]);
  assert.equal(set.isRestore, undefined);
});

Deno.test("Store refuses a subscriber that applies from within the feed", () => {
  const store = new Store();
  store.feed.subscribe(() => void store.apply(asIndex(2), proposal([])));
  assert.throws(() => store.apply(asIndex(1), proposal([create("a", "web")])), /does not apply/);
});

Deno.test("ChangeFeed stops calling a subscriber that left", () => {
  const store = new Store();
  let calls = 0;
  const leave = store.feed.subscribe(() => calls++);
  store.apply(asIndex(1), proposal([create("a", "web")]));
  leave();
  store.apply(asIndex(2), proposal([create("b", "api")]));
  assert.equal(calls, 1);
});

Deno.test("Store.view stays the same object and shows what was restored", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.addTask(service, fixture.addNode("n1"));
  const other = new Store();
  const { view } = other;
  other.restore(snapshotBytes(fixture.store));
  assert.equal(other.view, view);
  assert.equal(view.serviceByName("web")?.id, service.id);
  assert.deepEqual(describeState(other), describeState(fixture.store));
});

Deno.test("Store.restore announces the difference and marks it as a restore", () => {
  const fixture = new StoreFixture();
  const kept = fixture.addService("kept");
  const gone = fixture.addService("gone");
  const other = new Store();
  other.restore(snapshotBytes(fixture.store));
  fixture.ok({ kind: "service.remove", id: gone.id }, {
    kind: "service.restart",
    id: kept.id,
  });
  const node = fixture.addNode("n1");
  const sets: ChangeSet[] = [];
  other.feed.subscribe((set) => sets.push(set));
  other.restore(snapshotBytes(fixture.store));
  const [set] = sets;
  assert(set);
  assert.equal(set.isRestore, true);
  assert.equal(set.index, fixture.view.index);
  assert.deepEqual(set.changes, [
    { table: "nodes", before: null, after: node },
    { table: "services", before: gone, after: null },
    { table: "services", before: kept, after: fixture.service(kept) },
  ]);
});

Deno.test("Store.restore of damaged bytes leaves the state as it was", () => {
  const fixture = new StoreFixture();
  fixture.addService("web");
  const before = describeState(fixture.store);
  const bytes = snapshotBytes(fixture.store);
  assert.throws(() => fixture.store.restore(bytes.subarray(0, bytes.length - 3)), WarrenError);
  assert.deepEqual(describeState(fixture.store), before);
});

Deno.test("Store.digest differs as soon as anything differs", () => {
  const digests = new Set<string>();
  const fixture = new StoreFixture();
  digests.add(fixture.store.digest());
  const node = fixture.addNode("n1");
  digests.add(fixture.store.digest());
  const service = fixture.addService("web", { task: taskSpecOf({ ports: [hostPort(80)] }) });
  digests.add(fixture.store.digest());
  const task = fixture.addTask(service, node);
  digests.add(fixture.store.digest());
  fixture.report(task, "running");
  digests.add(fixture.store.digest());
  assert.equal(digests.size, 5);
});
