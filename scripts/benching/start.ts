/**
 * From `service create` to `running`, beside what the engine itself takes for `docker run`.
 *
 * Both are taken in turn, so that a machine that slows down slows both. The API row is one call on
 * an open connection; the command rows are whole processes.
 */
import { docker, removeLabelled, testImage } from "../../tests/harness/docker.ts";
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { runWarren, until, type WarrenDaemon } from "../../tests/harness/warren.ts";
import { withDaemon } from "./daemon.ts";
import { distribution, percentile, type Section } from "./report.ts";

const RUNS = 30;
const COMMAND = ["sleep", "1000"];
const LABEL = "warren-bench=1";

/** Three ways to a running container, in turn. */
export async function measureStart(): Promise<Section> {
  await removeEngineRuns(); // of a run that was interrupted
  const image = await testImage();
  const flags = ["--runtime", "docker"];
  const timesMs = await withDaemon({ flags }, (daemon) => measureInTurn(daemon, image));
  const base = percentile(timesMs[0] ?? [], 0.5);
  return {
    id: "start",
    title: "Service create to running",
    columns: [`${RUNS} runs in turn`, "p50 ms", "p95", "p99", "max", "p50 over `docker run`"],
    rows: WAYS.map(({ title }, at) => {
      const values = timesMs[at] ?? [];
      return [title, ...distribution(values), (percentile(values, 0.5) - base).toFixed(1)];
    }),
  };
}

async function measureInTurn(daemon: WarrenDaemon, image: string): Promise<number[][]> {
  const timesMs: number[][] = WAYS.map(() => []);
  const cluster = (await daemon.json(["cluster", "info"])).clusterId as string;
  using api = new TestApi(daemon.host);
  try {
    for (let run = 0; run <= RUNS; run++) {
      for (const [at, { start, clear }] of WAYS.entries()) {
        const subject = { name: `bench-${run}-${at}`, image, api, host: daemon.host };
        const startMs = performance.now();
        await start(subject);
        const tookMs = performance.now() - startMs;
        if (run > 0) timesMs[at]?.push(tookMs); // the first round warms everything
        await clear(subject);
      }
    }
    return timesMs;
  } catch (error) {
    await daemon.kill("SIGTERM"); // or it would put back what is removed next
    throw error;
  } finally {
    await removeLabelled(cluster);
    await removeEngineRuns();
  }
}

/** One container to be started and removed again. */
interface Subject {
  readonly name: string;
  readonly image: string;
  readonly api: TestApi;
  readonly host: string;
}

/** A way to a running container; only `start` is timed. */
interface Way {
  readonly title: string;
  start(subject: Subject): Promise<void>;
  clear(subject: Subject): Promise<void>;
}

const WAYS: readonly Way[] = [
  {
    title: "`docker run -d`, the engine alone",
    async start({ name, image }) {
      await docker("run", "-d", "--name", name, "--label", LABEL, image, ...COMMAND);
    },
    async clear({ name }) {
      await docker("rm", "-f", name);
    },
  },
  {
    title: "`CreateService` on the socket until the watch says running",
    async start({ api, name, image }) {
      await api.create(specOf(name, 1, { image, command: COMMAND, stopTimeoutMs: 0 }));
      await api.settled(name, 1);
    },
    clear: removeService,
  },
  {
    title: "`warren service create`, the whole command",
    async start({ name, image, host }) {
      const flags = ["--image", image, "--stop-timeout", "0s"];
      const args = ["service", "create", name, ...flags, "--", ...COMMAND];
      const { code, stderr } = await runWarren(args, { env: { WARREN_HOST: host } });
      if (code !== 0) throw new Error(stderr);
    },
    clear: removeService,
  },
];

/** Removes the service and waits until its container is gone, so that nothing disturbs the next run. */
async function removeService({ api, name }: Subject): Promise<void> {
  await api.remove(name);
  await until(`"${name}" to be gone`, async () => (await api.tasks()).length === 0);
}

async function removeEngineRuns(): Promise<void> {
  const ids = await docker("ps", "-a", "-q", "--filter", `label=${LABEL}`);
  for (const id of ids.split("\n").filter(Boolean)) await docker("rm", "-f", id);
}
