// deno-lint-ignore-file no-console
/**
 * Runs whole consensus groups under given seeds: `deno task sim --seed N` or `--seeds A-B`.
 *
 * `--seconds S` is the virtual time before healing (300), `--without a,b` switches kinds of faults off,
 * `--minutes M` stops after that long, `--state` prints a line for each run. `--marks` lists what was met and
 * fails if something never was; without seeds it runs the fixed ones. `--fresh` takes seeds that follow from
 * the day and the commit. A failing seed is made smaller and printed with its commit and what to run again.
 * Exit code 1 when a rule was broken or a mark never met.
 */
import { parseArgs } from "@std/cli/parse-args";
import { commit } from "./simulating/commit.ts";
import { FIXED } from "../tests/sim/fixed.ts";
import { hashText } from "../tests/sim/machine.ts";
import { Marks } from "../tests/sim/marks.ts";
import { FAULT_KINDS, type Faults } from "../tests/sim/options.ts";
import { minimise, optionsOf, type Outcome, runOnce, TICKS_A_SECOND } from "../tests/sim/run.ts";

interface Plan {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly without: readonly (keyof Faults)[];
  readonly deadlineMs: number;
  readonly isBrief: boolean;
}

function main(args: readonly string[]): number {
  const flags = parseArgs([...args], {
    string: ["seed", "seeds", "seconds", "without", "minutes"],
    boolean: ["marks", "state", "brief", "fresh"],
  });
  const { from, to, seconds } = seedsOf(flags);
  const plan: Plan = {
    from,
    to,
    seconds: Number(flags.seconds ?? seconds),
    without: (flags.without ?? "").split(",").filter((kind: string): kind is keyof Faults =>
      FAULT_KINDS.some((one) => one === kind)
    ),
    deadlineMs: flags.minutes ? performance.now() + Number(flags.minutes) * 60_000 : Infinity,
    isBrief: flags.brief,
  };
  const { failed, marks, lines } = runAll(plan, flags.state);
  for (const line of lines) console.log(line);
  if (flags.marks) console.log(marks.describe());
  const isBlind = flags.marks && marks.missing.length > 0;
  if (isBlind) console.log(`never met: ${marks.missing.join("; ")}`);
  return failed > 0 || isBlind ? 1 : 0;
}

/** Which seeds the flags ask for. */
function seedsOf({ seed, seeds, marks, fresh }: {
  readonly seed?: string;
  readonly seeds?: string;
  readonly marks: boolean;
  readonly fresh: boolean;
}): { readonly from: number; readonly to: number; readonly seconds: number } {
  const asked = seeds ?? seed;
  if (fresh) {
    const day = new Date().toISOString().slice(0, 10);
    const from = 1_000_000 + hashText(`${day} ${commit()}`) % 1_000_000_000;
    console.log(`fresh seeds from ${from}, of ${day} and commit ${commit()}`);
    return { from, to: from + 9_999, seconds: 100 };
  }
  if (asked === undefined && marks) return FIXED;
  const [from = 1, to = from] = (asked ?? "1").split("-").map(Number);
  return { from, to, seconds: 300 };
}

function runAll(plan: Plan, showsState: boolean) {
  const marks = new Marks();
  const lines: string[] = [];
  const sum = { ticks: 0, committed: 0, leaderships: 0, operations: 0 };
  const startMs = performance.now();
  let [failed, last] = [0, plan.from - 1];
  for (let seed = plan.from; seed <= plan.to && performance.now() < plan.deadlineMs; seed++) {
    last = seed;
    const outcome = runOnce(optionsOf(seed, plan.seconds, plan.without));
    marks.add(outcome.marks);
    sum.ticks += outcome.ticks;
    sum.committed += outcome.committed;
    sum.leaderships += outcome.leaderships;
    sum.operations += outcome.operations;
    if (showsState) lines.push(describeRun(outcome));
    if (!outcome.failure) continue;
    failed += 1;
    lines.push(...describeFailure(outcome, plan));
    if (plan.isBrief) break;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const virtual = Math.round(sum.ticks / TICKS_A_SECOND);
  lines.push(
    `seeds ${plan.from}-${last}: ${failed} failed; ${virtual} virtual seconds in ${
      seconds.toFixed(1)
    } s, ` +
      `${sum.leaderships} leaderships, ${sum.committed} entries, ${sum.operations} answers`,
  );
  return { failed, marks, lines };
}

function describeRun({ seed, trace, ticks, leaderships, committed, operations }: Outcome): string {
  return `seed ${seed}: trace ${trace}, ${ticks} ticks, ${leaderships} leaderships, ` +
    `${committed} entries, ${operations} answers`;
}

function describeFailure({ seed, failure }: Outcome, plan: Plan): string[] {
  if (!failure) return [];
  const head = `seed ${seed} at tick ${failure.tick}: ${failure.message}`;
  if (plan.isBrief) return [`${head.split("\n")[0]}`];
  const again = minimise(seed, plan.seconds, failure.rule);
  return [head, failure.state, `run again at commit ${commit()}: deno task sim ${again}`];
}

if (import.meta.main) Deno.exit(main(Deno.args));
