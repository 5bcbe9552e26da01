/**
 * A thousand service creates through the real API with the fake runtime: how fast the control plane
 * is when no engine slows it down, and what it holds in memory afterwards.
 */
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { until, WarrenDaemon } from "../../tests/harness/warren.ts";
import { distribution, percentile, type Section } from "./report.ts";

const SERVICES = 1_000;
const CONCURRENCIES = [1, 16, 64];

/** Rate, latency and memory at several numbers of concurrent callers. */
export async function measureCreates(): Promise<Section> {
  const rows: string[][] = [];
  for (const concurrency of CONCURRENCIES) {
    await using daemon = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
    using api = new TestApi(daemon.host);
    const startMs = performance.now();
    const latenciesMs = await createAll(api, concurrency);
    const tookMs = performance.now() - startMs;
    await until("every task to run", () => allRun(api), 120_000);
    const runningMs = performance.now() - startMs;
    const listsMs = await timeLists(api);
    rows.push([
      String(concurrency),
      (SERVICES / tookMs * 1_000).toFixed(0),
      ...distribution(latenciesMs),
      (runningMs / 1_000).toFixed(1),
      percentile(listsMs, 0.5).toFixed(1),
      percentile(listsMs, 0.99).toFixed(1),
      (await residentMib(daemon)).toFixed(0),
    ]);
  }
  return {
    id: "creates",
    title: `${SERVICES} service creates, fake runtime, one process for manager and agent`,
    columns: [
      ...["callers", "creates/s", "p50 ms", "p95", "p99", "max", "all running s"],
      ...["list p50 ms", "list p99", "resident MiB"],
    ],
    rows,
  };
}

async function createAll(api: TestApi, concurrency: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  let next = 0;
  const caller = async () => {
    while (next < SERVICES) {
      const spec = specOf(`load-${next++}`, 1, { image: "none" });
      const startMs = performance.now();
      await api.create(spec);
      latenciesMs.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return latenciesMs;
}

async function allRun(api: TestApi): Promise<boolean> {
  const services = await api.list();
  return services.length === SERVICES && services.every(({ running }) => running === 1);
}

async function timeLists(api: TestApi): Promise<number[]> {
  const timesMs: number[] = [];
  for (let run = 0; run < 100; run++) {
    const startMs = performance.now();
    await api.list();
    timesMs.push(performance.now() - startMs);
  }
  return timesMs;
}

async function residentMib(daemon: WarrenDaemon): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${daemon.pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? NaN) / 1024;
}
