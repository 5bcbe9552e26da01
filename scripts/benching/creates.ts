/**
 * A thousand service creates through the real API with the fake runtime: how fast the control plane
 * is when no engine slows it down, and what it holds in memory afterwards.
 */
import { TestApi } from "../../tests/harness/api.ts";
import { withDaemon } from "./daemon.ts";
import { createAll, SERVICES, untilAllRun } from "./load.ts";
import { memoryOf } from "./memory.ts";
import { distribution, percentile, type Section } from "./report.ts";

const CONCURRENCIES = [1, 16, 64];
const ROUNDS = 3;
const LISTS = 100;

/** Rate, latency and memory at several numbers of callers; of three rounds the one in the middle. */
export async function measureCreates(): Promise<Section> {
  await measureLoad(16); // warms the caller, not the daemons, which are new each time
  const loads = new Map(CONCURRENCIES.map((callers): [number, Load[]] => [callers, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [callers, rounds] of loads) rounds.push(await measureLoad(callers));
  }
  return {
    id: "creates",
    title: `${SERVICES} service creates, fake runtime, one process for manager and agent`,
    columns: [
      ...["callers", "creates/s", "p50 ms", "p95", "p99", "max", "all running s"],
      ...["list p50 ms", "list p99", "resident MiB"],
    ],
    rows: Array.from(loads, ([callers, rounds]) => [String(callers), ...shown(middle(rounds))]),
  };
}

/** What one load showed. */
interface Load {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly runningMs: number;
  readonly listsMs: readonly number[];
  readonly residentMib: number;
}

function measureLoad(callers: number): Promise<Load> {
  return withDaemon({ flags: ["--runtime", "fake"] }, async (daemon) => {
    using api = new TestApi(daemon.host);
    const startMs = performance.now();
    const latenciesMs = await createAll(api, callers);
    const tookMs = performance.now() - startMs;
    await untilAllRun(api);
    const runningMs = performance.now() - startMs;
    const listsMs = await timeLists(api);
    const { residentMib } = await memoryOf(daemon.pid);
    return { perSecond: SERVICES / tookMs * 1_000, latenciesMs, runningMs, listsMs, residentMib };
  });
}

async function timeLists(api: TestApi): Promise<number[]> {
  const timesMs: number[] = [];
  for (let run = 0; run < LISTS; run++) {
    const startMs = performance.now();
    await api.list();
    timesMs.push(performance.now() - startMs);
  }
  return timesMs;
}

/** The round with the median rate, whole, so that its figures belong together. */
function middle(rounds: readonly Load[]): Load {
  const sorted = rounds.toSorted((a, b) => a.perSecond - b.perSecond);
  const load = sorted[Math.floor(sorted.length / 2)];
  if (!load) throw new Error("nothing was measured");
  return load;
}

function shown({ perSecond, latenciesMs, runningMs, listsMs, residentMib }: Load): string[] {
  return [
    perSecond.toFixed(0),
    ...distribution(latenciesMs),
    (runningMs / 1_000).toFixed(1),
    percentile(listsMs, 0.5).toFixed(1),
    percentile(listsMs, 0.99).toFixed(1),
    residentMib.toFixed(0),
  ];
}
