import assert from "node:assert/strict";
import { ManualClock, noMetrics, seededIds, silentLog, WarrenError } from "../lib/mod.ts";
import { asIndex } from "../model/mod.ts";
import { DirtySet } from "../orchestrator/mod.ts";
import { type Action, type Applied, type Proposer, type StateView, Store } from "../store/mod.ts";
import { nodeOf, specOf } from "../store/testing/store_fixture.ts";
import { ControlLoop } from "./control_loop.ts";

/** A store with one ready node, and a proposer that applies at once unless told to fail. */
function world() {
  const store = new Store();
  const clock = new ManualClock();
  const ids = seededIds(5);
  const failures: unknown[] = [];
  /** What waits for an answer that never comes, while no majority answers. */
  const cut = { isCut: false, proposed: [] as (readonly Action[])[] };
  const proposer: Proposer = {
    propose(actions) {
      if (cut.isCut) {
        cut.proposed.push(actions);
        return new Promise(() => {});
      }
      const failure = failures.shift();
      if (failure) return Promise.reject(failure);
      return Promise.resolve(apply(actions));
    },
  };
  const apply = (actions: readonly Action[]): Applied => {
    const proposal = { actions, atMs: clock.wallNow(), requestId: "" };
    return store.apply(asIndex(store.view.index + 1), proposal);
  };
  const nodeId = ids.next() as Parameters<typeof nodeOf>[0];
  assert.ok(apply([{ kind: "node.create", node: nodeOf(nodeId, "a") }]).ok);
  const create = (name: string) => {
    const id = ids.next();
    const service = { id, spec: specOf(name) } as Extract<
      Action,
      { kind: "service.create" }
    >["service"];
    assert.ok(apply([{ kind: "service.create", service }]).ok);
  };
  let isBroken = false;
  const counts = { looks: 0 };
  const view: StateView = new Proxy(store.view, {
    get(target, name, receiver) {
      if (name === "tasksOfService") counts.looks++;
      if (isBroken && name === "tasksOfService") throw new Error("broken");
      return Reflect.get(target, name, receiver);
    },
  });
  const breakPlans = (broken: boolean) => isBroken = broken;
  const newLoop = () =>
    new ControlLoop({
      view,
      feed: store.feed,
      proposer,
      dirty: new DirtySet(),
      clock,
      ids,
      log: silentLog,
      metrics: noMetrics,
    });
  return {
    ...{ store, clock, failures, create, newLoop, loop: newLoop(), breakPlans, counts },
    ...{ cut, apply },
  };
}

Deno.test("ControlLoop begins with everything that is there", async () => {
  const { store, clock, create, loop } = world();
  create("web");
  loop.start();
  await clock.advance(0);
  assert.equal(store.sizes.tasks, 1);
  await loop.stop();
});

Deno.test("ControlLoop is woken by a change, not by time", async () => {
  const { store, clock, create, loop } = world();
  loop.start();
  await clock.advance(0);
  create("web");
  await clock.advance(0);
  assert.equal(store.sizes.tasks, 1);
  await loop.stop();
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("ControlLoop tries again what could not be proposed for a passing reason", async () => {
  const { store, clock, failures, create, loop } = world();
  loop.start();
  await clock.advance(0);
  failures.push(new WarrenError("TOO_MANY", "the queue is full"));
  create("web");
  await clock.advance(0);
  assert.equal(store.sizes.tasks, 0);
  await clock.advance(200);
  assert.equal(store.sizes.tasks, 1);
  await loop.stop();
});

Deno.test("ControlLoop proposes nothing for a settled cluster, however long it waits", async () => {
  const { store, clock, create, loop } = world();
  create("web");
  loop.start();
  await clock.advance(0);
  const { index } = store.view;
  await clock.advance(120_000);
  assert.equal(store.view.index, index);
  await loop.stop();
});

Deno.test("ControlLoop outlives a plan that throws, says so, and plans again later", async () => {
  const { store, clock, create, loop, breakPlans, counts } = world();
  loop.start();
  await clock.advance(0);
  breakPlans(true);
  create("web");
  await clock.advance(0);
  assert.match(loop.trouble, /planning failed: broken/);
  const { looks } = counts;
  create("other");
  await clock.advance(999);
  assert.equal(counts.looks, looks, "a wake-up does not cut the pause short");
  await clock.advance(1);
  breakPlans(false);
  await clock.advance(2_000);
  assert.equal(loop.trouble, "");
  assert.equal(store.sizes.tasks, 2);
  await loop.stop();
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("ControlLoop ends at once though what it proposed is never answered", async () => {
  const { clock, create, loop, cut } = world();
  loop.start();
  await clock.advance(0);
  cut.isCut = true;
  create("web");
  await clock.advance(0);
  assert.equal(cut.proposed.length, 1);
  await loop.stop();
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("ControlLoop of the next leadership goes on, also when the last proposal came through late", async () => {
  const { store, clock, create, loop, newLoop, cut, apply } = world();
  loop.start();
  await clock.advance(0);
  cut.isCut = true;
  create("web");
  await clock.advance(0);
  await loop.stop();
  const [late] = cut.proposed;
  assert.ok(late && apply(late).ok);
  cut.isCut = false;
  for (let turn = 0; turn < 3; turn++) {
    const next = newLoop();
    next.start();
    await clock.advance(0);
    create(`other-${turn}`);
    await clock.advance(0);
    await next.stop();
    assert.equal(store.sizes.tasks, turn + 2, "one task each, none twice");
  }
  create("unseen");
  await clock.advance(60_000);
  assert.equal(store.sizes.tasks, 4, "a loop that was stopped does nothing");
  assert.equal(clock.pending, 0);
});
