/**
 * SIGKILL at random moments of a create, scale and remove workload, over and over on one data
 * directory: what was acknowledged is there afterwards, nothing is left over, and what ran runs on.
 *
 * `WARREN_KILLS` sets the number of kills per runtime; CI takes a small one, `scripts/kills` 200.
 */
import assert from "node:assert/strict";
import { Prng } from "../../src/lib/mod.ts";
import type { TaskSpec } from "../../src/model/mod.ts";
import { specOf, TestApi } from "../harness/api.ts";
import { containersOf, removeLabelled, testImage } from "../harness/docker.ts";
import { until, WarrenDaemon } from "../harness/warren.ts";

const KILLS = Number(Deno.env.get("WARREN_KILLS") ?? 20);
const SEED = Number(Deno.env.get("WARREN_SEED") ?? Date.now() % 100_000);
const ANCHORS = ["anchor-a", "anchor-b"];

/** What the cluster must hold: replicas by name; a set where the answer was lost. */
type Expected = Map<string, Set<number>>;

/** Replicas of a service that may or may not be gone. */
const GONE = -1;

Deno.test("SIGKILL loses no acknowledged change and restarts no host process", async () => {
  await killOver("process", { command: ["sleep", "100000"], runtime: "process" });
});

Deno.test("SIGKILL loses no acknowledged change, orphans and restarts no container", async () => {
  const image = await testImage();
  const cluster = await killOver("docker", { image, command: ["sleep", "100000"] });
  await removeLabelled(cluster);
});

async function killOver(runtime: "process" | "docker", task: Partial<TaskSpec>): Promise<string> {
  const prng = new Prng(SEED);
  const dir = await Deno.makeTempDir({ prefix: "warren-kills-" });
  const started = async () =>
    await WarrenDaemon.start({ dir, flags: ["--runtime", runtime, "--log-level", "warn"] });
  const fast: Partial<TaskSpec> = { ...task, stopTimeoutMs: 0 };
  const expected: Expected = new Map();
  let daemon = await started();
  let anchors: string | undefined;
  let changes = 0;
  try {
    using api = new TestApi(daemon.host);
    for (const name of ANCHORS) await api.create(specOf(name, 2, fast));
    for (const name of ANCHORS) await api.settled(name, 2);
    anchors = await identities(api);
    for (let kill = 0; kill < KILLS; kill++) {
      changes += await changeUntilKilled(daemon, expected, { prng, fast });
      daemon = await started();
      using after = new TestApi(daemon.host);
      await checkAcknowledged(after, expected, `kill ${kill + 1} of seed ${SEED}`);
    }
    using last = new TestApi(daemon.host);
    for (const name of ANCHORS) await last.settled(name, 2);
    for (const [name, [replicas]] of expected) await last.settled(name, replicas ?? 0);
    assert.equal(await identities(last), anchors, `seed ${SEED}: an anchor was restarted`);
    assert.ok(changes >= KILLS, `only ${changes} changes were acknowledged: the workload is idle`);
    const cluster = (await daemon.json(["cluster", "info"])).clusterId as string;
    if (runtime === "docker") await checkNoOrphans(last, cluster);
    for (const { spec } of await last.list()) await last.remove(spec?.name ?? "");
    await until("every task to be gone", async () => (await last.tasks()).length === 0, 60_000);
    if (runtime === "docker") {
      await until("no container", async () => (await containersOf(cluster)).length === 0, 60_000);
    }
    return cluster;
  } finally {
    await daemon.kill("SIGTERM");
    await Deno.remove(dir, { recursive: true });
  }
}

/** Task and container of every anchor: equal before and after when nothing was restarted. */
async function identities(api: TestApi): Promise<string> {
  const anchored = (await api.tasks()).filter(({ serviceName }) => ANCHORS.includes(serviceName));
  const lines = anchored.map((task) => `${task.id} ${task.containerId} ${task.restarts}`);
  return lines.sort().join("\n");
}

/** Runs changes one after another and kills the daemon in the middle of one. */
async function changeUntilKilled(
  daemon: WarrenDaemon,
  expected: Expected,
  { prng, fast }: { prng: Prng; fast: Partial<TaskSpec> },
): Promise<number> {
  using api = new TestApi(daemon.host);
  let acknowledged = 0;
  const timer = Promise.withResolvers<void>();
  const id = setTimeout(timer.resolve, prng.below(400));
  let killed = false;
  const killing = timer.promise.then(async () => {
    killed = true;
    await daemon.kill("SIGKILL");
  });
  while (!killed) {
    try {
      await oneChange(api, expected, { prng, fast });
      acknowledged++;
    } catch (error) {
      if (!killed && !/unreachable|cannot reach|closed|reset/i.test(String(error))) throw error;
      break;
    }
  }
  await killing;
  clearTimeout(id);
  return acknowledged;
}

async function oneChange(
  api: TestApi,
  expected: Expected,
  { prng, fast }: { prng: Prng; fast: Partial<TaskSpec> },
): Promise<void> {
  const names = [...expected.keys()];
  const known = names.length > 0 ? prng.pick(names) : undefined;
  const dice = prng.below(3);
  if (known === undefined || (dice === 0 && names.length < 6)) {
    const name = `svc-${prng.uint32().toString(36)}`;
    const replicas = 1 + prng.below(2);
    expected.set(name, new Set([GONE, replicas]));
    await api.create(specOf(name, replicas, fast));
    expected.set(name, new Set([replicas]));
  } else if (dice === 1) {
    const before = expected.get(known) ?? new Set();
    const replicas = prng.below(3);
    expected.set(known, new Set([...before, replicas]));
    await api.scale(known, replicas);
    expected.set(known, new Set([replicas]));
  } else {
    expected.set(known, new Set([...(expected.get(known) ?? []), GONE]));
    await api.remove(known);
    expected.delete(known);
  }
}

/** Compares the services with what was acknowledged, and settles what was in doubt. */
async function checkAcknowledged(api: TestApi, expected: Expected, when: string): Promise<void> {
  const found = new Map<string, number>();
  for (const { spec } of await api.list()) {
    if (spec && !ANCHORS.includes(spec.name)) found.set(spec.name, spec.replicas ?? 1);
  }
  for (const [name, allowed] of [...expected]) {
    const replicas = found.get(name) ?? GONE;
    const wanted = [...allowed].join(" or ");
    assert.ok(allowed.has(replicas), `${when}: "${name}" has ${replicas} replicas, not ${wanted}`);
    if (replicas === GONE) expected.delete(name);
    else expected.set(name, new Set([replicas]));
  }
  for (const name of found.keys()) {
    assert.ok(expected.has(name), `${when}: "${name}" was removed and is back`);
  }
}

/** Every container of the cluster belongs to a task that is known, and to no other. */
async function checkNoOrphans(api: TestApi, cluster: string): Promise<void> {
  await until("containers and tasks to be the same", async () => {
    const wanted = (await api.tasks()).map(({ containerId }) => containerId).sort();
    const found = (await containersOf(cluster)).sort();
    return JSON.stringify(wanted) === JSON.stringify(found);
  }, 60_000);
}
