/**
 * A thousand service creates through the real API with the fake runtime: how fast the control plane
 * is when no engine slows it down, and what it holds in memory afterwards.
 */
import { TestApi } from "../../tests/harness/api.ts";
import { WarrenDaemon } from "../../tests/harness/warren.ts";
import { createAll, SERVICES, untilAllRun } from "./load.ts";
import { memoryOf } from "./memory.ts";
import { distribution, percentile, type Section } from "./report.ts";

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
    await untilAllRun(api);
    const runningMs = performance.now() - startMs;
    const listsMs = await timeLists(api);
    rows.push([
      String(concurrency),
      (SERVICES / tookMs * 1_000).toFixed(0),
      ...distribution(latenciesMs),
      (runningMs / 1_000).toFixed(1),
      percentile(listsMs, 0.5).toFixed(1),
      percentile(listsMs, 0.99).toFixed(1),
      (await memoryOf(daemon.pid)).residentMib.toFixed(0),
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

async function timeLists(api: TestApi): Promise<number[]> {
  const timesMs: number[] = [];
  for (let run = 0; run < 100; run++) {
    const startMs = performance.now();
    await api.list();
    timesMs.push(performance.now() - startMs);
  }
  return timesMs;
}
