/**
 * Figures as tables: distributions, markdown, and their place in a document.
 */

/** A table with its title. */
export interface Section {
  /** Names the markers in the document: `<!-- bench:ID -->` to `<!-- /bench:ID -->`. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Runnable processes over the last minute, before this one adds to them. */
const LOAD_BEFORE = Deno.loadavg()[0] ?? NaN;

/** The value below which `share` (0 to 1) of `values` lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Median, 95th, 99th percentile and maximum, in milliseconds with one decimal. */
export function distribution(valuesMs: readonly number[]): string[] {
  const figures = [0.5, 0.95, 0.99, 1].map((share) => percentile(valuesMs, share));
  return figures.map((figure) => figure.toFixed(1));
}

/** A section as a markdown table. */
export function table({ columns, rows }: Section): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}

/** What the figures were measured on, and what else kept it busy when measuring began. */
export function machineLine(): string {
  const { systemMemoryInfo, osRelease } = Deno;
  const load = LOAD_BEFORE.toFixed(1);
  const memoryGb = Math.round(systemMemoryInfo().total / 2 ** 30);
  const cores = navigator.hardwareConcurrency;
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cores} cores, ${memoryGb} GiB, ${Deno.build.os} ${osRelease()}`;
  return `Measured on ${day}: ${machine}, load average ${load} before.`;
}

/** Replaces what stands between the markers of each section. @throws Error when one is missing */
export async function writeSections(path: string, sections: readonly Section[]): Promise<void> {
  let text = await Deno.readTextFile(path);
  for (const section of sections) {
    const [begin, end] = [`<!-- bench:${section.id} -->`, `<!-- /bench:${section.id} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${path} has no markers for "${section.id}"`);
    const body = `${begin}\n${table(section)}\n\n${machineLine()}\n`;
    text = text.slice(0, from) + body + text.slice(to);
  }
  await Deno.writeTextFile(path, text);
}
