/**
 * Managers without a majority, and all of them started again: what is still answered, what every
 * command says and how it ends, and that nothing is lost.
 */
import assert from "node:assert/strict";
import { type GroupNode, NodeGroup } from "../harness/managers.ts";
import { readMetrics, readText } from "../harness/metrics.ts";
import { Following } from "../harness/streams.ts";
import { type Finished, until } from "../harness/warren.ts";

/** Patience of a command while there is no leader is 9 s; the rest is for a machine with other work. */
const PATIENCE_MS = 30_000;

const CREATE = ["service", "create", "web", "--runtime", "process", "--stop-timeout", "0s"];
const TELLS = ["--", "sh", "-c", 'echo "started as $$"; while :; do sleep 1; done'];

interface Told {
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

function toldBy({ stderr }: Finished): Told {
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}").error ?? {};
}

/** Commands that need a leader: reads, changes, streams, changes of the managers. */
const UNLED: readonly (readonly string[])[] = [
  ["service", "list"],
  ["node", "inspect", "m1"],
  ["cluster", "join-token", "manager"],
  ["service", "scale", "web=4"],
  ["config", "create", "c", "--from-literal", "x"],
  ["node", "drain", "m1"],
  ["node", "promote", "m1"],
  ["node", "rm", "m2", "--force"],
  ["cluster", "transfer-leader"],
  ["logs", "web"],
  ["exec", "web", "--", "true"],
  ["events", "--no-follow"],
];

/** Those that only look, from what the asked manager knows. */
const STALE: readonly (readonly string[])[] = [
  ["service", "list"],
  ["service", "inspect", "web"],
  ["service", "ps", "web"],
  ["task", "list"],
  ["node", "list"],
  ["events", "--no-follow"],
  ["cluster", "info"],
];

/** `args` with errors as JSON; what follows on `--` is not the program's. */
function inJson(args: readonly string[]): readonly string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return [...args.slice(0, end), "-o", "json", ...args.slice(end)];
}

async function timed(work: Promise<Finished>): Promise<Finished & { readonly tookMs: number }> {
  const startMs = performance.now();
  const finished = await work;
  return { ...finished, tookMs: performance.now() - startMs };
}

/** Everything that must be the same before and after: services, tasks, starts of processes. */
async function standOf(node: GroupNode): Promise<string> {
  const [{ id, replicas }] = await node.json("service", "list");
  const tasks: readonly Record<string, unknown>[] = await node.json("task", "list");
  const lines = tasks.map(({ id, node, restarts, state }) => `${id} ${node} ${restarts} ${state}`);
  const starts = (await node.ok("logs", "web")).trimEnd().split("\n");
  return [`${id} ${replicas.desired}`, ...lines, ...starts].sort().join("\n");
}

async function checkUnled(node: GroupNode): Promise<void> {
  // All at once: each waits for a leader that does not come.
  const ended = await Promise.all(UNLED.map((args) => timed(node.run(...inJson(args)))));
  for (const [at, finished] of ended.entries()) {
    const what = UNLED[at]?.join(" ") ?? "";
    const { reason, message, hint } = toldBy(finished);
    assert.deepEqual([finished.code, reason], [3, "NO_LEADER"], `${what}: ${finished.stderr}`);
    assert.match(message, /no leader/, what);
    assert.match(hint, /cluster info.*--stale/, what);
    assert.ok(finished.tookMs < PATIENCE_MS, `${what} took ${finished.tookMs} ms`);
    assert.equal(finished.stdout, "", what);
  }
}

async function checkStale(node: GroupNode): Promise<void> {
  for (const args of STALE) {
    const { code, stdout, stderr, tookMs } = await timed(node.run(...args, "--stale"));
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    assert.match(stdout, /web|m1/, args.join(" "));
    assert.ok(tookMs < PATIENCE_MS, `${args.join(" ")} took ${tookMs} ms`);
  }
}

async function checkHealthUnled(node: GroupNode): Promise<void> {
  const ready = JSON.parse(await readText(`${node.metrics}/ready`));
  assert.equal(ready.status, "not_ready");
  assert.match(ready.components.raft, /there is no leader/);
  assert.equal(JSON.parse(await readText(`${node.metrics}/health`)).status, "healthy");
  const metrics = await readMetrics(node.metrics);
  assert.equal(metrics.get("warren_raft_is_leader"), 0);
  assert.equal(metrics.get("warren_raft_has_leader"), 0);
  assert.ok((metrics.get("warren_raft_quorum_margin") ?? 0) < 0);
}

async function checkInterrupts(node: GroupNode): Promise<void> {
  // Events that nobody wants any more have been followed to the end.
  const rows: readonly (readonly [number, ...string[]])[] = [
    [130, "service", "list"],
    [130, "service", "scale", "web=5"],
    [130, "logs", "web"],
    [0, "events"],
  ];
  const commands = rows.map(([, ...args]) => args);
  const others = await connectionsTo(node.api);
  const following = commands.map((args) => new Following(node.api, args));
  await until("each to have asked", async () => {
    return await connectionsTo(node.api) >= others + commands.length;
  });
  const startMs = performance.now();
  const codes = await Promise.all(following.map((command) => command.interrupt()));
  assert.ok(performance.now() - startMs < 6_000, "Ctrl-C ends what waits for a leader");
  assert.deepEqual(codes, rows.map(([code]) => code));
}

/** Open connections of this machine to `address`. */
async function connectionsTo(address: string): Promise<number> {
  const port = Number(address.split(":").at(-1)).toString(16).toUpperCase().padStart(4, "0");
  const lines = (await Deno.readTextFile("/proc/net/tcp")).split("\n");
  const established = new RegExp(`^ *\\d+: \\S+ [0-9A-F]{8}:${port} 01 `);
  return lines.filter((line) => established.test(line)).length;
}

Deno.test("all managers started again have everything; one alone says what it knows and what it lacks", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  const [m1, m2, m3] = [group.get("m1"), group.get("m2"), group.get("m3")];
  await group.untilReady();
  await m1.ok(...CREATE, "--replicas", "3", ...TELLS);
  const before = await standOf(m1);

  await Promise.all(group.running.map((node) => node.end("SIGKILL")));
  const startMs = performance.now();
  await Promise.all([m1.start(), m2.start(), m3.start()]);
  await group.untilWhole();
  assert.ok(performance.now() - startMs < 30_000, "there is a leader soon");
  await group.untilReady();
  assert.equal(await standOf(m2), before, "nothing is lost and nothing was restarted");

  await Promise.all(group.running.map((node) => node.end("SIGKILL")));
  // The founder waits for the others like anybody else.
  const starting = m1.start();
  await until("its endpoint", async () => {
    return await readText(`${m1.metrics}/health`).then(() => true, () => false);
  });
  await checkHealthUnled(m1);
  await starting;
  await checkStale(m1);
  const { stdout } = await m1.run("cluster", "info");
  assert.match(stdout, /Leader: +none: 1 of 3 votes can be reached, 2 are needed/);
  await checkUnled(m1);
  await checkInterrupts(m1);

  await m3.start();
  await until("the two to have a leader", async () => {
    return JSON.parse(await readText(`${m1.metrics}/ready`)).status === "ready";
  });
  await m1.ok("config", "create", "c", "--from-literal", "x");
  assert.equal((await m3.json("config", "list")).length, 1);
  await m2.start();
  await group.untilWhole();
  await group.untilReady();
  const after = await standOf(m3);
  assert.equal(after, before, "what waited in vain was not done, and no task was touched");
});

Deno.test("every manager answers faults alike", async () => {
  await using group = await NodeGroup.start("m1", "m2", "m3");
  const leader = await group.leader();
  await group.untilReady();
  await leader.ok(...CREATE, "--replicas", "1", ...TELLS);
  await leader.ok("config", "create", "c", "--from-literal", "x");
  const commands: readonly (readonly [number, ...string[]])[] = [
    [5, ...CREATE, ...TELLS],
    [5, "config", "create", "c", "--from-literal", "y"],
    [4, "service", "inspect", "nope"],
    [4, "service", "scale", "nope=2"],
    [4, "service", "rm", "nope"],
    [4, "logs", "nope"],
    [4, "exec", "nope", "--", "true"],
    [4, "node", "rm", "nope"],
    [4, "node", "promote", "nope"],
    [4, "cluster", "transfer-leader", "nope"],
    [1, "node", "rm", leader.name],
    [2, "service", "update", "web", "--env", "=x"],
  ];
  for (const [code, ...args] of commands) {
    const told = await Promise.all(group.running.map((node) => node.run(...args)));
    for (const finished of told) {
      assert.equal(finished.code, code, `${args.join(" ")}: ${finished.stderr}`);
      assert.equal(finished.stderr, told[0]?.stderr, args.join(" "));
    }
  }
});
