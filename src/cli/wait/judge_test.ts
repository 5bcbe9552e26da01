import assert from "node:assert/strict";
import { anUpdate, aService, aTask } from "../testing/samples.ts";
import { judge, NO_MEMORY, type WaitGoal } from "./judge.ts";

const RUNNING: WaitGoal = { kind: "running", rolloutsSinceMs: Infinity };
const REMOVED: WaitGoal = { kind: "removed", rolloutsSinceMs: Infinity };

Deno.test("judge is done when the service is settled and all its tasks run", () => {
  const update = anUpdate({ settled: true, service: aService({ desired: 2, running: 2 }) });
  assert.equal(judge(update, RUNNING, NO_MEMORY, 0).verdict.kind, "done");
});

Deno.test("judge wants to see a task without a health check stay up for a moment", () => {
  const service = aService({ desired: 1, running: 1 });
  const up = (restarts: number) =>
    anUpdate({ settled: true, service, tasks: [aTask({ state: "running", restarts })] });
  const first = judge(up(0), RUNNING, NO_MEMORY, 100);
  assert.deepEqual(first.verdict, { kind: "wait", wakeAtMs: 350 });
  assert.equal(judge(up(0), RUNNING, first.memory, 350).verdict.kind, "done");
  const again = judge(up(1), RUNNING, first.memory, 350);
  assert.deepEqual(again.verdict, { kind: "wait", wakeAtMs: 600 });
});

Deno.test("judge does not wait longer for a task that its health check has proven", () => {
  const service = aService({ desired: 1, running: 1 });
  const tasks = [aTask({ state: "running", health: "healthy" })];
  const { verdict } = judge(anUpdate({ settled: true, service, tasks }), RUNNING, NO_MEMORY, 0);
  assert.equal(verdict.kind, "done");
});

Deno.test("judge waits while a task moves, whatever failed before it", () => {
  const tasks = [aTask({ id: "a", state: "failed" }), aTask({ id: "b", state: "preparing" })];
  const { verdict } = judge(anUpdate({ tasks }), RUNNING, NO_MEMORY, 0);
  assert.deepEqual(verdict, { kind: "wait", wakeAtMs: null });
});

Deno.test("judge gives up on a failed task only after a second in which nothing replaced it", () => {
  const tasks = [aTask({ state: "failed", message: "exited with 1", lastLines: ["boom"] })];
  const first = judge(anUpdate({ tasks }), RUNNING, NO_MEMORY, 100);
  assert.deepEqual(first.verdict, { kind: "wait", wakeAtMs: 1_100 });
  const later = judge(anUpdate({ tasks }), RUNNING, first.memory, 1_100);
  assert.equal(later.verdict.kind, "give_up");
  if (later.verdict.kind === "give_up") {
    assert.equal(later.verdict.problem.kind, "failed");
    assert.deepEqual(later.verdict.problem.tasks.map((task) => task.lastLines), [["boom"]]);
  }
});

Deno.test("judge forgets a failed task once another runs in its slot", () => {
  const failed = aTask({ id: "a", state: "failed" });
  const first = judge(anUpdate({ tasks: [failed] }), RUNNING, NO_MEMORY, 0);
  const tasks = [failed, aTask({ id: "b", state: "running" })];
  const { verdict, memory } = judge(anUpdate({ tasks }), RUNNING, first.memory, 2_000);
  assert.equal(verdict.kind, "wait");
  assert.equal(memory.stuckSinceMs, null);
});

Deno.test("judge gives up on a task that was restarted three times", () => {
  const tasks = [aTask({ state: "restarting", restarts: 3 })];
  const { verdict } = judge(anUpdate({ tasks }), RUNNING, NO_MEMORY, 0);
  assert.equal(verdict.kind === "give_up" && verdict.problem.kind, "restarting");
});

Deno.test("judge shows why a task failed, although the next attempt has begun", () => {
  const failing = aTask({ state: "restarting", restarts: 2, message: "port 80 is in use" });
  const first = judge(anUpdate({ tasks: [failing] }), RUNNING, NO_MEMORY, 0);
  const next = anUpdate({ tasks: [aTask({ state: "preparing", restarts: 3 })] });
  const { verdict } = judge(next, RUNNING, first.memory, 0);
  assert.ok(verdict.kind === "give_up");
  assert.equal(verdict.problem.tasks[0]?.message, "port 80 is in use");
});

Deno.test("judge does not count restarts from before the task was seen running", () => {
  const good = judge(
    anUpdate({ tasks: [aTask({ state: "running", restarts: 7 })] }),
    RUNNING,
    NO_MEMORY,
    0,
  );
  const tasks = [aTask({ state: "restarting", restarts: 8 })];
  assert.equal(judge(anUpdate({ tasks }), RUNNING, good.memory, 0).verdict.kind, "wait");
});

Deno.test("judge gives up on a task without a node after five seconds, not before", () => {
  const tasks = [aTask({ state: "pending", unplaced: "no node is suitable" })];
  const first = judge(anUpdate({ tasks }), RUNNING, NO_MEMORY, 10);
  assert.deepEqual(first.verdict, { kind: "wait", wakeAtMs: 5_010 });
  const early = judge(anUpdate({ tasks }), RUNNING, first.memory, 5_009);
  assert.equal(early.verdict.kind, "wait");
  const late = judge(anUpdate({ tasks }), RUNNING, early.memory, 5_010);
  assert.equal(late.verdict.kind === "give_up" && late.verdict.problem.kind, "unplaced");
});

Deno.test("judge fails a rollout of this change and ignores one from before it", () => {
  const rollout = {
    state: "rolled_back",
    fromRevision: 1,
    toRevision: 2,
    message: "1 of 3 new tasks failed",
    startedMs: 50,
    endedMs: 60,
    failures: 1,
  };
  const service = aService({ desired: 1, running: 1, rollout });
  const update = anUpdate({ settled: true, service });
  const old = judge(update, { kind: "running", rolloutsSinceMs: 51 }, NO_MEMORY, 0);
  assert.equal(old.verdict.kind, "done");
  const own = judge(update, { kind: "running", rolloutsSinceMs: 50 }, NO_MEMORY, 0);
  assert.equal(own.verdict.kind === "give_up" && own.verdict.problem.kind, "rollout");
});

Deno.test("judge waits for a removed service until its last task has ended", () => {
  const going = anUpdate({ service: undefined, tasks: [aTask({ state: "stopping" })] });
  assert.equal(judge(going, REMOVED, NO_MEMORY, 0).verdict.kind, "wait");
  const gone = anUpdate({ service: undefined, tasks: [] });
  assert.equal(judge(gone, REMOVED, NO_MEMORY, 0).verdict.kind, "done");
});

Deno.test("judge gives up when somebody removes the service that is waited for", () => {
  const { verdict } = judge(anUpdate({ service: undefined }), RUNNING, NO_MEMORY, 0);
  assert.equal(verdict.kind === "give_up" && verdict.problem.kind, "removed");
});
