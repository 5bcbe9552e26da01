import assert from "node:assert/strict";
import { Prng, realClock, silentLog } from "../../../lib/mod.ts";
import { ProcessRuntime } from "../process.ts";
import type { ContainerState } from "../runtime.ts";
import { listMarked } from "./proc_table.ts";
import { CONTAINER_VARIABLE } from "./signals.ts";

const KILLS = Number(Deno.env.get("WARREN_TEST_KILLS") ?? 6);
const signal = new AbortController().signal;

/** Runs a busy agent for `lifeMs`, kills it, and gives what it said was true. */
async function liveAndDie(dataDir: string, lifeMs: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./testdata/busy_agent.ts", import.meta.url).href,
      dataDir,
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), lifeMs);
  const { stdout, stderr, signal } = await child.output();
  clearTimeout(timer);
  assert.equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").slice(0, -1);
}

/** What the agent said before it died is true at once. */
function assertHolds(facts: readonly string[], states: readonly ContainerState[]): void {
  const byId = new Map(states.map((state) => [state.id, state]));
  for (const fact of facts) {
    const [what, id = "", pid] = fact.split(" ");
    if (what === "removed") assert.equal(byId.get(id), undefined, fact);
    else assert.equal(`${byId.get(id)?.status} ${byId.get(id)?.pid}`, `running ${pid}`, fact);
  }
}

/** A container runs if and only if it has processes; one that was being stopped ends meanwhile. */
async function assertSettles(runtime: ProcessRuntime): Promise<void> {
  const endMs = Date.now() + 5_000;
  for (let wrong = ""; Date.now() < endMs || assert.fail(wrong);) {
    wrong = "";
    for (const { id, status } of await runtime.list({}, signal)) {
      const pids = await listMarked(`${CONTAINER_VARIABLE}=${id}`);
      if (pids.length > 0 !== (status === "running")) wrong = `${id} is ${status} with ${pids}`;
    }
    if (wrong === "") return;
  }
}

async function removeAll(dataDir: string): Promise<void> {
  await using runtime = await ProcessRuntime.open({ dataDir, clock: realClock, log: silentLog });
  const ids = (await runtime.list({}, signal)).map(({ id }) => id);
  await Promise.all(ids.map((id) => runtime.remove(id, signal)));
  for (const id of ids) assert.deepEqual(await listMarked(`${CONTAINER_VARIABLE}=${id}`), []);
  const left = await Array.fromAsync(Deno.readDir(`${dataDir}/process`));
  const records = await Array.fromAsync(Deno.readDir(`${dataDir}/process/state`));
  assert.deepEqual([left.map(({ name }) => name), records], [["state"], []]);
  await Deno.remove(dataDir, { recursive: true });
}

Deno.test({
  name: "ProcessRuntime keeps its word and leaves nothing behind when its agent is killed any time",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const prng = new Prng(Number(Deno.env.get("WARREN_TEST_SEED") ?? 1));
    const dataDir = await Deno.makeTempDir({ prefix: "warren-kill-" });
    const facts: string[] = [];
    try {
      for (let round = 0; round < KILLS; round++) {
        facts.push(...await liveAndDie(dataDir, 100 + prng.uint32() % 700));
        const options = { dataDir, clock: realClock, log: silentLog };
        await using runtime = await ProcessRuntime.open(options);
        assertHolds(facts, await runtime.list({}, signal));
        // A supervisor that was starting when its agent died finishes its start.
        for (const { id, status } of await runtime.list({}, signal)) {
          if (status === "created") await runtime.remove(id, signal);
        }
        await assertSettles(runtime);
      }
      assert.ok(facts.some((fact) => fact.startsWith("removed")));
    } finally {
      await removeAll(dataDir);
    }
  },
});
