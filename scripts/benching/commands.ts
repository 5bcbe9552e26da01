/**
 * How long a command takes as a whole process: what a person at a prompt feels.
 */
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { runWarren } from "../../tests/harness/warren.ts";
import { withDaemon } from "./daemon.ts";
import { distribution, type Section } from "./report.ts";

const RUNS = 40;
const SERVICES = 10;

interface Measured {
  readonly shown: string;
  readonly aimMs: string;
  /** The words of one run. */
  readonly args: (run: number) => readonly string[];
  /** What a good answer holds: a completion that gave up in time says nothing. */
  readonly answer: string;
}

const COMMANDS: readonly Measured[] = [
  { shown: "warren version", aimMs: "100", args: () => ["version"], answer: "warren" },
  {
    shown: "warren __complete -- service inspect web-",
    aimMs: "200",
    args: () => ["__complete", "--", "service", "inspect", "web-"],
    answer: `web-${SERVICES - 1}`,
  },
  { shown: "warren service list", aimMs: "", args: () => ["service", "list"], answer: "web-0" },
  {
    shown: "warren service create --detach",
    aimMs: "",
    args: (run) => ["service", "create", `made-${run}`, "--image", "none", "--detach"],
    answer: "\n", // the id of what it made
  },
];

/** Each command against a daemon with ten services and the fake runtime. */
export function measureCommands(): Promise<Section> {
  return withDaemon({ flags: ["--runtime", "fake"] }, async ({ host }) => {
    {
      using api = new TestApi(host);
      const specs = Array.from({ length: SERVICES }, (_, at) => `web-${at}`);
      for (const name of specs) await api.create(specOf(name, 1, { image: "none" }));
    }
    const rows: string[][] = [];
    for (const measured of COMMANDS) rows.push(await measureOne(measured, host));
    const columns = ["command", "good answers", "p50 ms", "p95", "p99", "max", "aim p50"];
    return { id: "commands", title: "Commands as whole processes", columns, rows };
  });
}

/** One row; the first run only warms what lies on the disk. */
async function measureOne(measured: Measured, host: string): Promise<string[]> {
  const timesMs: number[] = [];
  let answers = 0;
  for (let run = 0; run <= RUNS; run++) {
    const args = measured.args(run);
    const startMs = performance.now();
    const { code, stdout, stderr } = await runWarren(args, { env: { WARREN_HOST: host } });
    const tookMs = performance.now() - startMs;
    if (code !== 0) throw new Error(`warren ${args.join(" ")} ended with ${code}: ${stderr}`);
    if (run === 0) continue;
    timesMs.push(tookMs);
    if (stdout.includes(measured.answer)) answers++;
  }
  const shown = `\`${measured.shown}\``;
  return [shown, `${answers} of ${RUNS}`, ...distribution(timesMs), measured.aimMs];
}
