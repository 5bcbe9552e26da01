/** Health: what answers mean, and the rhythm of asking, on a clock that is driven by hand. */
import assert from "node:assert/strict";
import { ManualClock } from "../../lib/mod.ts";
import { defaultHealthCheck } from "../../model/mod.ts";
import { FakeRuntime } from "../runtime/fake.ts";
import { judge, UNPROBED } from "./judge.ts";
import { runProbe } from "./probe.ts";
import { networkProbes, type ProbeIo } from "./probe_io.ts";

const CHECK = {
  ...defaultHealthCheck({ kind: "tcp", port: 80 }),
  intervalMs: 5_000,
  timeoutMs: 1_000,
};

Deno.test("judge calls a starting task healthy at its first good answer", () => {
  assert.equal(judge(CHECK, UNPROBED, { isGood: true, atMs: 10 }).health, "healthy");
});

Deno.test("judge counts failures of a starting task no faster than its interval", () => {
  let state = UNPROBED;
  const healthAt: Record<number, string> = {};
  for (let atMs = 0; atMs <= 20_000; atMs += 500) {
    state = judge(CHECK, state, { isGood: false, atMs });
    healthAt[atMs] = state.health;
  }
  assert.equal(healthAt[14_500], "starting");
  assert.equal(healthAt[15_000], "unhealthy");
});

Deno.test("judge does not count failures within the start period", () => {
  const check = { ...CHECK, startPeriodMs: 60_000, retries: 1 };
  assert.equal(judge(check, UNPROBED, { isGood: false, atMs: 64_000 }).health, "starting");
  assert.equal(judge(check, UNPROBED, { isGood: false, atMs: 65_000 }).health, "unhealthy");
});

Deno.test("judge forgives failures that are fewer than the retries", () => {
  const healthy = { health: "healthy", failures: 0, countedAtMs: 0 } as const;
  const twice = judge(CHECK, judge(CHECK, healthy, { isGood: false, atMs: 1 }), {
    isGood: false,
    atMs: 2,
  });
  assert.deepEqual([twice.health, twice.failures], ["healthy", 2]);
  assert.equal(judge(CHECK, twice, { isGood: true, atMs: 3 }).failures, 0);
  assert.equal(judge(CHECK, twice, { isGood: false, atMs: 3 }).health, "unhealthy");
});

async function probed(answers: (atMs: number) => string | Promise<string>, untilMs: number) {
  const clock = new ManualClock();
  await using runtime = new FakeRuntime({ clock });
  const abort = new AbortController();
  const asked: number[] = [];
  const told: string[] = [];
  const io: ProbeIo = {
    ask: async (_probe, _target, signal) => {
      asked.push(clock.monoNow());
      const answer = answers(clock.monoNow());
      const aborted = new Promise<string>((resolve) =>
        signal.addEventListener("abort", () => resolve("aborted"), { once: true })
      );
      return await Promise.race([answer, aborted]);
    },
  };
  const running = runProbe({
    check: CHECK,
    target: { runtime, containerId: "c", address: "127.0.0.1" },
    io,
    clock,
    aliveMs: 0,
    isHealthy: false,
    onHealth: (health, message) => told.push(`${clock.monoNow()} ${health} ${message}`.trim()),
    signal: abort.signal,
  });
  await clock.advance(untilMs);
  abort.abort();
  await running;
  return { asked, told };
}

Deno.test("runProbe asks at once and often until it is healthy, then in its own rhythm", async () => {
  const { asked, told } = await probed((atMs) => atMs < 1_200 ? "not yet" : "", 12_000);
  assert.deepEqual(asked, [0, 500, 1_000, 1_500, 6_500, 11_500]);
  assert.deepEqual(told, ["1500 healthy"]);
});

Deno.test("runProbe says why and stops asking once it is unhealthy", async () => {
  const { told, asked } = await probed(
    (atMs) => atMs === 0 ? "" : "HTTP status 500 from /",
    60_000,
  );
  assert.deepEqual(told, [
    "0 healthy",
    "15000 unhealthy health check failed 3 times in a row: HTTP status 500 from /",
  ]);
  assert.deepEqual(asked, [0, 5_000, 10_000, 15_000]);
});

Deno.test("runProbe gives up on an answer that does not come", async () => {
  const { told } = await probed((atMs) => atMs === 0 ? "" : new Promise(() => {}), 60_000);
  assert.match(told[1] ?? "", /no answer within 1000 ms/);
});

const HTTP = {
  kind: "http",
  path: "/up",
  scheme: "http",
  headers: {},
  statusMin: 200,
  statusMax: 299,
} as const;

Deno.test("networkProbes judges HTTP by status and says what it got", async () => {
  await using runtime = new FakeRuntime();
  const target = { runtime, containerId: "c", address: "127.0.0.1" };
  const signal = new AbortController().signal;
  await using server = Deno.serve(
    { port: 0, onListen: () => {} },
    (request) => new Response("", { status: new URL(request.url).pathname === "/up" ? 200 : 503 }),
  );
  const { port } = server.addr;
  assert.equal(await networkProbes.ask({ ...HTTP, port }, target, signal), "");
  const down = await networkProbes.ask({ ...HTTP, path: "/down", port }, target, signal);
  assert.equal(down, "HTTP status 503 from /down");
  assert.equal(await networkProbes.ask({ kind: "tcp", port }, target, signal), "");
  await server.shutdown();
  const refused = await networkProbes.ask({ kind: "tcp", port }, target, signal);
  assert.equal(refused, `connection to 127.0.0.1:${port} refused`);
  const gone = await networkProbes.ask({ ...HTTP, port }, target, signal);
  assert.equal(gone, `connection to 127.0.0.1:${port} refused`);
});

Deno.test("networkProbes runs a command inside and tells its output", async () => {
  await using runtime = new FakeRuntime();
  const signal = new AbortController().signal;
  const id = await runtime.create({
    name: "c",
    labels: {},
    image: "web",
    entrypoint: [],
    command: [],
    env: {},
    user: "",
    workdir: "",
    hostname: "",
    limits: { milliCpus: 0, memoryBytes: 0 },
    stopSignal: "",
    binds: [],
    volumes: [],
    ports: [],
  }, signal);
  await runtime.start(id, signal);
  const target = { runtime, containerId: id, address: "127.0.0.1" };
  const ask = (command: string[]) => networkProbes.ask({ kind: "exec", command }, target, signal);
  assert.equal(await ask(["exit", "0"]), "");
  assert.equal(
    await ask(["print", "no disk", "exit", "3"]),
    "the command exited with code 3: no disk",
  );
});
