/**
 * From `service create` to `running`, beside what the engine itself takes for `docker run`.
 *
 * Both are taken in turn, so that a machine that slows down slows both. The API row is one call on
 * an open connection; the command rows are whole processes.
 */
import { docker, removeLabelled, testImage } from "../../tests/harness/docker.ts";
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { runWarren, WarrenDaemon } from "../../tests/harness/warren.ts";
import { distribution, percentile, type Section } from "./report.ts";

const RUNS = 30;
const COMMAND = ["sleep", "1000"];

/** Three ways to a running container, in turn. */
export async function measureStart(): Promise<Section> {
  const image = await testImage();
  const timesMs: Record<"engine" | "api" | "command", number[]> = {
    engine: [],
    api: [],
    command: [],
  };
  await using daemon = await WarrenDaemon.start({ flags: ["--runtime", "docker"] });
  const cluster = (await daemon.json(["cluster", "info"])).clusterId as string;
  try {
    using api = new TestApi(daemon.host);
    for (let run = 0; run <= RUNS; run++) {
      const engine = await timed(() => engineRun(image));
      const throughApi = await timed(() => apiRun(api, `api-${run}`, image));
      const throughCommand = await timed(() => commandRun(daemon.host, `cmd-${run}`, image));
      if (run === 0) continue; // the first round warms everything
      timesMs.engine.push(engine);
      timesMs.api.push(throughApi);
      timesMs.command.push(throughCommand);
    }
    for (const { spec } of await api.list()) await api.remove(spec?.name ?? "");
  } finally {
    await removeLabelled(cluster);
    await removeEngineRuns();
  }
  const base = percentile(timesMs.engine, 0.5);
  const row = (name: string, values: readonly number[]) => {
    const overMs = percentile(values, 0.5) - base;
    return [name, ...distribution(values), overMs.toFixed(1)];
  };
  return {
    id: "start",
    title: "Service create to running",
    columns: [`${RUNS} runs in turn`, "p50 ms", "p95", "p99", "max", "p50 over `docker run`"],
    rows: [
      row("`docker run -d`, the engine alone", timesMs.engine),
      row("`CreateService` on the socket until the watch says running", timesMs.api),
      row("`warren service create`, the whole command", timesMs.command),
    ],
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

async function engineRun(image: string): Promise<void> {
  await docker("run", "-d", "--label", "warren-bench=1", image, ...COMMAND);
}

async function apiRun(api: TestApi, name: string, image: string): Promise<void> {
  await api.create(specOf(name, 1, { image, command: COMMAND, stopTimeoutMs: 0 }));
  await api.settled(name, 1);
}

async function commandRun(host: string, name: string, image: string): Promise<void> {
  const args = [
    "service",
    "create",
    name,
    "--image",
    image,
    "--stop-timeout",
    "0s",
    "--",
    ...COMMAND,
  ];
  const { code, stderr } = await runWarren(args, { env: { WARREN_HOST: host } });
  if (code !== 0) throw new Error(stderr);
}

async function removeEngineRuns(): Promise<void> {
  const ids = await docker("ps", "-a", "-q", "--filter", "label=warren-bench=1");
  for (const id of ids.split("\n").filter(Boolean)) await docker("rm", "-f", id);
}
