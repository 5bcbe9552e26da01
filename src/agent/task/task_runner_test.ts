/** The task runner over the fake runtime, on a clock that is driven by hand. */
import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import { asId, defaultHealthCheck, type TaskId } from "../../model/mod.ts";
import { ownerLabels } from "./container_spec.ts";
import { RunnerScene, TEST_OWNER, testAssignment } from "./testing.ts";

const id = (text: string) => asId<TaskId>(text);
const signal = new AbortController().signal;
const labels = ownerLabels(TEST_OWNER);

Deno.test("TaskRunner takes an assignment to running and then to stopped", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  assert.deepEqual(scene.news(), ["t1 preparing 0 preparing", "t1 running 0"]);
  scene.runner.assign([{ ...testAssignment("t1"), desired: "shutdown" }]);
  await scene.settle();
  assert.deepEqual(scene.news(), [
    "t1 stopping 0 asked to stop",
    "t1 stopped 0 stopped with exit code 0",
  ]);
  assert.equal((await scene.runtime.list(labels, signal)).length, 1, "kept for its output");
  scene.runner.unassign([id("t1")]);
  await scene.settle();
  assert.equal((await scene.runtime.list(labels, signal)).length, 0);
  assert.deepEqual(scene.forgotten, ["t1"]);
});

Deno.test("TaskRunner touches the engine three times for a start: image, create, start", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runtime.calls.length = 0;
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  const verbs = scene.runtime.calls.map((call) => call.split(" ")[0]);
  assert.deepEqual(verbs, ["ensureImage", "create", "start"]);
});

Deno.test("TaskRunner starts many tasks at once", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign(Array.from({ length: 500 }, (_, at) => testAssignment(`t${at}`)));
  for (let turn = 0; turn < 1_000 && scene.runtime.runningCount < 500; turn++) await scene.settle();
  assert.equal(scene.runtime.runningCount, 500);
});

Deno.test("TaskRunner restarts a crashed container with its last words in the status", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([
    testAssignment("t1", { command: ["warn", "boom", "sleep", "50", "exit", "3"] }),
  ]);
  await scene.settle();
  scene.news();
  await scene.settle(50);
  assert.deepEqual(scene.news(), ["t1 restarting 0 exited with code 3; restart 1 after 1s"]);
  assert.deepEqual(scene.runner.find(id("t1"))?.local.retry?.after.lastLines, ["boom"]);
  await scene.settle(1_000);
  assert.deepEqual(scene.news(), ["t1 preparing 1 preparing", "t1 running 1"]);
  const names = (await scene.runtime.list(labels, signal)).map(({ name }) => name);
  assert.deepEqual(names, ["warren-web.1-t1-1"], "the crashed container is removed");
});

Deno.test("TaskRunner tells why an image cannot be had and tries again", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1", { image: "absent/web:1" })]);
  await scene.settle();
  assert.match(
    scene.news().at(-1) ?? "",
    /restarting 0 Cannot pull "absent\/web:1": .*; restart 1/,
  );
});

Deno.test("TaskRunner gives up a pull when the task is told to end", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1", { image: "slow/web:1" })]);
  await scene.settle();
  assert.equal(scene.news().at(-1), 't1 preparing 0 pulling image "slow/web:1"');
  scene.runner.assign([{ ...testAssignment("t1", { image: "slow/web:1" }), desired: "shutdown" }]);
  await scene.settle();
  assert.deepEqual(scene.news(), ["t1 stopped 0 stopped"]);
});

Deno.test("TaskRunner pulls an image once for all the tasks that need it", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign(
    ["t1", "t2", "t3"].map((name) => testAssignment(name, { image: "slow/web:1" })),
  );
  await scene.settle(60_000);
  assert.equal(scene.runtime.runningCount, 3);
  assert.equal(scene.runtime.calls.filter((call) => call.startsWith("ensureImage")).length, 1);
});

Deno.test("TaskRunner counts a task as running only once its health check passes", async () => {
  await using scene = new RunnerScene();
  scene.answer = "connection refused";
  await scene.settle();
  const health = { ...defaultHealthCheck({ kind: "tcp", port: 80 }), intervalMs: 5_000 };
  scene.runner.assign([testAssignment("t1", { health })]);
  await scene.settle(2_000);
  assert.deepEqual(scene.news().at(-1), "t1 starting 0 running, not known healthy yet");
  scene.answer = "";
  await scene.settle(500);
  assert.deepEqual(scene.news(), ["t1 running 0"]);
  scene.answer = "HTTP status 500 from /";
  await scene.settle(15_000);
  assert.match(scene.news().at(-1) ?? "", /restarting 0 stopped: health check failed 3 times/);
});

Deno.test("TaskRunner changes limits of a running container in place", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  const limits = { milliCpus: 250, memoryBytes: 2 ** 26 };
  const resources = { limits, reservations: { milliCpus: 0, memoryBytes: 0 } };
  scene.runner.assign([testAssignment("t1", { resources })]);
  await scene.settle();
  assert.equal(scene.runtime.calls.filter((call) => call.startsWith("update")).length, 1);
  assert.equal(scene.runtime.calls.filter((call) => call.startsWith("create")).length, 1);
});

Deno.test("TaskRunner goes on after a kill of the agent without touching what runs", async () => {
  const first = new RunnerScene();
  await first.settle();
  first.runner.assign([
    testAssignment("t1"),
    testAssignment("t2", { command: ["sleep", "9000", "exit", "1"] }),
  ]);
  await first.settle();
  const rest = await first.kill();
  await using second = new RunnerScene(rest);
  await second.settle();
  const changes = () =>
    second.runtime.calls.filter((call) => /^(create|start|stop|remove)/.test(call)).length;
  assert.equal(changes(), 4, "two creates and two starts, all of the first agent");
  await second.settle(9_000);
  assert.match(second.news().at(-1) ?? "", /t2 restarting 0 exited with code 1; restart 1/);
});

Deno.test("TaskRunner adopts containers that it has no memory of", async () => {
  const first = new RunnerScene();
  await first.settle();
  first.runner.assign([testAssignment("t1")]);
  await first.settle();
  const { before } = await first.kill();
  await using second = new RunnerScene({ before });
  await second.settle();
  second.runner.assign([testAssignment("t1")]);
  await second.settle();
  assert.deepEqual(second.news(), ["t1 running 0"]);
  assert.equal(second.runtime.calls.filter((call) => call.startsWith("create")).length, 1);
});

Deno.test("TaskRunner starts its tasks again after a reboot, alone", async () => {
  const first = new RunnerScene();
  await first.settle();
  first.runner.assign([testAssignment("t1")]);
  await first.settle();
  const rest = await first.kill();
  first.runtime.reboot();
  await using second = new RunnerScene({ ...rest, isRebooted: true });
  await second.settle();
  assert.match(
    second.news().at(-1) ?? "",
    /t1 restarting 0 the node was restarted; restart 1 after 1s/,
  );
  await second.settle(1_000);
  assert.equal(second.news().at(-1), "t1 running 1");
});

Deno.test("TaskRunner does not run again what had ended", async () => {
  const first = new RunnerScene();
  await first.settle();
  const restart = { condition: "none", delayMs: 0, maxAttempts: 0, windowMs: 0 } as const;
  const assignment = testAssignment("t1", { restart, command: ["exit", "0"] });
  first.runner.assign([assignment]);
  await first.settle();
  assert.equal(first.news().at(-1), "t1 completed 0 ended with exit code 0");
  const rest = await first.kill();
  await using second = new RunnerScene(rest);
  await second.settle();
  assert.equal(second.news().at(-1), "t1 completed 0 ended with exit code 0");
  assert.equal(second.runtime.calls.filter((call) => call.startsWith("create")).length, 1);
});

Deno.test("TaskRunner removes containers of no task, but only after a full set", async () => {
  const first = new RunnerScene();
  await first.settle();
  first.runner.assign([testAssignment("t1"), testAssignment("t2")]);
  await first.settle();
  const { before } = await first.kill();
  await using second = new RunnerScene({ before });
  await second.settle(60_000);
  assert.equal(second.runtime.runningCount, 2);
  second.runner.assign([testAssignment("t1")]);
  second.runner.completeFullSet(new Set([id("t1")]));
  await second.settle();
  const tasks = (await second.runtime.list(labels, signal)).map(({ name }) => name);
  assert.deepEqual(tasks, ["warren-web.1-t1-0"]);
});

Deno.test("TaskRunner waits for an engine that is away and blames no task", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runtime.failNext("create", new WarrenError("ENGINE_UNREACHABLE", "the engine is away"));
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  assert.equal(scene.news().at(-1), "t1 preparing 0 the engine is away");
  await scene.settle(1_000);
  assert.equal(scene.news().at(-1), "t1 running 0");
});

Deno.test("TaskRunner follows again when the engine's event feed breaks", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  scene.runtime.breakEvents();
  await scene.settle(1_000);
  scene.news();
  scene.runtime.crash(scene.runner.find(id("t1"))?.local.container?.id ?? "", 9);
  await scene.settle();
  assert.match(scene.news().at(-1) ?? "", /restarting 0 exited with code 9/);
});

Deno.test("TaskRunner finds within its safety look what no event told", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1")]);
  await scene.settle();
  scene.runtime.failNext("events", new WarrenError("ENGINE_UNREACHABLE", "gone"));
  scene.runtime.breakEvents();
  const container = scene.runner.find(id("t1"))?.local.container?.id ?? "";
  scene.runtime.crash(container, 1);
  await scene.settle(1_500);
  assert.equal(scene.runner.find(id("t1"))?.local.attempt, 1);
});

Deno.test("TaskRunner refuses a task for a runtime that the node has not", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  scene.runner.assign([testAssignment("t1", { runtime: "process" })]);
  await scene.settle();
  assert.deepEqual(scene.news(), ['t1 failed 0 this node does not offer the runtime "process"']);
  scene.runner.unassign([id("t1")]);
  await scene.settle();
  assert.deepEqual(scene.forgotten, ["t1"]);
});

Deno.test("TaskRunner says when a container went over its memory limit", async () => {
  await using scene = new RunnerScene();
  await scene.settle();
  const limits = { milliCpus: 0, memoryBytes: 64 * 2 ** 20 };
  const resources = { limits, reservations: { milliCpus: 0, memoryBytes: 0 } };
  scene.runner.assign([testAssignment("t1", { resources, command: ["oom"] })]);
  await scene.settle();
  assert.match(scene.news().at(-1) ?? "", /killed: it needed more than its memory limit of 64MiB/);
});
