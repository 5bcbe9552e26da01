/**
 * The stages of a whole test run, as data: what each runs, how long it may take, what it needs.
 *
 * Read by scripts/test_all.ts. A new kind of check is a row here. Order is from quick to slow, and a stage whose
 * `needs` did not pass is not run and counts as failed.
 */

/** One step of a test run. */
export interface Stage {
  readonly name: string;
  /** A program and its arguments; `deno` means the pinned one. */
  readonly argv: readonly string[];
  /** Whether it runs tests, whose numbers are counted, rather than one check. */
  readonly isTestRun: boolean;
  /** Part of `--unit`. */
  readonly isQuick: boolean;
  readonly timeoutMs: number;
  /** Name of a stage that must have passed. */
  readonly needs?: string;
  /** A skipped test fails the stage where root on Linux could have run it. */
  readonly failsOnSkip?: boolean;
}

const MINUTE_MS = 60_000;

function check(name: string, argv: readonly string[], timeoutMs = 2 * MINUTE_MS): Stage {
  return { name, argv, isTestRun: false, isQuick: true, timeoutMs };
}

const TEST = ["deno", "test", "-A", "--no-check"];

/** All stages in order. */
export const STAGES: readonly Stage[] = [
  check("format", ["deno", "fmt", "--check"]),
  check("lint", ["deno", "lint"]),
  check("types", ["deno", "check", "main.ts", "src", "scripts", "tests"], 4 * MINUTE_MS),
  check("tidy", ["deno", "run", "-A", "scripts/tidy.ts"]),
  check("generated code", ["deno", "run", "-A", "scripts/gen_proto.ts", "--check"]),
  {
    name: "unit tests",
    // One thread: with several, the runtime's second close of a Unix socket may hit a file of another's.
    argv: [...TEST, "src", "scripts", "tests/harness", "tests/sim"],
    isTestRun: true,
    isQuick: true,
    timeoutMs: 8 * MINUTE_MS,
  },
  {
    ...check("simulation", ["deno", "task", "sim", "--fresh", "--minutes", "1.5"], 4 * MINUTE_MS),
    isQuick: false,
  },
  {
    ...check(
      "planted bugs",
      ["deno", "run", "-A", "scripts/sim_mutants.ts", "--sample", "--jobs", "2"],
      6 * MINUTE_MS,
    ),
    isQuick: false,
  },
  {
    ...check("build", ["deno", "run", "-A", "scripts/build.ts", "--all"], 5 * MINUTE_MS),
    isQuick: false,
  },
  {
    ...check("size gate", ["deno", "run", "-A", "scripts/size.ts"]),
    isQuick: false,
    needs: "build",
  },
  {
    name: "integration tests",
    argv: [...TEST, "tests/integration"],
    isTestRun: true,
    isQuick: false,
    timeoutMs: 8 * MINUTE_MS,
    needs: "build",
    failsOnSkip: true,
  },
  {
    name: "end-to-end tests",
    argv: [...TEST, "tests/e2e"],
    isTestRun: true,
    isQuick: false,
    timeoutMs: 30 * MINUTE_MS,
    needs: "build",
    failsOnSkip: true,
  },
];
