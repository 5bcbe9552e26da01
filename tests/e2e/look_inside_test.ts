/**
 * Metrics, health, events and logs of a running daemon, judged by the tools that will read them.
 */
import assert from "node:assert/strict";
import { until, WarrenDaemon } from "../harness/warren.ts";

const PROCESS = ["--runtime", "process"];
const RUN = ["--stop-timeout", "0s", "--", "sleep", "100000"];

interface Event {
  readonly index: number;
  readonly type: string;
  readonly time: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function parseEvents(stdout: string): Event[] {
  return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function fetchText(warren: WarrenDaemon, path: string): Promise<string> {
  return await (await fetch(`http://${warren.ready.metrics_addr}${path}`)).text();
}

Deno.test("/metrics is clean for promtool and has the agreed families", async () => {
  await using warren = await WarrenDaemon.start({ flags: PROCESS });
  const made = await warren.run(["service", "create", "web", "--runtime", "process", ...RUN]);
  assert.equal(made.code, 0, made.stderr);
  const text = await until("the task's own figures", async () => {
    const found = await fetchText(warren, "/metrics");
    return found.includes("warren_task_memory_bytes{") && found;
  }, 60_000);
  const check = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = check.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout, stderr } = await check.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(`${code} ${said}`.trim(), "0");
  for (
    const family of [
      ...['warren_nodes{role="hybrid",status="ready"} 1', "warren_services 1", "warren_secrets 0"],
      ...['warren_tasks{state="running"} 1', "warren_raft_is_leader 1", "warren_raft_peers"],
      ...[
        "warren_raft_commit_index",
        "warren_raft_fsync_duration_seconds_bucket",
        "warren_build_info",
      ],
      ...["warren_api_requests_total{", "warren_api_request_duration_seconds_bucket{"],
      ...["warren_tasks_scheduled_total 1", "warren_reconciliation_duration_seconds_count"],
      ...["warren_scheduling_latency_seconds_count", "process_resident_memory_bytes"],
      ...["warren_tasks_failed_total 0", "warren_task_cpu_seconds_total{", "warren_volumes 0"],
    ]
  ) assert.ok(text.includes(family), `/metrics lacks ${family}`);
  const removed = await warren.run(["service", "rm", "web"]);
  assert.equal(removed.code, 0);
  const later = await fetchText(warren, "/metrics");
  assert.ok(!later.includes("warren_task_memory_bytes{"), "a task that is gone is still exposed");
});

Deno.test("/health, /ready and /live answer, and pprof only when asked for", async () => {
  await using warren = await WarrenDaemon.start({ flags: PROCESS });
  for (const path of ["/health", "/ready", "/live"]) {
    const response = await fetch(`http://${warren.ready.metrics_addr}${path}`);
    assert.equal(response.status, 200, path);
    await response.json();
  }
  const pprof = await fetch(`http://${warren.ready.metrics_addr}/debug/pprof/`);
  assert.equal(pprof.status, 404);
  await pprof.text();
});

Deno.test("events come in order, carry names, and resume by index", async () => {
  await using warren = await WarrenDaemon.start({ flags: PROCESS });
  const run = async (...args: string[]) => {
    const done = await warren.run(args);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
  };
  await run("secret", "create", "s", "--from-literal", "x");
  await run("volume", "create", "v");
  await run("service", "create", "web", "--runtime", "process", ...RUN);
  await run("service", "rm", "web");
  await run("secret", "rm", "s");
  await run("volume", "rm", "v");
  const all = parseEvents(await run("events", "--no-follow", "--since", "0", "-o", "json"));
  const types = all.map(({ type }) => type);
  for (
    const type of [
      ...["secret.created", "volume.created", "service.created", "task.created", "task.placed"],
      ...["task.running", "service.deleted", "secret.deleted", "volume.deleted", "node.ready"],
    ]
  ) assert.ok(types.includes(type), `no ${type} among ${types.join(" ")}`);
  assert.ok(types.indexOf("service.created") < types.indexOf("task.running"));
  const indexes = all.map(({ index }) => index);
  assert.deepEqual(indexes, [...indexes].sort((a, b) => a - b));
  const created = all.find(({ type }) => type === "service.created");
  assert.ok(created && JSON.stringify(created.attributes).includes("web"));
  assert.ok(!Number.isNaN(Date.parse(created.time)));
  const since = String(created.index);
  const rest = parseEvents(await run("events", "--no-follow", "--since", since, "-o", "json"));
  assert.ok(rest.length > 0 && rest.every(({ index }) => index > created.index));
});

Deno.test("log lines are JSON with the agreed keys, and the level is obeyed", async () => {
  await using warren = await WarrenDaemon.start({ flags: [...PROCESS, "--log-level", "debug"] });
  assert.equal((await warren.run(["service", "list"])).code, 0);
  const lines = warren.lines.map((line) => JSON.parse(line));
  for (const line of lines) {
    for (const key of ["level", "time", "message"]) assert.ok(key in line, JSON.stringify(line));
  }
  assert.ok(lines.some(({ level }) => level === "debug"));
  assert.ok(lines.some(({ node_id }) => node_id === warren.ready.node_id));
  await using quiet = await WarrenDaemon.start({ flags: [...PROCESS, "--log-level", "info"] });
  assert.ok(!quiet.lines.some((line) => line.includes('"level":"debug"')));
});
