/**
 * What the kernel tells about processes: when one began, who belongs to a session, what they use.
 *
 * Used by the runtime and the supervisors. Linux reads /proc, macOS asks `ps`. It signals nobody.
 * Invariant: a process that ends while it is looked at is left out, never an error.
 */

/** Kernel ticks per second as /proc counts them; fixed for user space on every Linux. */
const TICKS_PER_SECOND = 100;

/** One process. */
export interface ProcessRow {
  readonly pid: number;
  /** Leader of its session on Linux, of its process group on macOS. */
  readonly session: number;
  /** It has ended and waits to be collected by its parent. */
  readonly isZombie: boolean;
  /** User and system time, with that of children it has waited for. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** When it began, in the system's own terms. */
  readonly startToken: string;
}

/** What a session uses. */
export interface SessionUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Parses a line of /proc/PID/stat; the command in parentheses may hold anything. Pure. */
export function parseStat(line: string, pageBytes: number): ProcessRow | undefined {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = line.slice(close + 2).trim().split(" ");
  const number = (index: number) => Number(fields[index] ?? NaN);
  // Positions from `man 5 proc`, less 3: the first field here is number 3, the state.
  const ticks = number(11) + number(12) + number(13) + number(14);
  const row = {
    pid: Number(line.slice(0, open)),
    session: number(3),
    isZombie: fields[0] === "Z",
    cpuSeconds: ticks / TICKS_PER_SECOND,
    residentBytes: number(21) * pageBytes,
    startToken: fields[19] ?? "",
  };
  return Number.isFinite(row.cpuSeconds + row.session) ? row : undefined;
}

/**
 * What tells a process from a later one with the same id, on this boot or another; undefined when
 * there is no such process.
 */
export async function findStartToken(pid: number): Promise<string | undefined> {
  if (Deno.build.os === "linux") {
    const row = await readRow(String(pid));
    return row && `${await bootId()} ${row.startToken}`;
  }
  const started = await runPs(["-o", "lstart=", "-p", String(pid)]);
  return started.trim() || undefined;
}

/** Every living process of the session that `leaderPid` began. Costs one look at each process. */
export async function listSession(leaderPid: number): Promise<ProcessRow[]> {
  const rows = Deno.build.os === "linux" ? await listProc() : await listPs();
  return rows.filter((row) => row.session === leaderPid && !row.isZombie);
}

/** What the session's processes use together. */
export async function measureSession(leaderPid: number): Promise<SessionUsage> {
  let cpuSeconds = 0;
  let memoryBytes = 0;
  for (const row of await listSession(leaderPid)) {
    cpuSeconds += row.cpuSeconds;
    memoryBytes += row.residentBytes;
  }
  return { cpuSeconds, memoryBytes };
}

/** Processes whose environment holds `marker` (`NAME=value`), whatever session they are in. */
export async function listMarked(marker: string): Promise<number[]> {
  if (Deno.build.os !== "linux") return [];
  const found: number[] = [];
  for (const pid of await listPids()) {
    const environment = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => "");
    if (environment.split("\0").includes(marker)) found.push(Number(pid));
  }
  return found;
}

async function listProc(): Promise<ProcessRow[]> {
  const rows: ProcessRow[] = [];
  for (const pid of await listPids()) {
    const row = await readRow(pid);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

async function listPids(): Promise<string[]> {
  const pids: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) if (/^\d+$/.test(name)) pids.push(name);
  return pids;
}

async function readRow(pid: string): Promise<ProcessRow | undefined> {
  // A process that is gone is no row.
  const line = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return parseStat(line, pageBytes());
}

let knownBootId: string | undefined;

async function bootId(): Promise<string> {
  const path = "/proc/sys/kernel/random/boot_id";
  return knownBootId ??= (await Deno.readTextFile(path).catch(() => "")).trim();
}

let knownPageBytes = 0;

/** The kernel's page size, from this process: its memory in bytes over its memory in pages. */
function pageBytes(): number {
  if (knownPageBytes === 0) {
    const kib = Number(/^VmSize:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]);
    const pages = Number(Deno.readTextFileSync("/proc/self/statm").split(" ")[0]);
    const exact = kib * 1024 / pages;
    knownPageBytes = 2 ** Math.round(Math.log2(exact)) || 4096;
  }
  return knownPageBytes;
}

async function listPs(): Promise<ProcessRow[]> {
  const table = await runPs(["-A", "-o", "pid=,pgid=,rss=,time=,lstart="]);
  return table.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(?:(\d+):)?(\d+):([\d.]+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid, group, kib, hours = "0", minutes, seconds, startToken = ""] = match;
    return [{
      pid: Number(pid),
      session: Number(group),
      isZombie: false,
      cpuSeconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
      residentBytes: Number(kib) * 1024,
      startToken: startToken.trim(),
    }];
  });
}

async function runPs(args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("ps", {
    args,
    env: { LC_ALL: "C" },
    stdout: "piped",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}
