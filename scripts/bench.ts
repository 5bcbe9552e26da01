// deno-lint-ignore-file no-console
/**
 * Measures what a user waits for, on the built executable, and writes the figures as a table.
 *
 * `scripts/bench` prints; `--write` puts the tables into docs/performance.md between their markers.
 * Each figure is a distribution over many runs on this machine, beside the bare engine's own where
 * there is one: compare within one run, not between machines.
 */
import { measureCommands } from "./benching/commands.ts";
import { measureStart } from "./benching/start.ts";
import { measureCreates } from "./benching/creates.ts";
import { measureConsensus } from "./benching/consensus.ts";
import { measureMemory } from "./benching/memory.ts";
import { machineLine, type Section, table, writeSections } from "./benching/report.ts";

const PARTS: Readonly<Record<string, () => Promise<Section>>> = {
  commands: measureCommands,
  start: measureStart,
  creates: measureCreates,
  memory: measureMemory,
  consensus: measureConsensus,
};

const USAGE = `Usage: scripts/bench [--write] [commands|start|creates|memory|consensus …]

  commands  warren version, completion of a service name, service list
  start     service create to running, beside docker run
  creates   1,000 service creates with the fake runtime: rate, latency, memory
  memory    resident memory of daemons, workers and supervisors, idle and loaded
  consensus writes of 100 bytes by 1 to 256 callers, three members, beside etcd (scripts/setup --with-test-tools)`;

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.filter((arg) => arg !== "--write");
  if (wanted.some((name) => !(name in PARTS))) {
    console.error(USAGE);
    return args.includes("--help") ? 0 : 2;
  }
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`measuring: ${name}`);
    const section = await measure();
    sections.push(section);
    console.log(`\n${section.title}\n\n${table(section)}`);
  }
  console.log(`\n${machineLine()}`);
  if (args.includes("--write")) await writeSections("docs/performance.md", sections);
  return 0;
}

Deno.exit(await main(Deno.args));
