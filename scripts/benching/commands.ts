/**
 * How long a command takes as a whole process: what a person at a prompt feels.
 */
import { runWarren, WarrenDaemon } from "../../tests/harness/warren.ts";
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { distribution, type Section } from "./report.ts";

const RUNS = 40;

/** Version, completion and list against a running daemon with ten services. */
export async function measureCommands(): Promise<Section> {
  await using daemon = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  {
    using api = new TestApi(daemon.host);
    for (let at = 0; at < 10; at++) await api.create(specOf(`web-${at}`, 1, { image: "none" }));
  }
  const commands: readonly (readonly string[])[] = [
    ["version"],
    ["__complete", "--", "service", "inspect", "web-"],
    ["service", "list"],
  ];
  const rows: string[][] = [];
  for (const args of commands) {
    const env = { WARREN_HOST: daemon.host };
    await mustRun(args, env);
    const timesMs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const startMs = performance.now();
      await mustRun(args, env);
      timesMs.push(performance.now() - startMs);
    }
    rows.push([`\`warren ${args.join(" ")}\``, ...distribution(timesMs)]);
  }
  const columns = [`command, ${RUNS} runs`, "p50 ms", "p95", "p99", "max"];
  return { id: "commands", title: "Commands as whole processes", columns, rows };
}

async function mustRun(args: readonly string[], env: Record<string, string>): Promise<void> {
  const { code, stderr } = await runWarren(args, { env });
  if (code !== 0) throw new Error(`warren ${args.join(" ")} ended with ${code}: ${stderr}`);
}
