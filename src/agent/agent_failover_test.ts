/** What an agent does when managers come, go, change their minds or fall silent. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import { memoryManagers } from "./session/manager_memory.ts";
import { assignedMessage, TestManager } from "./session/testing.ts";
import { testAssignment } from "./task/testing.ts";
import { Machine } from "./testing.ts";

const NO_LEADER = new WarrenError("NO_LEADER", "This manager does not lead any more");
const UNREACHABLE = new WarrenError("CLUSTER_UNREACHABLE", "nobody answers");
const WORKER = { role: "worker", managerToken: "", memberId: "", index: 1 };

/** Three managers by their addresses; those that are not there refuse. */
function threeManagers() {
  const managers = new Map(["m1:1", "m2:1", "m3:1"].map((at) => [at, new TestManager()]));
  const at = (address: string): TestManager => {
    const manager = managers.get(address);
    assert.ok(manager, `${address} is no manager`);
    return manager;
  };
  for (const manager of managers.values()) {
    manager.managers = [...managers.keys()];
    manager.role = WORKER;
  }
  const connect: TestManager["connect"] = (address) => at(address).connect(address);
  /** Only `leader` serves from now on; the rest refuse with `refusal`. */
  const lead = (leader: string | null, refusal = NO_LEADER) => {
    for (const [address, manager] of managers) {
      manager.refusal = address === leader ? null : refusal;
      if (manager.refusal) { for (const session of manager.sessions) session.fail(refusal); }
    }
  };
  return { at, connect, lead };
}

function changesOf(machine: Machine): string[] {
  return machine.runtime.calls.filter((call) => /^(create|start|stop|remove)/.test(call));
}

Deno.test("Agent is with the new leader soon after there is one, and touches no task for it", async () => {
  for (const outageMs of [0, 300, 1_000, 2_000]) {
    for (const refusal of [NO_LEADER, UNREACHABLE]) {
      const machine = new Machine();
      const { at, connect, lead } = threeManagers();
      lead("m1:1");
      await using agent = await machine.start(at("m1:1"), "token", connect);
      await machine.settle();
      at("m1:1").assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
      await machine.settle(10_000);
      const before = changesOf(machine);
      lead(null, refusal);
      await machine.settle(outageMs);
      assert.ok(!agent.isConnected);
      lead("m3:1", refusal);
      const limitMs = 150 + outageMs / 2;
      await machine.settle(limitMs);
      assert.ok(agent.isConnected, `${refusal.reason}: connected ${limitMs} ms after the election`);
      at("m3:1").assign({
        full: true,
        update: [assignedMessage(testAssignment("t1"), at("m1:1").statuses.get("t1"))],
      });
      await machine.settle(60_000);
      assert.deepEqual(changesOf(machine), before);
    }
  }
});

Deno.test("Agent tells the new leader what the last one was told and could not commit", async () => {
  const machine = new Machine();
  const { at, connect, lead } = threeManagers();
  lead("m1:1");
  await using _agent = await machine.start(at("m1:1"), "token", connect);
  await machine.settle();
  at("m1:1").assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(100);
  const reported = at("m1:1").statuses.get("t1");
  assert.equal(reported?.state, "running");
  lead("m2:1");
  await machine.settle(1_000);
  const committed = { ...reported, state: "assigned", sequence: 0 };
  at("m2:1").assign({ full: true, update: [assignedMessage(testAssignment("t1"), committed)] });
  await machine.settle(20);
  assert.deepEqual(at("m2:1").told, ["t1 running"]);
});

Deno.test("Agent keeps its tasks however long all managers are away, and asks them in bounds", async () => {
  const machine = new Machine();
  const { at, connect, lead } = threeManagers();
  lead("m1:1");
  await using agent = await machine.start(at("m1:1"), "token", connect);
  await machine.settle();
  at("m1:1").assign({ full: true, update: [assignedMessage(testAssignment("t1"))] });
  await machine.settle(5_000);
  const before = changesOf(machine);
  lead(null, UNREACHABLE);
  await machine.settle(60_000);
  const dialled = () => ["m1:1", "m2:1", "m3:1"].map((one) => at(one).dialled.length);
  const afterMinute = dialled();
  await machine.settle(3_600_000);
  const perHour = dialled().map((count, index) => count - (afterMinute[index] ?? 0));
  for (const count of perHour) assert.ok(count > 200 && count < 500, `${perHour} tries in an hour`);
  assert.deepEqual(changesOf(machine), before);
  assert.equal(machine.runtime.runningCount, 1);
  lead("m2:1", UNREACHABLE);
  await machine.settle(20_000);
  assert.ok(agent.isConnected);
});

Deno.test("Agent leaves a manager that has fallen silent for another one", async () => {
  const machine = new Machine();
  const { at, connect, lead } = threeManagers();
  lead("m1:1");
  await using agent = await machine.start(at("m1:1"), "token", connect);
  await machine.settle(10_000);
  assert.equal(at("m1:1").sessions.length, 1, "its answers keep the session");
  at("m1:1").isSilent = true;
  at("m2:1").refusal = null;
  await machine.settle(6_000);
  assert.ok(agent.isConnected);
  assert.equal(at("m2:1").sessions.length, 1);
});

Deno.test("Agent keeps the session with an older manager, which does not answer heartbeats", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  await using _agent = await machine.start(manager);
  await machine.settle(60_000);
  assert.equal(manager.sessions.length, 1);
});

Deno.test("Agent that starts again after every address it was given is gone finds the managers", async () => {
  const machine = new Machine();
  const { at, connect } = threeManagers();
  machine.managers = memoryManagers();
  {
    const one = new TestManager();
    one.managers = ["m2:1", "m3:1"];
    await using _agent = await machine.start(one);
    await machine.settle();
  }
  at("m1:1").refusal = UNREACHABLE;
  at("m2:1").refusal = UNREACHABLE;
  await using agent = await machine.start(at("m3:1"), null, connect);
  await machine.settle(1_000);
  assert.ok(agent.isConnected);
  assert.deepEqual(agent.managers, ["m1:1", "m2:1", "m3:1"], "as the last manager says");
});

Deno.test("Agent goes on though where managers are cannot be written down", async () => {
  const machine = new Machine();
  const { at, connect } = threeManagers();
  machine.managers = {
    load: () => Promise.resolve([]),
    save: () => Promise.reject(new Error("no space left")),
  };
  await using agent = await machine.start(at("m1:1"), "token", connect);
  await machine.settle();
  assert.ok(agent.isConnected);
});

Deno.test("Agent says what the managers want its node to be, each time they say it", async () => {
  const machine = new Machine();
  const manager = new TestManager();
  manager.role = WORKER;
  const roles: string[] = [];
  machine.onRole = ({ role }) => roles.push(role);
  await using _agent = await machine.start(manager);
  await machine.settle();
  const wanted = { ...WORKER, role: "hybrid", managerToken: "t" };
  manager.session.send({ kind: { $case: "role", value: wanted } });
  await machine.settle();
  assert.deepEqual(roles, ["worker", "hybrid"]);
});
