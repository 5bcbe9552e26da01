// deno-lint-ignore-file no-console
/**
 * Runs every check and test of the project and ends with one line: `N passed, N failed`.
 *
 * Called through scripts/test, which installs what is missing. The stages are data in testing/stages.ts.
 * A stage that fails without a failed test (a format check, a time-out, a file that does not load) counts as
 * one failure. A run without any test is a failure: it would prove nothing.
 */
import { addCounts, type Counts, NO_TESTS, parseJunit } from "./testing/junit.ts";
import { type Stage, STAGES } from "./testing/stages.ts";
import { ROOT } from "./packaging/paths.ts";
import { exitWith } from "./packaging/run.ts";
import { hostTarget } from "./packaging/targets.ts";

const USAGE = `Usage: scripts/test [--unit]

  (no flag)  everything: checks, unit tests, build, size gate, integration and end-to-end tests
  --unit     only the quick part: checks and unit tests`;

interface Outcome {
  readonly isOk: boolean;
  readonly counts: Counts;
  readonly note: string;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.some((argument) => argument !== "--unit")) {
    console.error(USAGE);
    return args.includes("--help") ? 0 : 2;
  }
  const stages = STAGES.filter((stage) => args.length === 0 || stage.isQuick);
  const passedStages = new Set<string>();
  const report: string[] = [];
  let total = NO_TESTS;
  for (const stage of stages) {
    console.log(`\n=== ${stage.name}`);
    const startedMs = performance.now();
    const outcome = await outcomeOf(stage, passedStages);
    if (outcome.isOk) passedStages.add(stage.name);
    total = addCounts(total, outcome.counts);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const verdict = outcome.isOk ? "ok" : "FAILED";
    report.push(
      `${stage.name.padEnd(18)} ${verdict.padEnd(6)} ${seconds.padStart(6)} s  ${outcome.note}`,
    );
  }
  console.log(`\n${report.join("\n")}`);
  for (const name of total.skipped) console.log(`skipped: ${name}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function outcomeOf(stage: Stage, passedStages: ReadonlySet<string>): Promise<Outcome> {
  if (stage.needs !== undefined && !passedStages.has(stage.needs)) {
    return oneFailure(`not run, "${stage.needs}" failed`);
  }
  if (!stage.isTestRun) {
    const fault = await runStage(stage, []);
    return fault === undefined ? { isOk: true, counts: NO_TESTS, note: "" } : oneFailure(fault);
  }
  const junitPath = await Deno.makeTempFile({ prefix: "warren-junit-" });
  try {
    const fault = await runStage(stage, [`--junit-path=${junitPath}`]);
    return judgeTests(stage, fault, await Deno.readTextFile(junitPath));
  } finally {
    await Deno.remove(junitPath);
  }
}

/** What a test run's exit and report mean together. */
export function judgeTests(stage: Stage, fault: string | undefined, junit: string): Outcome {
  const counts = junit === "" ? NO_TESTS : parseJunit(junit);
  const note = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
  if (counts.failed > 0) return { isOk: false, counts, note };
  if (fault !== undefined) return { ...oneFailure(fault), counts: { ...counts, failed: 1 } };
  if (counts.passed === 0) return oneFailure("no test ran");
  if (stage.failsOnSkip === true && counts.skipped.length > 0 && mustRunAll()) {
    return { isOk: false, counts: { ...counts, failed: counts.skipped.length }, note };
  }
  return { isOk: true, counts, note };
}

/** Root on Linux can run every test, so that a skip there hides something. */
function mustRunAll(): boolean {
  return Deno.build.os === "linux" && Deno.uid() === 0;
}

function oneFailure(note: string): Outcome {
  return { isOk: false, counts: { ...NO_TESTS, failed: 1 }, note };
}

/** Runs a stage with its time limit; its words go straight to the terminal. Returns what went wrong. */
async function runStage(stage: Stage, extra: readonly string[]): Promise<string | undefined> {
  const [program = "", ...args] = stage.argv;
  const child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
    args: [...args, ...extra],
    cwd: ROOT,
    stdin: "null",
    env: {
      NO_COLOR: "1",
      WARREN_BIN: `${ROOT}/dist/warren-${hostTarget().name}`,
    },
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, stage.timeoutMs);
  const { code } = await child.status;
  clearTimeout(timer);
  if (isLate) return `stopped after ${stage.timeoutMs / 1000} s`;
  return code === 0 ? undefined : `exit code ${code}`;
}

if (import.meta.main) await exitWith(() => main(Deno.args));
