import assert from "node:assert/strict";
import { BugError } from "../lib/mod.ts";
import { type ClusterSizes, installClusterMetrics, installTaskMetrics } from "./cluster_metrics.ts";
import { MetricsRegistry } from "./metrics_registry.ts";
import { installProcessMetrics, sampleProcess } from "./process_metrics.ts";

async function samples(registry: MetricsRegistry, prefix: string): Promise<string[]> {
  return (await registry.render()).split("\n").filter((line) => line.startsWith(prefix)).sort();
}

const usage = {
  taskId: "t1",
  service: "web",
  node: "n1",
  cpuSeconds: 1.5,
  memoryBytes: 2048,
  networkReceiveBytes: 10,
  networkTransmitBytes: 20,
};
const sizes: ClusterSizes = {
  nodes: [{ labels: { role: "hybrid", status: "ready" }, count: 1 }],
  tasks: [{ labels: { state: "running" }, count: 3 }, { labels: { state: "failed" }, count: 1 }],
  services: 2,
  secrets: 1,
  configs: 0,
  volumes: 1,
};

Deno.test("MetricsRegistry gives the same metric for the same name", async () => {
  const registry = new MetricsRegistry();
  const spec = { name: "warren_x_total", help: "X.", labels: ["a"] };
  registry.counter(spec).add(1, { a: "1" });
  registry.counter(spec).add(2, { a: "1" });
  assert.deepEqual(await samples(registry, "warren_x"), ['warren_x_total{a="1"} 3']);
  assert.throws(() => registry.gauge(spec), /already been registered/);
});

Deno.test("MetricsRegistry drops and counts samples beyond the bound of label sets", async () => {
  const registry = new MetricsRegistry({ maxSeries: 3 });
  const gauge = registry.gauge({ name: "warren_x", help: "X.", labels: ["a"] });
  for (let i = 0; i < 10; i++) gauge.set(i, { a: String(i) });
  gauge.set(100, { a: "0" });
  assert.equal((await samples(registry, "warren_x{")).length, 3);
  assert.deepEqual(await samples(registry, "warren_metrics_dropped"), [
    'warren_metrics_dropped_samples_total{metric="warren_x"} 7',
  ]);
  gauge.reset();
  gauge.set(1, { a: "new" });
  assert.deepEqual(await samples(registry, "warren_x{"), ['warren_x{a="new"} 1']);
});

Deno.test("MetricsRegistry refuses values that are no numbers and labels that are unknown", async () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter({ name: "warren_x_total", help: "X." });
  counter.add(NaN);
  counter.add(-1);
  counter.add(Infinity);
  assert.deepEqual(await samples(registry, "warren_x"), ["warren_x_total 0"]);
  assert.throws(() => counter.add(1, { nope: "1" }), BugError);
});

Deno.test("MetricsRegistry.total exposes an absolute value as a counter", async () => {
  const registry = new MetricsRegistry();
  const total = registry.total({ name: "warren_x_total", help: "X.", labels: ["a"] });
  total.set(5, { a: "1" });
  total.set(7, { a: "1" });
  assert.deepEqual(await samples(registry, "warren_x"), ['warren_x_total{a="1"} 7']);
  assert.deepEqual(await samples(registry, "warren_x"), ['warren_x_total{a="1"} 7']);
  assert.match(await registry.render(), /# TYPE warren_x_total counter/);
});

Deno.test("MetricsRegistry.render survives a collector that throws and counts it", async () => {
  const registry = new MetricsRegistry();
  const stop = registry.onCollect(() => {
    throw new Error("gone");
  });
  await registry.render();
  stop();
  assert.deepEqual(await samples(registry, "warren_metrics_collect_failures"), [
    "warren_metrics_collect_failures_total 1",
  ]);
});

Deno.test("installTaskMetrics forgets a task that is gone", async () => {
  const registry = new MetricsRegistry();
  let tasks = [usage, { ...usage, taskId: "t2" }];
  installTaskMetrics(registry, () => tasks);
  assert.equal((await samples(registry, "warren_task_")).length, 8);
  tasks = [{ ...usage, cpuSeconds: 2 }];
  assert.deepEqual(await samples(registry, "warren_task_"), [
    'warren_task_cpu_seconds_total{task_id="t1",service="web",node="n1"} 2',
    'warren_task_memory_bytes{task_id="t1",service="web",node="n1"} 2048',
    'warren_task_network_receive_bytes_total{task_id="t1",service="web",node="n1"} 10',
    'warren_task_network_transmit_bytes_total{task_id="t1",service="web",node="n1"} 20',
  ]);
});

Deno.test("installClusterMetrics follows its source, and a vanished label value vanishes", async () => {
  const registry = new MetricsRegistry();
  let now = sizes;
  installClusterMetrics(registry, () => now);
  assert.deepEqual(await samples(registry, "warren_tasks"), [
    'warren_tasks{state="failed"} 1',
    'warren_tasks{state="running"} 3',
  ]);
  now = { ...sizes, tasks: [], services: 0 };
  assert.deepEqual(await samples(registry, "warren_tasks"), []);
  assert.deepEqual(await samples(registry, "warren_services"), ["warren_services 0"]);
  assert.deepEqual(await samples(registry, "warren_nodes"), [
    'warren_nodes{role="hybrid",status="ready"} 1',
  ]);
});

Deno.test("sampleProcess gives plausible numbers of this process", () => {
  const sample = sampleProcess();
  assert.ok(sample.residentBytes > 1e7 && sample.residentBytes < 4e9);
  assert.ok(sample.cpuSeconds > 0);
  assert.ok((sample.openFds ?? 1) > 0 && (sample.openFds ?? 1) < (sample.maxFds ?? 1e6));
});

const hasPromtool = await new Deno.Command("promtool", { args: ["--version"] }).output()
  .then((done) => done.success, () => false);

Deno.test({
  name: "MetricsRegistry gives output that promtool finds nothing wrong with",
  ignore: !hasPromtool,
  async fn() {
    const registry = new MetricsRegistry();
    installProcessMetrics(registry, { commit: "abc1234" });
    installClusterMetrics(registry, () => sizes);
    installTaskMetrics(registry, () => [{ ...usage, service: 'odd"\\\nname' }]);
    registry.histogram({
      name: "warren_api_request_duration_seconds",
      help: "Duration.",
      labels: ["method"],
    }).observe(0.2, { method: "ListServices" });
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode(await registry.render()));
    await input.close();
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(`${code} ${said}`, "0 ");
  },
});
