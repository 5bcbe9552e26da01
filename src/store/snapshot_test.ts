/** Snapshots: sharing, order, what damage is found, and speed. */
import assert from "node:assert/strict";
import { wallMs, WarrenError } from "../lib/mod.ts";
import { asId, asIndex, type NodeId, type Task, type TaskId } from "../model/mod.ts";
import { encodeState } from "./snapshot.ts";
import { Store } from "./store.ts";
import {
  describeState,
  found,
  joined,
  reserved,
  snapshotBytes,
  specOf,
  StoreFixture,
  taskSpecOf,
} from "./testing/store_fixture.ts";

function textOf(store: Store): string {
  return new TextDecoder().decode(snapshotBytes(store));
}

function restored(text: string): Store {
  const store = new Store();
  store.restore(new TextEncoder().encode(text));
  return store;
}

function assertCorrupt(text: string, pattern: RegExp): void {
  assert.throws(() => restored(text), (error: unknown) => {
    assert(error instanceof WarrenError);
    assert.equal(error.reason, "DATA_CORRUPT");
    assert.match(error.message, pattern);
    return true;
  });
}

/** A state with every kind of row, old revisions and tasks whose service is gone. */
function rich(): StoreFixture {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  fixture.addSecret("db");
  fixture.addConfig("app");
  fixture.addVolume("data");
  const service = fixture.addService("web");
  fixture.addTask(service, node, 1);
  const update = (task: ReturnType<typeof taskSpecOf>) => {
    const spec = { ...fixture.service(service).spec, task };
    fixture.ok({ kind: "service.update", id: service.id, spec });
  };
  update(taskSpecOf({ image: "web:2" }));
  fixture.addTask(service, node, 2);
  const ending = fixture.addTask(service, node, 3);
  fixture.ok({ kind: "task.desire", id: ending.id, desired: "shutdown" });
  update(taskSpecOf({ image: "web:2", resources: reserved(100, 100) }));
  const gone = fixture.addService("gone");
  fixture.addTask(gone, node, 1);
  fixture.addTask(gone, node, 2);
  fixture.ok({ kind: "service.remove", id: gone.id });
  return fixture;
}

Deno.test("a restored state shares task specs as before", () => {
  const fixture = rich();
  const { view } = restored(textOf(fixture.store));
  const before = [...fixture.view.tasks()];
  const after = [...view.tasks()];
  assert.deepEqual(after, before);
  const shares = (tasks: readonly Task[]) =>
    tasks.map(({ spec }) => tasks.findIndex((other) => other.spec === spec));
  assert.deepEqual(shares(after), shares(before));
  const web = found(view.serviceByName("web"));
  assert.equal(after[1]?.spec, web.spec.task);
  assert.equal(after[0]?.spec, web.history[0]?.spec.task);
});

Deno.test("a snapshot holds each spec once, however many tasks share it", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web", { task: taskSpecOf({ image: "a-rare-image:7" }) });
  for (let slot = 1; slot <= 20; slot++) fixture.addTask(service, node, slot);
  fixture.ok({ kind: "service.remove", id: service.id });
  assert.equal(textOf(fixture.store).split("a-rare-image:7").length - 1, 1);
});

Deno.test("a restored node lists its tasks in order of placement", () => {
  const fixture = new StoreFixture();
  const node = fixture.addNode("n1");
  const service = fixture.addService("web");
  const first = fixture.addTask(service, null, 1);
  const second = fixture.addTask(service, null, 2);
  fixture.addTask(service, node, 3);
  fixture.ok({ kind: "task.place", id: second.id, nodeId: node.id });
  fixture.ok({ kind: "task.place", id: first.id, nodeId: node.id });
  const { view } = restored(textOf(fixture.store));
  assert.deepEqual([...view.tasksOfNode(node.id)].map(({ slot }) => slot), [3, 2, 1]);
  assert.deepEqual([...view.tasks()].map(({ slot }) => slot), [1, 2, 3]);
});

Deno.test("an empty state survives its snapshot", () => {
  const store = new Store();
  assert.deepEqual(describeState(restored(textOf(store))), describeState(store));
  const fixture = rich();
  assert.equal(restored(textOf(fixture.store)).digest(), fixture.store.digest());
});

Deno.test("restore refuses a snapshot that is cut anywhere", () => {
  const text = textOf(rich().store);
  for (let length = 0; length < text.length - 1; length += 97) {
    assertCorrupt(text.slice(0, length), /Cannot read the saved state/);
  }
});

Deno.test("restore refuses lines that are missing, added or of a newer version", () => {
  const lines = textOf(rich().store).trimEnd().split("\n");
  const joined = (parts: readonly string[]) => parts.join("\n") + "\n";
  assertCorrupt(joined(lines.toSpliced(3, 1)), /lines|no spec/);
  assertCorrupt(joined([...lines, lines[1] ?? ""]), /something follows its end/);
  assertCorrupt(joined(lines.with(0, '["warren-state",2,1,1]')), /newer version/);
  assertCorrupt(joined(lines.with(0, '["other",1,1,1]')), /does not begin as one/);
  assertCorrupt(
    joined(lines.toSpliced(1, 0, '["ingresses",{}]')),
    /"ingresses" was written by a newer/,
  );
  assertCorrupt(joined(lines.with(1, "{")), /line 2 is malformed/);
  const orphan = lines.findIndex((line) => line.startsWith('["tasks",null'));
  const row = (lines[orphan] ?? "").replace(/"revision":\d+/, '"revision":99');
  assertCorrupt(joined(lines.with(orphan, row)), /has no spec/);
});

/** 10,000 tasks of 100 services on 100 nodes. */
function large(): Store {
  const fixture = new StoreFixture();
  const nodes: NodeId[] = [];
  for (let at = 0; at < 100; at++) nodes.push(fixture.addNode(`n${at}`).id);
  for (let number = 0; number < 100; number++) {
    const id = asId<never>(fixture.ids.next());
    const actions = Array.from({ length: 100 }, (_, at) => ({
      kind: "task.create" as const,
      task: {
        id: asId<TaskId>(fixture.ids.next()),
        serviceId: id,
        revision: 1,
        restartCount: 0,
        slot: at + 1,
        nodeId: nodes[at] ?? null,
        unplaced: null,
      },
    }));
    const service = { id, spec: specOf(`s${number}`) };
    const proposal = [{ kind: "service.create" as const, service }, ...actions];
    fixture.store.apply(asIndex(fixture.view.index + 1), {
      actions: proposal,
      atMs: wallMs(fixture.nowMs),
      requestId: "",
    });
  }
  return fixture.store;
}

Deno.test("a state of 10,000 tasks is encoded in slices that are short, and comes back whole", () => {
  const store = large();
  assert.equal(store.sizes.tasks, 10_000);
  const startMs = performance.now();
  let longestMs = 0;
  let lastMs = performance.now();
  const slices: Uint8Array<ArrayBuffer>[] = [];
  for (const slice of encodeState(store.snapshot())) {
    slices.push(slice);
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }
  const tookMs = performance.now() - startMs;
  // Generous bounds: they catch a change of order, not a busy machine.
  assert(tookMs < 5_000, `encoded in ${Math.round(tookMs)} ms`);
  assert(longestMs < 1_000, `longest slice ${Math.round(longestMs)} ms`);
  assert(slices.length > 10);
  const other = new Store();
  other.restore(joined(slices));
  assert.equal(other.digest(), store.digest());
});
