/** The whole agent over the fake runtime and a manager in memory, on a clock driven by hand. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { WarrenError } from "../lib/mod.ts";
import { assignedMessage, TestManager } from "./session/testing.ts";
import { testAssignment } from "./task/testing.ts";
import { Machine } from "./testing.ts";

Deno.test("startAgent joins once with its token and comes back with its credential", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  {
    await using agent = await machine.start(manager);
    await machine.settle();
    assert.equal(agent.nodeId, "node1");
    assert.ok(agent.isConnected);
  }
  {
    await using _agent = await machine.start(manager, null);
    await machine.settle();
  }
  assert.deepEqual(manager.joins, ["node token"]);
  const hello = manager.session.requests[0]?.kind;
  assert.ok(hello?.$case === "hello");
  assert.deepEqual([hello.value.nodeId, hello.value.credential], ["node1", "credential1"]);
  assert.deepEqual(hello.value.labels, { zone: "a" });
});

Deno.test("startAgent says so when its token is refused or missing", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await assert.rejects(machine.start(manager, null), /no join token/);
  manager.refusal = new WarrenError("TOKEN_REFUSED", "Cannot join: bad token");
  await assert.rejects(machine.start(manager), /bad token/);
});

Deno.test("startAgent waits for a manager that is not there yet", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  manager.refusal = new WarrenError("CLUSTER_UNREACHABLE", "nobody answers");
  const starting = machine.start(manager);
  await machine.settle(1_000);
  manager.refusal = null;
  await machine.settle(10_000);
  await using _agent = await starting;
});

Deno.test("Agent runs what it is assigned, acknowledges it and reports it", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using agent = await machine.start(manager);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle();
  await machine.settle(20);
  assert.equal(manager.statuses.get("t1")?.state, "running");
  assert.deepEqual(manager.told, ["t1 preparing", "t1 running"]);
  const acknowledged = manager.session.requests.flatMap(({ kind }) =>
    kind?.$case === "acknowledged" ? [kind.value] : []
  );
  assert.deepEqual(acknowledged, [1]);
  assert.equal(agent.describe(), "web.1 desired=running attempt=0 running none");
});

Deno.test("Agent sends a pulse in the rhythm it is told", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  await machine.settle(6_000);
  const pulses = manager.session.requests.filter(({ kind }) => kind?.$case === "heartbeat");
  assert.equal(pulses.length, 3);
});

Deno.test("Agent takes a full set in parts and removes only what no part had", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  const update = ["t1", "t2", "t3"].map((id) => assignedMessage(testAssignment(id)));
  manager.assign({ full: true, update });
  await machine.settle();
  assert.equal(machine.runtime.runningCount, 3);
  manager.session.fail(new WarrenError("STOPPING", "the manager is stopping"));
  await machine.settle(1_000);
  assert.equal(manager.sessions.length, 2);
  manager.assign({ full: true, more: true, update: update.slice(0, 1) });
  await machine.settle();
  assert.equal(machine.runtime.runningCount, 3);
  manager.assign({ full: true, update: update.slice(2) });
  await machine.settle();
  assert.equal(machine.runtime.runningCount, 2);
});

Deno.test("Agent keeps everything running while no manager answers, and tells what happened after", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using agent = await machine.start(manager);
  await machine.settle();
  const crashing = testAssignment("t1", { command: ["sleep", "5000", "exit", "1"] });
  manager.assign({
    full: true,
    update: [assignedMessage(crashing), assignedMessage(testAssignment("t2"))],
  });
  await machine.settle(100);
  const known = new Map(manager.statuses);
  manager.refusal = new WarrenError("CLUSTER_UNREACHABLE", "nobody answers");
  manager.session.fail(manager.refusal);
  await machine.settle(7_000);
  assert.ok(!agent.isConnected);
  assert.equal(machine.runtime.runningCount, 2, "the crashed task was started again");
  manager.refusal = null;
  await machine.settle(10_000);
  assert.ok(agent.isConnected);
  manager.told.length = 0;
  const again = [
    assignedMessage(crashing, known.get("t1")),
    assignedMessage(testAssignment("t2"), known.get("t2")),
  ];
  manager.assign({ full: true, update: again });
  await machine.settle(20);
  assert.ok((manager.statuses.get("t1")?.restarts ?? 0) >= 1);
  assert.ok(!manager.told.includes("t2 running"), "what is stored is not sent again");
});

Deno.test("Agent sends a status again that a broken session lost", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(100);
  manager.session.fail(new WarrenError("STOPPING", "stopping"));
  await machine.settle(1_000);
  manager.told.length = 0;
  const old = manager.statuses.get("t1");
  assert.ok(old);
  manager.assign({
    full: true,
    update: [assignedMessage(testAssignment("t1"), { ...old, state: "assigned", sequence: 1 })],
  });
  await machine.settle(20);
  assert.deepEqual(manager.told, ["t1 running"]);
});

Deno.test("Agent alone after a reboot starts again what it remembers", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  {
    await using _agent = await machine.start(manager);
    await machine.settle();
    manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
    await machine.settle(1_000);
  }
  machine.runtime.reboot();
  machine.bootId = "boot2";
  manager.refusal = new WarrenError("CLUSTER_UNREACHABLE", "nobody answers");
  await using agent = await machine.start(manager, null);
  await machine.settle(2_000);
  assert.equal(machine.runtime.runningCount, 1);
  assert.ok(!agent.isConnected);
});

Deno.test("Agent restarted under a running task changes nothing on the runtime", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  {
    await using _agent = await machine.start(manager);
    await machine.settle();
    manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
    await machine.settle(1_000);
  }
  const before = machine.runtime.calls.filter((call) => /^(create|start|stop|remove)/.test(call));
  await using _agent = await machine.start(manager, null);
  await machine.settle();
  manager.assign({
    full: true,
    update: [assignedMessage(testAssignment("t1"), manager.statuses.get("t1"))],
  });
  await machine.settle(60_000);
  const after = machine.runtime.calls.filter((call) => /^(create|start|stop|remove)/.test(call));
  assert.deepEqual(after, before);
});

Deno.test("Agent reports an assignment that it cannot understand as failed", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  const message = { ...assignedMessage(testAssignment("t1")), desiredState: "dancing" };
  manager.assign({ full: true, update: [message, assignedMessage(testAssignment("t2"))] });
  await machine.settle(20);
  assert.equal(manager.statuses.get("t1")?.state, "failed");
  assert.equal(machine.runtime.runningCount, 1);
});

Deno.test("Agent sends the use of resources every ten seconds", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(20_000);
  const batches = manager.session.requests.flatMap(({ kind }) =>
    kind?.$case === "stats" ? [kind.value] : []
  );
  assert.deepEqual(batches.map(({ stats }) => stats.map(({ taskId }) => taskId)), [["t1"], ["t1"]]);
});

async function withTask(
  command: readonly string[],
  body: (machine: Machine, manager: TestManager) => Promise<void>,
) {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle();
  manager.assign({ full: true, update: [assignedMessage(testAssignment("t1", { command }))] });
  await machine.settle(20);
  await body(machine, manager);
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

Deno.test("Agent relays a task's output", () =>
  withTask(["print", "hello"], async (machine, manager) => {
    manager.order({ $case: "logs", value: { taskId: "t1", follow: false, sinceMs: 0 } });
    await machine.settle();
    const [open, log, ...rest] = manager.relays[0]?.requests ?? [];
    assert.ok(open?.kind?.$case === "open" && log?.kind?.$case === "log");
    assert.deepEqual([open.kind.value.relayId, open.kind.value.credential], ["r0", "credential1"]);
    assert.deepEqual([log.kind.value.taskName, text(log.kind.value.line)], ["web.1", "hello"]);
    assert.equal(rest.length, 0);
    assert.ok(manager.relays[0]?.hasEnded);
  }));

Deno.test("Agent goes on relaying output over a restart until nobody listens", () =>
  withTask(["print", "life", "sleep", "1000", "exit", "1"], async (machine, manager) => {
    manager.order({ $case: "logs", value: { taskId: "t1", follow: true, sinceMs: 0 } });
    await machine.settle(2_500);
    const relay = manager.relays[0];
    const lines = () => relay?.requests.filter(({ kind }) => kind?.$case === "log").length ?? 0;
    assert.equal(lines(), 2);
    relay?.close();
    await machine.settle(10_000);
    assert.equal(lines(), 2);
    assert.ok(relay?.hasEnded);
  }));

Deno.test("Agent relays a command with its input and exit code", () =>
  withTask([], async (machine, manager) => {
    const start = {
      ref: "t1",
      command: ["copy", "exit", "3"],
      tty: false,
      stdin: true,
      env: {},
      user: "",
      workdir: "",
      columns: 0,
      rows: 0,
    };
    manager.order({ $case: "exec", value: { taskId: "t1", start } });
    await machine.settle();
    const relay = manager.relays[0];
    assert.ok(relay);
    relay.send({
      kind: { $case: "exec", value: { kind: { $case: "stdin", value: Buffer.from("typed") } } },
    });
    relay.send({ kind: { $case: "exec", value: { kind: { $case: "stdinEnd", value: true } } } });
    await machine.settle();
    const said = relay.requests.flatMap(({ kind }) =>
      kind?.$case === "exec" ? [kind.value.kind] : []
    );
    assert.deepEqual(said.map((one) => one?.$case === "stdout" ? text(one.value) : one?.value), [
      "typed",
      3,
    ]);
  }));

Deno.test("Agent says why a relay cannot be had", () =>
  withTask([], async (machine, manager) => {
    manager.order({ $case: "logs", value: { taskId: "nope", follow: false, sinceMs: 0 } });
    await machine.settle();
    const failure = manager.relays[0]?.requests.at(-1)?.kind;
    assert.ok(failure?.$case === "failure");
    assert.equal(failure.value.reason, "TASK_NOT_FOUND");
  }));
