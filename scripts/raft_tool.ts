// deno-lint-ignore-file no-console
/**
 * Shows what is in the log directory of a member, for an operator with a manager that does not start.
 *
 * Reads only, and also beside a running manager, whose newest frame may then look damaged. With
 * --verify the exit code says whether a start would succeed.
 */
import { parseArgs } from "@std/cli/parse-args";
import { denoReadFs } from "../src/manager/disk/deno_fs.ts";
import {
  type DirectoryReport,
  type FrameReport,
  inspectDirectory,
  type SegmentReport,
} from "../src/manager/disk/inspect.ts";
import type { Entry, Membership } from "../src/raft/mod.ts";

const USAGE = `Usage: deno run -A scripts/raft_tool.ts DIR [--verify] [--json] [--entries A-B]

  DIR            the log of a member: the folder "raft" in the data directory of a manager
  --verify       print only faults; exit 1 when a start would refuse, naming file and byte
  --json         everything as one JSON document
  --entries A-B  also print the entries with these indexes`;

/** Runs the tool; returns its exit code. `print` gets whole lines. */
export function raftTool(args: readonly string[], print: (line: string) => void): number {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["verify", "json", "help"],
    string: ["entries"],
    unknown: (argument: string) => !argument.startsWith("-") || unknown.push(argument) < 0,
  });
  const range = parseRange(flags["entries"]);
  const [dir] = flags._;
  if (flags["help"] === true || flags._.length !== 1 || unknown.length > 0 || range === null) {
    print(USAGE);
    return flags["help"] === true ? 0 : 2;
  }
  const report = inspectDirectory(denoReadFs, String(dir).replace(/\/+$/, ""));
  const entries = report.entries.filter(({ index }) => index >= range.from && index <= range.to);
  if (flags["json"] === true) print(JSON.stringify({ ...report, entries }, printable, 2));
  else if (flags["verify"] === true) printVerdict(report, print);
  else printAll(report, entries, print);
  return flags["verify"] === true && report.faults.length > 0 ? 1 : 0;
}

function parseRange(text: unknown): { readonly from: number; readonly to: number } | null {
  if (text === undefined) return { from: 1, to: 0 };
  const match = /^(\d+)-(\d+)$/.exec(String(text));
  return match ? { from: Number(match[1]), to: Number(match[2]) } : null;
}

function printVerdict({ dir, faults, recovered }: DirectoryReport, print: (line: string) => void) {
  for (const fault of faults) print(fault);
  if (faults.length > 0) return;
  const cut = recovered?.cutBytes ?? 0;
  const note = cut > 0 ? `, after cutting ${cut} bytes of a frame that was not finished` : "";
  print(`"${dir}" is good${note}`);
}

function printAll(
  report: DirectoryReport,
  entries: readonly Entry[],
  print: (line: string) => void,
): void {
  const { start, recovered } = report;
  print(`directory   ${report.dir}`);
  if (start) {
    print(
      `start       opened ${start.incarnation} times, in doubt: ${start.isInDoubt ? "yes" : "no"}`,
    );
  }
  if (recovered) {
    const { hard, snapshot, base, lastIndex, lastTerm, cutBytes, isCutDoubtful } = recovered;
    print(`term        ${hard.term}, vote: ${hard.vote ?? "none"}`);
    print(
      `snapshot    at ${snapshot.index} of term ${snapshot.term}, ${members(snapshot.membership)}`,
    );
    print(`entries     ${base.index + 1} to ${lastIndex}, the last of term ${lastTerm}`);
    const doubt = isCutDoubtful ? "others may have been told of it" : "nobody was told of it";
    if (cutBytes > 0) print(`damaged     the newest frame, ${cutBytes} bytes: ${doubt}`);
  }
  for (const segment of report.segments) printSegment(segment, print);
  for (const { name, file, fault } of report.snapshots) {
    print("");
    print(`snapshot ${name}`);
    if (file) print(`  index ${file.meta.index}  ${file.sizeBytes} bytes  sha-256 ${file.digest}`);
    if (fault !== null) print(`  FAULT ${fault}`);
  }
  if (report.others.length > 0) print(`\nother files: ${report.others.join(", ")}`);
  if (entries.length > 0) print("\nentries");
  for (const entry of entries) print(`  ${entry.index}/${entry.term}  ${describePayload(entry)}`);
  for (const fault of report.faults) print(`\nFAULT ${fault}`);
}

function printSegment(
  { name, header, frames, damage, fault }: SegmentReport,
  print: (line: string) => void,
): void {
  print("");
  print(`segment ${name}`);
  if (header) {
    print(`  member ${header.memberId}  after entry ${header.base.index}/${header.base.term}`);
  }
  for (const frame of frames) print(`  ${describeFrame(frame)}`);
  if (damage && fault === null) {
    print(`  ${damage.endOffset - damage.offset} bytes that are no frame at byte ${damage.offset}`);
  }
  if (fault !== null) print(`  FAULT ${fault}`);
}

function describeFrame(frame: FrameReport): string {
  const { hard, truncateFrom, snapshot, entries } = frame;
  const parts = [
    `#${frame.number}`.padEnd(8),
    `byte ${frame.offset}`.padEnd(14),
    frame.kind.padEnd(6),
    entries > 0 ? `entries ${frame.firstIndex}-${frame.lastIndex} (${entries})` : "",
    hard ? `term ${hard.term} vote ${hard.vote ?? "none"}` : "",
    truncateFrom !== null ? `truncate from ${truncateFrom}` : "",
    snapshot ? `snapshot ${snapshot.index}/${snapshot.term}` : "",
  ];
  return parts.filter((part) => part !== "").join(" ").trimEnd();
}

function describePayload({ payload }: Entry): string {
  if (payload.kind === "noop") return "noop";
  if (payload.kind === "membership") return members(payload.membership);
  return `data, ${payload.data.length} bytes`;
}

function members({ voters, outgoing, learners }: Membership): string {
  const parts = [`voters ${voters.join(",") || "none"}`];
  if (outgoing.length > 0) parts.push(`outgoing ${outgoing.join(",")}`);
  if (learners.length > 0) parts.push(`learners ${learners.join(",")}`);
  return parts.join(" ");
}

/** Bytes as their number: what is in them is for the store to read. */
function printable(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: value.length } : value;
}

if (import.meta.main) Deno.exit(raftTool(Deno.args, console.log));
