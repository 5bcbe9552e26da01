// deno-lint-ignore-file no-console
/**
 * Plants each known bug in a copy of the consensus core and lets the simulator look for it.
 *
 * `deno run -A scripts/sim_mutants.ts`: a table of bugs with the seed that found each. `--only TEXT` picks
 * bugs by name, `--seeds A-B` the seeds (1-10000), `--seconds S` the virtual time of a run (60),
 * `--limit S` the real time for one bug (60). A bug that breaks no rule counts as found if it makes some
 * mark impossible that all other runs meet. Exit code 1 when a bug survives its last seed or its time.
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Bug } from "../tests/sim/bugs/bug.ts";
import { BUGS, plant } from "../tests/sim/bugs.ts";
import type { Hunt } from "../tests/sim/hunt.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Fewer runs than this may miss a mark by chance. */
const RUNS_FOR_MARKS = 300;

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], { string: ["only", "seeds", "seconds", "limit"] });
  const [from = 1, to = 10_000] = (flags.seeds ?? "1-10000").split("-").map(Number);
  const chosen = BUGS.filter(({ name }) => new RegExp(flags.only ?? "").test(name));
  const survivors: string[] = [];
  for (const bug of chosen) {
    const folder = await Deno.makeTempDir({ prefix: "warren-mutant-" });
    try {
      copySources(folder, bug);
      const range = [from, to, Number(flags.seconds ?? 60), Number(flags.limit ?? 60) * 1000];
      const line = describe(bug, await run(folder, range.map(String)));
      if (line.includes("SURVIVED")) survivors.push(bug.name);
      console.log(line);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  console.log(`${chosen.length - survivors.length} of ${chosen.length} bugs found`);
  return survivors.length === 0 ? 0 : 1;
}

function copySources(folder: string, bug: Bug): void {
  for (const source of ["src/lib", "src/raft", "tests/sim"]) {
    Deno.mkdirSync(`${folder}/${source}`, { recursive: true });
    for (const { name, isFile } of Deno.readDirSync(`${ROOT}${source}`)) {
      if (!isFile || !name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
      const text = Deno.readTextFileSync(`${ROOT}${source}/${name}`);
      const isHere = source === "src/raft" && name === bug.file;
      Deno.writeTextFileSync(`${folder}/${source}/${name}`, isHere ? plant(bug, text) : text);
    }
  }
}

async function run(folder: string, args: readonly string[]): Promise<Hunt | string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-config", `${folder}/tests/sim/hunt.ts`, ...args],
    signal: AbortSignal.timeout(Number(args[3]) + 30_000),
  });
  const { stdout, stderr, success } = await command.output();
  if (success) return parseHunt(new TextDecoder().decode(stdout));
  const [reason = ""] = new TextDecoder().decode(stderr).trim().split("\n");
  return reason;
}

function parseHunt(text: string): Hunt {
  return JSON.parse(text) as Hunt;
}

function describe({ name, rule }: Bug, hunt: Hunt | string): string {
  const head = `${rule.padEnd(4)} ${name.padEnd(62)}`;
  // A run that never ends or breaks the simulator itself is noticed as well.
  if (typeof hunt === "string") return `${head} crash ${hunt}`;
  if (hunt.seed !== null) {
    return `${head} seed ${hunt.seed}: ${hunt.rule}: ${hunt.message}`.slice(0, 180);
  }
  const isJudged = hunt.last >= RUNS_FOR_MARKS && hunt.missing.length > 0;
  if (isJudged) return `${head} marks of ${hunt.last} seeds: ${hunt.missing.join("; ")}`;
  return `${head} SURVIVED ${hunt.last} seeds`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
