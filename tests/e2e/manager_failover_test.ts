/**
 * Three managers that run tasks, and a worker, when the leader's process is killed: what runs runs on,
 * the control loop goes on elsewhere, and everybody who watches is told.
 */
import assert from "node:assert/strict";
import { type GroupNode, NodeGroup } from "../harness/managers.ts";
import { faultsOfMetrics, readMetrics, readText } from "../harness/metrics.ts";
import { Following } from "../harness/streams.ts";
import { until } from "../harness/warren.ts";

/** Writes a line with what is its own at every start of the process. */
const TOLD = ["--runtime", "process", "--stop-timeout", "0s", "--"];
const TELLS = ["sh", "-c", 'echo "started as $$"; while :; do sleep 1; done'];

interface TaskLine {
  readonly id: string;
  readonly slot: number;
  readonly node: string;
  readonly state: string;
  readonly desiredState: string;
  readonly revision: number;
  readonly restarts: number;
}

async function tasksOf(node: GroupNode, service: string): Promise<readonly TaskLine[]> {
  const tasks: readonly TaskLine[] = await node.json("task", "list", "--service", service);
  return tasks.filter(({ desiredState }) => desiredState === "running");
}

/** The starts that a service's tasks have told of, sorted. */
async function starts(node: GroupNode, service: string): Promise<readonly string[]> {
  return (await node.ok("logs", service)).trimEnd().split("\n").sort();
}

async function untilRunning(node: GroupNode, service: string, count: number): Promise<void> {
  await until(`${count} running tasks of ${service}`, async () => {
    const tasks = await tasksOf(node, service);
    return tasks.length === count && tasks.every(({ state }) => state === "running");
  });
}

async function checkMetrics(group: NodeGroup, reachable: number): Promise<void> {
  for (const node of group.running) {
    if (!(await group.members()).some(({ name }) => name === node.name)) continue;
    assert.equal(await faultsOfMetrics(node.metrics), "", `promtool on ${node.name}`);
    const isLeader = await group.leader() === node;
    await until(`true metrics of ${node.name}`, async () => {
      const metrics = await readMetrics(node.metrics);
      return metrics.get("warren_raft_is_leader") === Number(isLeader) &&
        metrics.get("warren_raft_has_leader") === 1 && metrics.get("warren_raft_peers") === 3 &&
        metrics.get("warren_raft_quorum_margin") === reachable - 2;
    }, 10_000);
    for (const page of ["health", "ready"]) {
      const { status } = JSON.parse(await readText(`${node.metrics}/${page}`));
      assert.equal(status, page === "ready" ? "ready" : "healthy", `/${page} of ${node.name}`);
    }
  }
}

async function leaderChanges(node: GroupNode): Promise<number> {
  return (await readMetrics(node.metrics)).get("warren_raft_leader_changes_total") ?? -1;
}

Deno.test("a leader that is killed costs no task a restart, and work goes on at the next one", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  await group.addWorker("w1");
  const killed = await group.leader();
  await untilReadyNodes(killed, 4);
  await killed.ok("service", "create", "web", "--replicas", "6", ...TOLD, ...TELLS);
  const before = await starts(killed, "web");
  assert.equal(before.length, 6);
  const spread = new Set((await tasksOf(killed, "web")).map(({ node }) => node));
  assert.equal(spread.size, 4, "every node has its share");
  await checkMetrics(group, 3);

  const follower = await group.follower();
  const changesBefore = await leaderChanges(follower);
  await using events = new Following(follower.api, ["events", "--since", "0", "-o", "json"]);
  await until("events", () => Promise.resolve(events.lines.length > 0));
  await killed.end("SIGKILL");
  // Sent into the gap without a leader: it waits for the next one and converges there.
  await follower.ok("service", "scale", "web=8");
  const leader = await group.leader(follower);
  const news = await until("leader.changed", () => {
    const all = events.lines.map((line) => JSON.parse(line));
    return Promise.resolve(
      all.find(({ type, attributes }) =>
        type === "leader.changed" && attributes.leader === leader.name && attributes.term !== "1"
      ),
    );
  });
  assert.match(news.message, new RegExp(`node "${leader.name}" leads in term \\d+`));
  await until(
    "the scaling among the events",
    () => Promise.resolve(events.lines.some((line) => line.includes('"slot":"8"'))),
  );
  assert.ok(await leaderChanges(follower) > changesBefore, "the change of leader is counted");

  // It is back within the node timeout: its tasks are taken over as they are.
  await killed.start();
  await group.untilWhole(["m1", "m2", "m3"]);
  await untilReadyNodes(follower, 4);
  await untilRunning(follower, "web", 8);
  const after = await starts(follower, "web");
  assert.equal(after.length, 8, "nothing was started but the two new ones");
  assert.deepEqual(before.filter((line) => !after.includes(line)), []);
  assert.ok((await tasksOf(follower, "web")).every(({ restarts }) => restarts === 0));
  await checkMetrics(group, 3);

  // Logs and commands reach tasks of every node through every manager.
  const tasks = await tasksOf(follower, "web");
  for (const name of ["m1", "m2", "m3"]) {
    const { id } = tasks.find(({ node }) => node === (name === "m1" ? "w1" : "m1")) ?? { id: "" };
    const node = group.get(name);
    assert.match(await node.ok("logs", id), /started as \d+/);
    const { code, stdout } = await node.run("exec", id, "--", "sh", "-c", "echo inside; exit 7");
    assert.deepEqual([code, stdout], [7, "inside\n"]);
  }
});

Deno.test("tasks of a killed leader that stays away are replaced, a rolling update ends as asked", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  const first = await group.leader();
  await untilReadyNodes(first, 3);
  await first.ok("service", "create", "web", "--replicas", "6", ...TOLD, ...TELLS);
  const follower = await group.follower();
  const update = ["service", "update", "web", "-d", "--env", "V=2", "--update-parallelism", "1"];
  await first.ok(...update);
  await until("the update to be under way", async () => {
    const { revisions } = await progressOf(follower);
    return (revisions.get(2) ?? 0) > 0;
  });
  await first.end("SIGKILL");
  const leader = await group.leader(follower);
  await until("the update to end", async () => {
    const { states, revisions, nodes } = await progressOf(leader);
    return revisions.size === 1 && revisions.get(2) === 6 && states === "running" &&
      !nodes.has(first.name);
  }, 60_000);
  const [service] = await leader.json("service", "list");
  assert.deepEqual(service.replicas, { desired: 6, running: 6 });
  assert.equal(service.updateStatus.state, "completed");
  await until("the metrics of a cluster that has lost one", async () => {
    const metrics = await readMetrics(leader.metrics);
    return metrics.get("warren_raft_quorum_margin") === 0 &&
      metrics.get('warren_nodes{role="hybrid",status="down"}') === 1;
  });
});

/** Tasks of "web" that are to run: how many of each revision, their states and nodes. */
async function progressOf(node: GroupNode) {
  const tasks = await tasksOf(node, "web");
  const revisions = new Map<number, number>();
  for (const { revision } of tasks) revisions.set(revision, (revisions.get(revision) ?? 0) + 1);
  const states = [...new Set(tasks.map(({ state }) => state))].join(" ");
  return { revisions, states, nodes: new Set(tasks.map(({ node }) => node)) };
}

async function untilReadyNodes(node: GroupNode, count: number): Promise<void> {
  await until(`${count} ready nodes`, async () => {
    const nodes: readonly { status: string }[] = await node.json("node", "list");
    return nodes.filter(({ status }) => status === "ready").length === count;
  });
}
