import assert from "node:assert/strict";
import type { RoleOrder } from "../../agent/mod.ts";
import { wallMs } from "../../lib/mod.ts";
import { asId, type ClusterId } from "../../model/mod.ts";
import { SEALED, StoreFixture } from "../../store/testing/store_fixture.ts";
import { isDemoted, type RoleChange, watchDemotion, watchPromotion } from "./role_change.ts";

const SOCKET = "unix:///run/warren.sock";

function order(role: string, parts: Partial<RoleOrder> = {}): RoleOrder {
  return { role, managerToken: "", memberId: "", index: 0, ...parts };
}

/** A manager that is member "m1" of a cluster. */
function manager() {
  const fixture = new StoreFixture();
  fixture.ok({
    kind: "cluster.create",
    cluster: {
      id: asId<ClusterId>("c1"),
      createdMs: wallMs(1),
      workerToken: SEALED,
      managerToken: SEALED,
    },
  });
  const member = { role: "hybrid" as const, memberId: "m1", raftAddress: "127.0.0.1:1" };
  const self = fixture.addNode("self", member);
  fixture.addNode("other", { ...member, memberId: "m2" });
  const { view } = fixture;
  const parts = { view, feed: fixture.store.feed, selfId: self.id, memberId: "m1" };
  const demote = () => {
    fixture.ok({
      ...{ kind: "node.member", id: self.id, memberId: "", raftAddress: "", role: "worker" },
    });
  };
  return { fixture, parts, demote };
}

async function now(changed: Promise<RoleChange>): Promise<RoleChange | null> {
  return await Promise.race([changed, Promise.resolve().then(() => Promise.resolve(null))]);
}

Deno.test("watchPromotion heeds an order to manage that comes with a token", async () => {
  const calls: string[] = [];
  const managers = () => [SOCKET, "10.0.0.1:2377"];
  const { onRole, changed } = watchPromotion({ managers, onWorker: () => calls.push("worker") });
  onRole(order("worker"));
  onRole(order("hybrid"));
  assert.equal(await now(changed), null);
  onRole(order("hybrid", { managerToken: "t", memberId: "m7" }));
  onRole(order("hybrid", { managerToken: "later" }));
  assert.deepEqual(await now(changed), {
    ...{ kind: "manager", token: "t", memberId: "m7", managers: ["10.0.0.1:2377"] },
  });
  assert.deepEqual(calls, ["worker"]);
});

Deno.test("watchPromotion forgets an order that was taken back before it was heeded", async () => {
  const watch = watchPromotion({ managers: () => [], onWorker: () => {} });
  watch.onRole(order("hybrid", { managerToken: "t", memberId: "m7" }));
  watch.onRole(order("worker"));
  assert.equal(await now(watch.changed), null);
  watch.onRole(order("hybrid", { managerToken: "t", memberId: "m8" }));
  assert.deepEqual(await now(watch.changed), {
    ...{ kind: "manager", token: "t", memberId: "m8", managers: [] },
  });
});

Deno.test("watchDemotion heeds its own state", async () => {
  const { parts, demote } = manager();
  using watch = watchDemotion({ ...parts, managers: () => [SOCKET, "a:1"] });
  assert.equal(await now(watch.changed), null);
  demote();
  assert.deepEqual(await now(watch.changed), { kind: "worker", managers: ["a:1"] });
});

Deno.test("watchDemotion heeds a newer word than its own state has", async () => {
  const { parts, fixture } = manager();
  using watch = watchDemotion({ ...parts, managers: () => [] });
  watch.onRole(order("hybrid", { index: fixture.view.index + 5 }));
  watch.onRole(order("worker", { index: fixture.view.index }));
  assert.equal(await now(watch.changed), null, "it knows better");
  watch.onRole(order("worker", { index: fixture.view.index + 1 }));
  assert.equal((await now(watch.changed))?.kind, "worker");
});

Deno.test("watchDemotion does not heed an old word while it catches up", async () => {
  const { fixture, parts } = manager();
  const behind = new StoreFixture();
  behind.addNode("filler");
  using watch = watchDemotion({ ...parts, view: behind.view, managers: () => [] });
  watch.onRole(order("worker", { index: fixture.view.index }));
  assert.equal(await now(watch.changed), null, "it has not seen itself come in yet");
  watch.memberRemoved();
  assert.equal((await now(watch.changed))?.kind, "worker", "the leader does not count it any more");
});

Deno.test("isDemoted tells a node that was removed from one that was demoted", () => {
  const { fixture, parts, demote } = manager();
  assert.equal(isDemoted(parts, null, true), false, "nobody says what becomes of it");
  demote();
  assert.ok(isDemoted(parts, null, false));
  fixture.ok({ kind: "node.status", id: parts.selfId, status: "down", message: "" });
  fixture.ok({ kind: "node.remove", id: parts.selfId });
  assert.equal(isDemoted(parts, null, true), false);
});
