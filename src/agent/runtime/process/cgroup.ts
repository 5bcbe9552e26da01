/**
 * Control groups for host processes: limits, use, and the certainty of reaching every process.
 *
 * Supervisors make and enter them; the runtime reads and changes them by the paths in the run record.
 * Both versions of the kernel's interface are known. Without root, or where the hierarchy cannot be
 * written, there is no group and the caller does without. See cgroups(7).
 */
import { type Clock, sleep, WarrenError } from "../../../lib/mod.ts";
import type { ResourceAmounts } from "../../../model/mod.ts";
import { readIfThere } from "./records.ts";

/** Where groups of containers are made. */
export interface CgroupBase {
  readonly version: 1 | 2;
  /** Directories that hold one group per container; several with version 1. */
  readonly dirs: readonly string[];
  /** Directories of the groups that this process is in. */
  readonly homes: readonly string[];
}

/** The group of one container. */
export interface Cgroup {
  readonly dirs: readonly string[];
  readonly homes: readonly string[];
}

const NO_CGROUP: Cgroup = { dirs: [], homes: [] };

/** What the processes of a group use. */
export interface CgroupUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

const CPU_PERIOD_MICROS = 100_000;
const CONTROLLERS = ["memory", "cpu", "cpuacct"];
const MKDIR_ROUNDS = 10;
const KILL_ROUNDS = 100;
const KILL_PAUSE_MS = 5;

/**
 * Chooses where to make groups, from /proc/mounts and /proc/self/cgroup. Pure. Below our own group
 * with version 1; beside it with version 2, where a group with processes cannot have limited children.
 */
export function planCgroupBase(mounts: string, self: string): CgroupBase | undefined {
  const own = new Map<string, string>();
  for (const line of self.split("\n")) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    for (const controller of match?.[1]?.split(",") ?? []) own.set(controller, match?.[2] ?? "/");
  }
  let hasMemory = false;
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const homes: string[] = [];
  for (const controller of CONTROLLERS) {
    const mount = lines.find(([, , type, options = ""]) =>
      type === "cgroup" && options.split(",").includes(controller)
    )?.[1];
    if (mount === undefined) continue;
    const home = join(mount, own.get(controller) ?? "/");
    if (!homes.includes(home)) homes.push(home);
    if (controller === "memory") hasMemory = true;
  }
  if (hasMemory) return { version: 1, homes, dirs: homes.map((home) => `${home}/warren`) };
  const unified = lines.find(([, , type]) => type === "cgroup2")?.[1];
  if (unified === undefined) return undefined;
  const path = own.get("") ?? "/";
  const beside = join(unified, path.slice(0, path.lastIndexOf("/")), "warren-tasks");
  return { version: 2, homes: [join(unified, path)], dirs: [beside] };
}

/** The base that this process can use, or undefined. */
export async function openCgroupBase(): Promise<CgroupBase | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  const mounts = await readIfThere("/proc/mounts") ?? "";
  const base = planCgroupBase(mounts, await readIfThere("/proc/self/cgroup") ?? "");
  if (base === undefined) return undefined;
  try {
    for (const dir of base.dirs) {
      if (base.version === 1) await Deno.stat(`${dir.slice(0, dir.lastIndexOf("/"))}/cgroup.procs`);
      else await makeDelegate(dir);
    }
    return base;
  } catch {
    // Not ours to write, for instance inside a container: the runtime's info says that limits are
    // not enforced by the kernel.
    return undefined;
  }
}

/** Makes a version 2 group whose children may have limits. */
async function makeDelegate(dir: string): Promise<void> {
  const controllers = "+memory +cpu";
  const parent = dir.slice(0, dir.lastIndexOf("/"));
  await Deno.writeTextFile(`${parent}/cgroup.subtree_control`, controllers);
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(`${dir}/cgroup.subtree_control`, controllers);
}

/** Makes the group of a container with its limits; without directories when that is impossible. */
export async function makeCgroup(id: string, limits: ResourceAmounts): Promise<Cgroup> {
  const base = await openCgroupBase();
  if (base === undefined) return NO_CGROUP;
  const dirs = base.dirs.map((dir) => `${dir}/${id}`);
  try {
    for (const dir of dirs) await makeDir(dir);
    await limitCgroup(dirs, limits);
    return { dirs, homes: base.homes };
  } catch {
    // As above: without a group rather than not at all.
    await removeCgroup(dirs);
    return NO_CGROUP;
  }
}

/** Another supervisor may remove the parent just now because it was empty. */
async function makeDir(dir: string): Promise<void> {
  for (let round = 1;; round++) {
    try {
      return await Deno.mkdir(dir, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || round === MKDIR_ROUNDS) throw error;
    }
  }
}

/**
 * Runs `start` while this process is in the group, so that whatever it starts is born there. This
 * process must have no other work meanwhile.
 */
export async function insideCgroup<T>({ dirs, homes }: Cgroup, start: () => T): Promise<T> {
  const self = String(Deno.pid);
  try {
    for (const dir of dirs) await Deno.writeTextFile(`${dir}/cgroup.procs`, self);
    return start();
  } finally {
    for (const home of homes) await Deno.writeTextFile(`${home}/cgroup.procs`, self);
  }
}

/** Adds a process to a group; nothing happens when the process or the group is gone. */
export async function joinCgroup(dirs: readonly string[], pid: number): Promise<void> {
  for (const dir of dirs) {
    // ESRCH: it has ended already.
    await Deno.writeTextFile(`${dir}/cgroup.procs`, String(pid), { create: false }).catch(() => {});
  }
}

/** Sets or lifts limits. @throws ENGINE_FAILED when the kernel refuses, for instance below the use. */
export async function limitCgroup(
  dirs: readonly string[],
  { memoryBytes, milliCpus }: ResourceAmounts,
): Promise<void> {
  const quota = Math.max(1_000, Math.round(milliCpus * CPU_PERIOD_MICROS / 1000));
  const values: Readonly<Record<string, string>> = {
    "memory.limit_in_bytes": memoryBytes > 0 ? String(memoryBytes) : "-1",
    "memory.max": memoryBytes > 0 ? String(memoryBytes) : "max",
    "cpu.cfs_quota_us": milliCpus > 0 ? String(quota) : "-1",
    "cpu.max": `${milliCpus > 0 ? quota : "max"} ${CPU_PERIOD_MICROS}`,
  };
  for (const dir of dirs) {
    for (const [file, value] of Object.entries(values)) {
      if (await readIfThere(`${dir}/${file}`) === undefined) continue;
      try {
        await Deno.writeTextFile(`${dir}/${file}`, value, { create: false });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new WarrenError("ENGINE_FAILED", `Cannot set ${file} to ${value}: ${why}`);
      }
    }
  }
}

/** What the group uses, or undefined when it is gone or does not count. */
export async function measureCgroup(dirs: readonly string[]): Promise<CgroupUsage | undefined> {
  const read = (file: string) => readFirst(dirs, file);
  const usage = await read("memory.usage_in_bytes") ?? await read("memory.current");
  const nanos = await read("cpuacct.usage");
  const micros = /^usage_usec (\d+)/m.exec(await read("cpu.stat") ?? "")?.[1];
  const cpuSeconds = nanos !== undefined ? Number(nanos) / 1e9 : Number(micros ?? NaN) / 1e6;
  if (usage === undefined || !Number.isFinite(cpuSeconds)) return undefined;
  const stat = await read("memory.stat") ?? "";
  const cached = /^total_inactive_file (\d+)/m.exec(stat) ?? /^inactive_file (\d+)/m.exec(stat);
  return { cpuSeconds, memoryBytes: Math.max(0, Number(usage) - Number(cached?.[1] ?? 0)) };
}

/** How many processes of the group the kernel killed for want of memory. */
export async function countOomKills(dirs: readonly string[]): Promise<number> {
  const events = await readFirst(dirs, "memory.oom_control") ??
    await readFirst(dirs, "memory.events") ?? "";
  return Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0);
}

/** Kills every process of the group and waits until it is empty. */
export async function killCgroup(dirs: readonly string[], clock: Clock): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const pids = (await readFirst(dirs, "cgroup.procs") ?? "").split("\n").filter(Boolean);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        Deno.kill(Number(pid), "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await sleep(clock, KILL_PAUSE_MS);
  }
}

/** Removes an empty group and, with version 1, its empty parent; what is in use or gone stays so. */
export async function removeCgroup(dirs: readonly string[]): Promise<void> {
  for (const dir of dirs) {
    await Deno.remove(dir).catch(() => {});
    const base = dir.slice(0, dir.lastIndexOf("/"));
    if (base.endsWith("/warren")) await Deno.remove(base).catch(() => {});
  }
}

async function readFirst(dirs: readonly string[], file: string): Promise<string | undefined> {
  for (const dir of dirs) {
    const text = await readIfThere(`${dir}/${file}`).catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

function join(...parts: string[]): string {
  return parts.join("/").replace(/\/{2,}/g, "/").replace(/\/$/, "");
}
