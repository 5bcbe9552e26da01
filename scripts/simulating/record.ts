/**
 * The record of which planted bug was found by which seed: kept as data for the sample that every test run
 * repeats, and as a table in docs/simulation.md for people.
 */
import { BUGS } from "../../tests/sim/bugs.ts";
import type { Finding } from "./mutant.ts";

const DATA = new URL("../../tests/sim/bugs/found.json", import.meta.url);
const PAGE = new URL("../../docs/simulation.md", import.meta.url);
const [BEGIN, END] = ["<!-- sim:bugs -->", "<!-- /sim:bugs -->"];

/** Findings by the name of the bug. */
export type Record = ReadonlyMap<string, Finding>;

/** What was found last time. */
export function readRecord(): Record {
  return parseRecord(Deno.readTextFileSync(DATA));
}

function parseRecord(text: string): Record {
  return new Map(Object.entries(JSON.parse(text) as { [name: string]: Finding }));
}

/** Adds `fresh` to what was found before; bugs that exist no more are dropped. Writes data and table. */
export function writeRecord(fresh: Record, search: string): void {
  const before = readRecord();
  const all = new Map<string, Finding>();
  for (const { name } of BUGS) {
    const finding = fresh.get(name) ?? before.get(name);
    if (finding) all.set(name, finding);
  }
  Deno.writeTextFileSync(DATA, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
  const text = Deno.readTextFileSync(PAGE);
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE.pathname} has no markers for the bugs`);
  const body = `${BEGIN}\n${tableOf(all)}\n\n${search}\n`;
  Deno.writeTextFileSync(PAGE, text.slice(0, from) + body + text.slice(to));
}

/** A row for each bug. */
export function tableOf(record: Record): string {
  const rows = BUGS.map(({ name, rule, file }) => {
    const { seed = null, by = "" } = record.get(name) ?? {};
    const how = by === "" ? "**not found**" : by;
    return `| ${rule} | ${name} | \`${file}\` | ${seed ?? "-"} | ${how} |`;
  });
  return [
    "| Rule | Planted bug | File | Seed | Found by |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ]
    .join("\n");
}
