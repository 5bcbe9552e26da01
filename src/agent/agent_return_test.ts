/** What an agent does when its managers do not want it, when its session breaks, and with time. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { WarrenError } from "../lib/mod.ts";
import { assignedMessage, TestManager } from "./session/testing.ts";
import { testAssignment } from "./task/testing.ts";
import { Machine } from "./testing.ts";

const REMOVED = new WarrenError("NODE_REMOVED", "This node was removed from the cluster");

/** An agent with two tasks that run. */
async function withTasks(body: (machine: Machine, manager: TestManager) => Promise<void>) {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  const update = ["t1", "t2"].map((id) => assignedMessage(testAssignment(id)));
  manager.assign({ full: true, update });
  await machine.settle(100);
  assert.equal(machine.runtime.runningCount, 2);
  await body(machine, manager);
}

Deno.test("Agent that is told of its removal ends all its tasks, then says so", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using agent = await machine.start(manager);
  let failure: WarrenError | undefined;
  void agent.failed.then((error) => failure = error);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(100);
  manager.refusal = REMOVED;
  manager.session.fail(REMOVED);
  await machine.settle(20_000);
  assert.deepEqual([machine.runtime.runningCount, agent.describe()], [0, ""]);
  assert.equal(failure?.reason, "NODE_REMOVED");
  assert.equal(manager.sessions.length, 1, "it does not come back");
});

Deno.test("Agent that was removed while it was away ends what it remembers", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  {
    await using _agent = await machine.start(manager);
    await machine.settle();
    manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
    await machine.settle(1_000);
  }
  manager.refusal = REMOVED;
  await using agent = await machine.start(manager, null);
  await machine.settle(20_000);
  assert.equal((await agent.failed).reason, "NODE_REMOVED");
  assert.equal(machine.runtime.runningCount, 0);
});

Deno.test("Agent that a manager does not know keeps its tasks: that manager may be the one in error", () =>
  withTasks(async (machine, manager) => {
    manager.refusal = new WarrenError("TOKEN_REFUSED", "Node is not known here");
    manager.session.fail(manager.refusal);
    await machine.settle(60_000);
    assert.equal(machine.runtime.runningCount, 2);
  }));

Deno.test("Agent whose sessions break at once asks less and less often", () =>
  withTasks(async (machine, manager) => {
    await machine.settle(10_000);
    const before = manager.sessions.length;
    for (let ms = 0; ms < 60_000; ms += 10) {
      manager.session.fail(new WarrenError("TOO_MANY", "the queue is full"));
      await machine.clock.advance(10);
    }
    const begun = manager.sessions.length - before;
    assert.ok(begun >= 10 && begun < 40, `${begun} sessions in a minute`);
  }));

Deno.test("Agent comes back though a command with input could not be run", () =>
  withTasks(async (machine, manager) => {
    const start = {
      ...{ ref: "t1", command: ["copy"], tty: false, stdin: true, env: {} },
      ...{ user: "", workdir: "", columns: 0, rows: 0 },
    };
    const running = Promise.withResolvers<never>();
    machine.runtime.exec = () => running.promise;
    manager.order({ $case: "exec", value: { taskId: "t1", start } });
    const input = { $case: "stdin" as const, value: Buffer.from("typed") };
    await machine.settle();
    const relay = manager.relays[0];
    assert.ok(relay);
    relay.send({ kind: { $case: "exec", value: { kind: input } } });
    await machine.settle();
    running.reject(new WarrenError("ENGINE_FAILED", "Cannot run the command"));
    await machine.settle();
    manager.session.fail(new WarrenError("STOPPING", "the manager is stopping"));
    await machine.settle(5_000);
    assert.equal(manager.sessions.length, 2);
  }));

Deno.test("Agent outlives a manager's address that cannot be dialled", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  {
    await using _agent = await machine.start(manager);
    await machine.settle();
  }
  const connect: TestManager["connect"] = (address) => {
    if (address === "m1:1") throw new WarrenError("USAGE", `"${address}" is not an address`);
    return manager.connect(address);
  };
  await using agent = await machine.start(manager, null, connect);
  await machine.settle(1_000);
  assert.ok(agent.isConnected, "the other manager is asked");
});

Deno.test("Agent saves again what could not be saved, and says that it could not", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  const { state } = machine;
  let isFull = true;
  machine.state = {
    load: () => state.load(),
    save: (saved) => isFull ? Promise.reject(new Error("no space left")) : state.save(saved),
  };
  await using agent = await machine.start(manager);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(2_000);
  assert.match(agent.memoryTrouble, /no space left/);
  isFull = false;
  await machine.settle(10_000);
  assert.equal((await state.load())?.tasks.length, 1);
  assert.equal(agent.memoryTrouble, "");
});

Deno.test("Agent tells the labels it was started with once, so that later changes of them stay", () =>
  withTasks(async (machine, manager) => {
    manager.session.fail(new WarrenError("STOPPING", "the manager is stopping"));
    await machine.settle(5_000);
    const hellos = manager.sessions.map(({ requests }) => requests[0]?.kind);
    assert.deepEqual(
      hellos.map((hello) => hello?.$case === "hello" ? hello.value.labels : null),
      [{ zone: "a" }, {}],
    );
  }));
