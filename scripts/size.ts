// deno-lint-ignore-file no-console
/**
 * The gate on size: what people download, what it takes on disk, and how big Warren's own part is.
 *
 * Called through scripts/size and by the test command after the build. It judges every executable in dist
 * and shows each figure beside the last recorded one, so that growth is seen when it happens.
 * `--record` writes today's figures to scripts/size_record.json and to the table of docs/binary-size.md.
 */
import { inspectPortable } from "./packaging/inspect.ts";
import { COMPILED_DIR, DIST_DIR, ROOT } from "./packaging/paths.ts";
import { executablesIn, formatTable } from "./packaging/report.ts";
import { exitWith } from "./packaging/run.ts";

/** One measured figure with its limit. */
export interface Figure {
  readonly name: string;
  readonly bytes: number;
  readonly limitBytes: number;
}

/** Recorded bytes by figure name. */
export type Recorded = Readonly<Record<string, number>>;

const MEGABYTE = 1_000_000;
const LIMITS = { download: 45 * MEGABYTE, onDisk: 100 * MEGABYTE - 1, program: 3 * MEGABYTE };
const DOCS_PATH = `${ROOT}/docs/binary-size.md`;
const RECORD_PATH = `${ROOT}/scripts/size_record.json`;

async function main(args: readonly string[]): Promise<number> {
  if (args.some((argument) => argument !== "--record")) {
    console.error("Usage: scripts/size [--record]");
    return 2;
  }
  const figures = await measure();
  if (figures.length === 0) {
    console.error('Error: nothing to measure in dist\nhint: run "scripts/build --all"');
    return 1;
  }
  const recorded = parseRecord(await readIfThere(RECORD_PATH));
  console.log(formatTable(tableOf(figures, recorded)));
  const over = figures.filter((figure) => figure.bytes > figure.limitBytes);
  for (const { name } of over) console.error(`Error: ${name} is over its limit`);
  if (args.includes("--record")) {
    const next = Object.fromEntries(figures.map(({ name, bytes }) => [name, bytes]));
    await Deno.writeTextFile(RECORD_PATH, JSON.stringify({ ...recorded, ...next }, null, 2) + "\n");
    await Deno.writeTextFile(DOCS_PATH, withTable(await Deno.readTextFile(DOCS_PATH), figures));
  }
  return over.length === 0 ? 0 : 1;
}

async function measure(): Promise<Figure[]> {
  const figures: Figure[] = [];
  let programBytes = 0;
  for (const name of await executablesIn(DIST_DIR)) {
    const parts = await inspectPortable(`${DIST_DIR}/${name}`);
    figures.push(
      { name: `${name} download`, bytes: parts.downloadBytes, limitBytes: LIMITS.download },
      { name: `${name} on disk`, bytes: parts.unpackedBytes, limitBytes: LIMITS.onDisk },
    );
    programBytes = Math.max(programBytes, parts.programBytes);
  }
  for (const name of await executablesIn(COMPILED_DIR)) {
    const { size } = await Deno.stat(`${COMPILED_DIR}/${name}`);
    figures.push({ name: `compiled/${name}`, bytes: size, limitBytes: LIMITS.onDisk });
  }
  if (figures.length > 0) {
    figures.push({ name: "program", bytes: programBytes, limitBytes: LIMITS.program });
  }
  return figures;
}

/** One row a figure: bytes, limit, what was recorded, and the change since. */
export function tableOf(figures: readonly Figure[], recorded: Recorded): string[][] {
  const rows = figures.map(({ name, bytes, limitBytes }) => {
    const before = recorded[name];
    const change = before === undefined ? "new" : signed(bytes - before);
    const verdict = bytes > limitBytes ? "OVER" : "ok";
    return [name, group(bytes), group(limitBytes), group(before), change, verdict];
  });
  return [["figure", "bytes", "limit", "recorded", "change", ""], ...rows];
}

/** Recorded figures from the file's text. @throws Error when it is not a map of numbers. */
export function parseRecord(text: string): Recorded {
  const record: unknown = JSON.parse(text === "" ? "{}" : text);
  const isMap = typeof record === "object" && record !== null &&
    Object.values(record).every((value) => typeof value === "number");
  if (!isMap) throw new Error(`${RECORD_PATH} is not a map of names to bytes`);
  return record as Recorded;
}

/** A document with the table between its marks replaced. @throws Error when it has no marks. */
export function withTable(document: string, figures: readonly Figure[]): string {
  const [before, rest] = document.split("<!-- sizes -->\n");
  const after = rest?.split("<!-- end of sizes -->")[1];
  if (before === undefined || after === undefined) {
    throw new Error("The document has no size marks");
  }
  const rows = figures.map(({ name, bytes, limitBytes }) =>
    `| ${name} | ${group(bytes)} | ${group(limitBytes)} |\n`
  );
  const head = "| figure | bytes | limit |\n|---|--:|--:|\n";
  return `${before}<!-- sizes -->\n${head}${rows.join("")}<!-- end of sizes -->${after}`;
}

function group(bytes: number | undefined): string {
  return bytes === undefined ? "-" : bytes.toLocaleString("en-US");
}

function signed(bytes: number): string {
  return (bytes > 0 ? "+" : "") + bytes.toLocaleString("en-US");
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

if (import.meta.main) await exitWith(() => main(Deno.args));
