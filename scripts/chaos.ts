// deno-lint-ignore-file no-console
/**
 * Does harm to three managers of the built executable while clients write and read, and checks that
 * nothing acknowledged is lost, that every history is linearizable and that writes go on soon.
 *
 * Started by scripts/chaos, which gives it network and mount namespaces of its own where it can. Exit
 * code 1 when any rule was broken.
 */
import { parseArgs } from "@std/cli/parse-args";
import { machineLine, table, writeSections } from "./benching/report.ts";
import type { Fault } from "./chaosing/fault.ts";
import { FAULTS } from "./chaosing/faults/mod.ts";
import { watchInterrupts } from "./chaosing/interrupts.ts";
import { PROFILES } from "./chaosing/profiles.ts";
import {
  faultTable,
  furtherTable,
  profileTable,
  record,
  type Run,
  runOf,
} from "./chaosing/report.ts";
import { tryFault } from "./chaosing/trial.ts";

const DOCUMENT = "docs/raft-tuning.md";
const USAGE = `Usage: scripts/chaos [FAULT …] [--count N] [--seed S] [--profile P] [--record]

${FAULTS.map(({ name, title, count }) => `  ${name.padEnd(14)} ${title} (${count} x)`).join("\n")}
  all            every one of them, which is the default

  --count N      how often, instead of the number behind each
  --seed S       repeats the choices of an earlier run (not its timing)
  --profile P    ${Object.keys(PROFILES).join(", ")}: the times of consensus
  --record       keeps what broke no rule, and writes the tables of ${DOCUMENT} anew`;

interface Plan {
  readonly faults: readonly Fault[];
  readonly count: number | undefined;
  readonly seed: number;
  readonly profile: string;
  readonly isRecorded: boolean;
}

/** The plan, or undefined when the words make none. */
function parsePlan(args: readonly string[]): Plan | undefined {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["count", "seed", "profile"],
    boolean: ["record"],
    unknown: (word: string) => (word.startsWith("-") && unknown.push(word), true),
  });
  const names: readonly string[] = flags._.map(String);
  const isAll = names.length === 0 || names.includes("all");
  const isKnown = names.every((name) => name === "all" || FAULTS.some((one) => one.name === name));
  const profile = flags.profile ?? "default";
  const [count, seed] = [flags.count, flags.seed].map((text) => text ? Number(text) : undefined);
  if (unknown.length > 0 || !isKnown || !(profile in PROFILES)) return undefined;
  if (Number.isNaN(count) || Number.isNaN(seed)) return undefined;
  return {
    faults: FAULTS.filter(({ name }) => isAll || names.includes(name)),
    count,
    seed: seed ?? crypto.getRandomValues(new Uint16Array(1))[0] ?? 1,
    profile,
    isRecorded: flags.record,
  };
}

function isPossible({ name, needs }: Fault): boolean {
  const has = (Deno.env.get("WARREN_CHAOS_HAS") ?? "").split(",");
  if (!needs || has.includes(needs)) return true;
  console.error(`${name}: left out, it needs ${needs} (see scripts/chaos)`);
  return false;
}

/** Tries one kind; undefined when a rule was broken. */
async function tryOne(fault: Fault, plan: Plan): Promise<Run | undefined> {
  console.error(`${fault.name}: seed ${plan.seed}, profile ${plan.profile}`);
  const loadBefore = Deno.loadavg()[0] ?? NaN;
  const { failed, peakMib } = fault.bounds;
  // How soon writes must go on is said for the defaults only.
  const bounds = plan.profile === "default" ? fault.bounds : { failed, peakMib };
  const verdict = await tryFault({ ...fault, bounds }, {
    count: plan.count ?? fault.count,
    seed: plan.seed,
    flags: PROFILES[plan.profile] ?? [],
    say: (line) => console.error(`  ${line}`),
  });
  for (const line of verdict.notes) console.error(`  note: ${line}`);
  for (const line of verdict.broken) console.error(`  BROKEN: ${line}`);
  const run = runOf(verdict, plan.profile, loadBefore);
  if (verdict.broken.length === 0) return run;
  console.error(`  ${run.cells.join(" | ")}`);
  return undefined;
}

async function main(args: readonly string[]): Promise<number> {
  const plan = parsePlan(args);
  if (!plan) {
    console.error(USAGE);
    return args.includes("--help") ? 0 : 2;
  }
  watchInterrupts();
  const good: Run[] = [];
  for (const fault of plan.faults.filter(isPossible)) {
    try {
      const run = await tryOne(fault, plan);
      if (run) good.push(run);
    } catch (error) {
      console.error(
        `${fault.name}: cannot be tried: ${error instanceof Error ? error.stack : error}`,
      );
    }
  }
  const all = plan.isRecorded && good.length > 0 ? await record(good) : good;
  const sections = sectionsOf(all);
  for (const section of sections) console.log(`\n${section.title}\n\n${table(section)}`);
  console.log(`\n${machineLine()}`);
  if (plan.isRecorded) await writeSections(DOCUMENT, sections);
  console.error(`${good.length} of ${plan.faults.length} kinds of faults broke no rule`);
  return good.length === plan.faults.length ? 0 : 1;
}

function sectionsOf(runs: readonly Run[]) {
  const titles = new Map(FAULTS.map(({ name, title }) => [name, title]));
  return [
    profileTable(runs, Object.keys(PROFILES)),
    faultTable(runs, titles),
    furtherTable(runs, titles),
  ];
}

Deno.exit(await main(Deno.args));
