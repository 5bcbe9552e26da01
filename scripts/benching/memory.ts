/**
 * Resident memory of each kind of process: idle, and with a thousand services.
 *
 * "Own" is what the process has allocated; the rest are pages of the runtime's executable, which all
 * processes of Warren on a machine share.
 */
import { specOf, TestApi } from "../../tests/harness/api.ts";
import { until, type WarrenDaemon } from "../../tests/harness/warren.ts";
import { withDaemon } from "./daemon.ts";
import { createAll, SERVICES, untilAllRun } from "./load.ts";
import type { Section } from "./report.ts";

/** Time after a start or a load until a process counts as idle again. */
const QUIET_MS = 5_000;
const HOST_PROCESSES = 5;
const HOST_TASK = { runtime: "process", command: ["sleep", "1000"], stopTimeoutMs: 0 } as const;
const CALLERS = 16;

/** Daemon, manager and worker apart, and what stands beside each host process. */
export async function measureMemory(): Promise<Section> {
  return {
    id: "memory",
    title: "Resident memory",
    columns: ["process", "resident MiB", "own MiB", "aim", "limit"],
    rows: [
      ...await measureDaemon(),
      ...await measureManagerAndWorker(),
      ...await measureSupervisors(),
    ],
  };
}

function measureDaemon(): Promise<string[][]> {
  return withDaemon({ flags: ["--runtime", "docker"] }, async ({ pid }) => {
    await pause(QUIET_MS);
    return [await row("manager and worker in one (`cluster init`), idle", [pid], MANAGER)];
  });
}

function measureManagerAndWorker(): Promise<string[][]> {
  return withDaemon({ command: ["cluster", "init", "--manager-only"] }, async (manager) => {
    const { token } = await manager.json(["cluster", "join-token", "worker"]);
    const join = ["worker", "start", "--manager", manager.ready.listen_addr, "--token", token];
    const flags = ["--runtime", "fake", "--node-name", "worker"];
    return await withDaemon({ command: join, flags }, (worker) => measureApart(manager, worker));
  });
}

async function measureApart(manager: WarrenDaemon, worker: WarrenDaemon): Promise<string[][]> {
  await pause(QUIET_MS);
  const rows = [
    await row("manager alone, idle", [manager.pid], MANAGER),
    await row("worker (`worker start`), idle", [worker.pid], WORKER),
  ];
  using api = new TestApi(manager.host);
  await createAll(api, CALLERS);
  await untilAllRun(api);
  rows.push(await row(`manager, just after ${SERVICES} creates`, [manager.pid], MANAGER));
  rows.push(await row(`worker, just after ${SERVICES} starts`, [worker.pid], WORKER));
  await pause(QUIET_MS);
  rows.push(await row(`manager, idle with ${SERVICES} services`, [manager.pid], MANAGER));
  rows.push(await row(`worker, idle with ${SERVICES} tasks`, [worker.pid], WORKER));
  return rows;
}

function measureSupervisors(): Promise<string[][]> {
  return withDaemon({ flags: ["--runtime", "process"] }, async ({ host, dir }) => {
    using api = new TestApi(host);
    await api.create(specOf("sleepers", HOST_PROCESSES, HOST_TASK));
    await api.settled("sleepers", HOST_PROCESSES);
    await pause(QUIET_MS);
    const supervisors = await supervisorsOf(dir);
    const rows = [await row("supervisor of one host process (`--runtime process`)", supervisors)];
    await api.remove("sleepers");
    await until("supervisors to end", async () => (await supervisorsOf(dir)).length === 0);
    return rows;
  });
}

/** Aim and limit in MiB. */
interface Bounds {
  readonly aimMib: number;
  readonly limitMib: number;
}

const MANAGER: Bounds = { aimMib: 150, limitMib: 256 };
const WORKER: Bounds = { aimMib: 100, limitMib: 128 };

/** One row: the mean over `pids`. */
async function row(name: string, pids: readonly number[], bounds?: Bounds): Promise<string[]> {
  const found = await Promise.all(pids.map(memoryOf));
  if (found.length === 0) throw new Error(`no process of "${name}" was found`);
  const mean = (pick: (memory: Memory) => number) =>
    (found.reduce((sum, memory) => sum + pick(memory), 0) / found.length).toFixed(0);
  const figures = [mean(({ residentMib }) => residentMib), mean(({ ownMib }) => ownMib)];
  return [name, ...figures, String(bounds?.aimMib ?? ""), String(bounds?.limitMib ?? "")];
}

/** What one process holds. */
interface Memory {
  readonly residentMib: number;
  readonly ownMib: number;
}

/** Memory of a process as the kernel counts it. */
export async function memoryOf(pid: number): Promise<Memory> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const mib = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN) / 1_024;
  return { residentMib: mib("Rss"), ownMib: mib("Anonymous") };
}

/** Supervisors whose container lies below `dir`. */
async function supervisorsOf(dir: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (words.includes("supervise-process") && words.includes(dir)) found.push(Number(name));
  }
  return found;
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
