/**
 * Nodes that become managers and workers while their tasks run, and managers that are removed.
 */
import assert from "node:assert/strict";
import { type GroupNode, NodeGroup } from "../harness/managers.ts";
import { type Finished, until } from "../harness/warren.ts";

const SERVICE = ["--runtime", "process", "--stop-timeout", "0s", "--"];
const TELLS = ["sh", "-c", 'echo "started as $$"; while :; do sleep 1; done'];

function reasonOf({ stderr }: Finished): { reason: string; message: string; hint: string } {
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}").error ?? {};
}

async function nodeOf(from: GroupNode, name: string) {
  return await from.json("node", "inspect", name);
}

function memberIdOf({ dir }: GroupNode): string {
  const { memberId } = JSON.parse(Deno.readTextFileSync(`${dir}/data/node.json`));
  assert.match(memberId, /^[a-z0-9]{25}$/);
  return memberId;
}

/** What runs in a service: tasks, how often each was started, and what each told. */
async function standOf(from: GroupNode, service: string): Promise<string> {
  const tasks: readonly { id: string; node: string; state: string; restarts: number }[] = await from
    .json("task", "list", "--service", service);
  const lines = tasks.map(({ id, node, state, restarts }) => `${id} ${node} ${state} ${restarts}`);
  const told = (await from.ok("logs", service)).trimEnd().split("\n");
  return [...lines, ...told].sort().join("\n");
}

async function untilReady(from: GroupNode, count: number): Promise<void> {
  await until(`${count} ready nodes`, async () => {
    const nodes: readonly { status: string }[] = await from.json("node", "list");
    return nodes.filter(({ status }) => status === "ready").length === count;
  });
}

Deno.test("a node keeps its tasks through promotion, demotion and promotion again, the leader too", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  const worker = await group.addWorker("w1");
  const m1 = group.get("m1");
  await untilReady(m1, 4);
  await m1.ok("service", "create", "web", "--replicas", "4", ...SERVICE, ...TELLS);
  const before = await standOf(m1, "web");
  assert.equal(before.split("\n").length, 8);

  await m1.ok("node", "promote", "w1");
  await group.untilWhole(["m1", "m2", "m3", "w1"]);
  const firstId = memberIdOf(worker);
  assert.equal(await standOf(worker, "web"), before, "the new manager answers, nothing restarted");
  // Asked twice, it is done once.
  await worker.ok("node", "promote", "w1");

  await m1.ok("node", "demote", "w1");
  await group.untilWhole(["m1", "m2", "m3"]);
  await untilReady(m1, 4);
  const demoted = await nodeOf(m1, "w1");
  assert.deepEqual([demoted.role, demoted.address], ["worker", ""]);
  assert.equal(await standOf(m1, "web"), before);
  assert.equal((await worker.run("node", "list")).code, 3, "a worker serves no API");

  await m1.ok("node", "promote", "w1");
  await group.untilWhole(["m1", "m2", "m3", "w1"]);
  assert.notEqual(memberIdOf(worker), firstId, "a member of its own each time");

  const leader = await group.leader();
  const rest = ["m1", "m2", "m3", "w1"].filter((name) => name !== leader.name);
  const [other = ""] = rest;
  await leader.ok("node", "demote", leader.name);
  await group.untilWhole(rest);
  await untilReady(group.get(other), 4);
  assert.equal((await nodeOf(group.get(other), leader.name)).role, "worker");
  assert.equal(await standOf(group.get(other), "web"), before);
  // A restart of the process finds the worker that it is by now.
  await leader.end("SIGKILL");
  await leader.start();
  await untilReady(group.get(other), 4);
  assert.equal(await standOf(group.get(other), "web"), before);
});

Deno.test("node rm takes managers that are gone, not those whose loss nobody could undo", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  const [m1, m2, m3] = [group.get("m1"), group.get("m2"), group.get("m3")];
  await m1.ok("cluster", "transfer-leader", "m1");
  await untilReady(m1, 3);
  const live = await m2.run("node", "rm", "m3", "-o", "json");
  assert.deepEqual([live.code, reasonOf(live).reason], [1, "NODE_NOT_DOWN"]);
  assert.match(reasonOf(live).hint, /demote m3.*stop it.*--force/);

  await m3.end("SIGTERM");
  await group.untilGone("m3", m1);
  for (const force of [[], ["--force"]]) {
    const risky = await m1.run("node", "rm", "m2", ...force, "-o", "json");
    const { reason, message } = reasonOf(risky);
    if (force.length === 0) assert.equal(reason, "NODE_NOT_DOWN");
    else {
      assert.deepEqual([risky.code, reason], [1, "QUORUM_AT_RISK"]);
      assert.match(message, /of the 2 managers left, 2 must be reachable and 1 is/);
    }
  }
  const demote = await m2.run("node", "demote", "m2", "-o", "json");
  assert.equal(reasonOf(demote).reason, "QUORUM_AT_RISK");

  await m2.ok("node", "rm", "m3");
  assert.deepEqual((await group.members(m1)).map(({ name }) => name).sort(), ["m1", "m2"]);
  // It learns that it was removed, says so and ends; it does not try for ever, nor harm the others.
  await assertRemoved(m3);
  await group.untilWhole(["m1", "m2"]);

  // One that still runs goes with --force, and ends by itself.
  const { daemon } = m2;
  await m1.ok("node", "rm", "m2", "--force");
  assert.equal(await daemon.ended(), 1);
  assert.match(daemon.lines.join("\n"), /"reason":"NODE_REMOVED"/);
  assert.match(daemon.lines.join("\n"), /empty data directory/);
  await group.untilWhole(["m1"]);
  const last = await m1.run("node", "demote", "m1", "-o", "json");
  assert.deepEqual([last.code, reasonOf(last).reason], [1, "QUORUM_AT_RISK"]);
  assert.match(reasonOf(last).message, /only manager with a vote/);
});

async function assertRemoved(node: GroupNode): Promise<void> {
  let text = "";
  try {
    await node.start();
    const code = await node.daemon.ended();
    text = node.daemon.lines.join("\n");
    assert.equal(code, 1);
  } catch (error) {
    // It may end before it is ready.
    if (error instanceof assert.AssertionError) throw error;
    text = String(error);
  }
  assert.match(text, /"reason":"NODE_REMOVED"/);
  assert.match(text, /removed from the cluster/);
}

Deno.test("a promotion that cannot be carried out leaves a worker at work, and says why", async () => {
  await using group = await NodeGroup.start("m1");
  const m1 = group.get("m1");
  const worker = await group.addWorker("w1");
  await untilReady(m1, 2);
  // Somebody else has the port that its manager would listen on.
  const [hostname = "", port = ""] = worker.api.split(":");
  using _squatter = Deno.listen({ hostname, port: Number(port) });
  const promoted = await m1.run("node", "promote", "w1", "--timeout", "3s", "-o", "json");
  assert.deepEqual([promoted.code, reasonOf(promoted).reason], [1, "NOT_SETTLED"]);
  assert.match(reasonOf(promoted).hint, /the log of "w1"/);
  const log = await until("the reason in its log", () => {
    return Promise.resolve(worker.daemon.lines.find((line) => line.includes("stays a worker")));
  });
  assert.match(log, /PORT_IN_USE/);
  // Taken back, it is not tried again, even though the next try is due soon.
  await m1.ok("node", "demote", "w1");
  await group.untilWhole(["m1"]);
  await untilReady(m1, 2);
  assert.equal((await nodeOf(m1, "w1")).role, "worker");
});
