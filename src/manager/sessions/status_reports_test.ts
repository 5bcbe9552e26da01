import assert from "node:assert/strict";
import { statusToProto } from "../../rpc/convert/mod.ts";
import { TaskStatus } from "../../rpc/gen/warren/v1/agent.ts";
import { StoreFixture } from "../../store/testing/store_fixture.ts";
import { planReports } from "./status_reports.ts";

function world() {
  const fixture = new StoreFixture();
  const here = fixture.addNode("here");
  const there = fixture.addNode("there");
  const service = fixture.addService("web");
  const mine = fixture.addTask(service, here, 1);
  const theirs = fixture.addTask(service, there, 2);
  const plan = (...statuses: readonly TaskStatus[]) =>
    planReports(fixture.view, here.id, { statuses: [...statuses] });
  return { fixture, mine, theirs, plan };
}

Deno.test("planReports takes news of the node's own tasks, in their order", () => {
  const { fixture, mine, plan } = world();
  const first = statusToProto(mine.id, fixture.statusOf(mine, "preparing"));
  const { proposals, refused } = plan(first, { ...first, sequence: 0 });
  assert.deepEqual(refused, []);
  assert.deepEqual(proposals.flat().map(({ kind }) => kind), ["task.report"]);
});

Deno.test("planReports refuses another node's task and a state that nobody knows", () => {
  const { fixture, mine, theirs, plan } = world();
  const foreign = statusToProto(theirs.id, fixture.statusOf(theirs, "failed"));
  const strange = { ...statusToProto(mine.id, fixture.statusOf(mine, "failed")), state: "lost" };
  const unknown = { ...strange, taskId: "\u0000", state: "running" };
  const { proposals, refused } = plan(foreign, strange, unknown);
  assert.deepEqual(proposals, []);
  assert.deepEqual(refused, [theirs.id, mine.id]);
});

Deno.test("planReports splits a long batch, and looks at no more than its bound", () => {
  const { fixture, mine, plan } = world();
  const next = statusToProto(mine.id, fixture.statusOf(mine, "running"));
  const { proposals } = plan(...Array(5_000).fill(next));
  assert.deepEqual(proposals.map(({ length }) => length), Array(10).fill(100));
});

Deno.test("planReports cuts what a hostile agent says to what can be stored and shown", () => {
  const { mine, plan } = world();
  const hostile = TaskStatus.fromPartial({
    taskId: mine.id,
    state: "failed",
    sequence: Number.MAX_SAFE_INTEGER,
    message: "m".repeat(2 ** 20),
    reason: "R".repeat(2 ** 20),
    health: "splendid",
    containerId: "c".repeat(2 ** 20),
    lastLines: Array(1_000).fill("l".repeat(10_000)),
    ports: [{ containerPort: 0, hostPort: 70_000, protocol: "icmp" }],
    startedMs: Number.MAX_SAFE_INTEGER,
    atMs: -5,
  });
  const [action] = plan(hostile).proposals.flat();
  assert.ok(action?.kind === "task.report");
  assert.ok(JSON.stringify(action).length < 6_000);
  const { status } = action;
  assert.doesNotThrow(() => new Date(status.startedMs ?? 0).toISOString());
  assert.equal(status.atMs, 0);
  assert.deepEqual([status.health, status.ports], ["none", []]);
});
