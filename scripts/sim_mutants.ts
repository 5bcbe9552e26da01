// deno-lint-ignore-file no-console
/**
 * Plants each known bug in a copy of the consensus core and lets the simulator look for it.
 *
 * `deno run -A scripts/sim_mutants.ts`: a line for each bug with the seed that found it. `--only REGEX` picks
 * bugs by name, `--seeds A-B` the seeds (1-10000), `--seconds S` the virtual time of a run (60), `--limit S`
 * the real time for one bug (600), `--jobs N` how many at a time (1). `--record` writes what was found to
 * tests/sim/bugs/found.json and docs/simulation.md; `--sample` repeats those that were found at once.
 * A bug that breaks no rule counts as found if it makes some mark impossible that all other runs meet.
 * Exit code 1 when a bug survives its last seed or its time.
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Bug } from "../tests/sim/bugs/bug.ts";
import { BUGS } from "../tests/sim/bugs.ts";
import { commit } from "./simulating/commit.ts";
import { Copy, type Finding, type Search } from "./simulating/mutant.ts";
import { readRecord, writeRecord } from "./simulating/record.ts";

/** Bugs that were found by one of so many seeds are looked for again in each test run ... */
const SAMPLE_SEEDS = 20;
/** ... among so many, because a change of the core or the simulator makes other runs of the same seeds. */
const SAMPLE_SEARCH: Search = { from: 1, to: 100, seconds: 60, limitMs: 120_000 };

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], {
    string: ["only", "seeds", "seconds", "limit", "jobs"],
    boolean: ["record", "sample"],
  });
  const [from = 1, to = 10_000] = (flags.seeds ?? "1-10000").split("-").map(Number);
  const [seconds, limit] = [Number(flags.seconds ?? 60), Number(flags.limit ?? 600)];
  const search = flags.sample ? SAMPLE_SEARCH : { from, to, seconds, limitMs: limit * 1000 };
  const before = readRecord();
  const isQuick = ({ name }: Bug) => (before.get(name)?.seed ?? Infinity) <= SAMPLE_SEEDS;
  const chosen = BUGS.filter((bug) =>
    new RegExp(flags.only ?? "").test(bug.name) && (!flags.sample || isQuick(bug))
  );
  const found = await huntAll(chosen, search, Number(flags.jobs ?? 1));
  const survivors = chosen.filter(({ name }) => found.get(name)?.by === "");
  console.log(`${chosen.length - survivors.length} of ${chosen.length} bugs found`);
  if (flags.record) {
    const runs = `each run ${seconds} virtual seconds before healing`;
    const how = `${BUGS.length} bugs, ${runs}; the last rows were recorded at commit ${commit()}.`;
    // A search whose time ran out says nothing about what was found before.
    const isOver = ({ by, last }: Finding) => by !== "" || last >= search.to;
    writeRecord(new Map([...found].filter(([, finding]) => isOver(finding))), how);
  }
  return survivors.length === 0 ? 0 : 1;
}

/** Looks for each bug, `jobs` at a time. */
async function huntAll(
  bugs: readonly Bug[],
  search: Search,
  jobs: number,
): Promise<ReadonlyMap<string, Finding>> {
  const found = new Map<string, Finding>();
  const left = [...bugs];
  const work = async () => {
    await using copy = new Copy();
    for (let bug = left.shift(); bug; bug = left.shift()) {
      const finding = await copy.hunt(bug, search);
      found.set(bug.name, finding);
      console.log(describe(bug, finding));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return found;
}

function describe({ name, rule }: Bug, { seed, by, last }: Finding): string {
  const head = `${rule.padEnd(4)} ${name.padEnd(66)}`;
  if (by === "") return `${head} SURVIVED ${last} seeds`;
  return `${head} ${seed === null ? by : `seed ${seed}: ${by}`}`.slice(0, 200);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
