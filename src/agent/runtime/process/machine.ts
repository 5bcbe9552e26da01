/**
 * What host processes may use of this machine: the hardware, or less where this process is limited.
 *
 * Used by the runtime's info.
 */
import type { ResourceAmounts } from "../../../model/mod.ts";
import { planCgroupBase } from "./cgroup.ts";
import { readIfThere } from "./records.ts";

/** Cores and memory, the tightest limit of this process's control group and its parents included. */
export async function measureMachine(): Promise<ResourceAmounts> {
  const limits = Deno.build.os === "linux" ? await ownLimits() : [];
  return tightest(
    {
      milliCpus: navigator.hardwareConcurrency * 1000,
      memoryBytes: Deno.systemMemoryInfo().total,
    },
    limits,
  );
}

/** `whole`, cut by each limit that is given (0 is none). Pure. */
export function tightest(
  whole: ResourceAmounts,
  limits: readonly ResourceAmounts[],
): ResourceAmounts {
  let { milliCpus, memoryBytes } = whole;
  for (const limit of limits) {
    if (limit.milliCpus > 0) milliCpus = Math.min(milliCpus, limit.milliCpus);
    if (limit.memoryBytes > 0) memoryBytes = Math.min(memoryBytes, limit.memoryBytes);
  }
  return { milliCpus, memoryBytes };
}

/** Reads the limits out of the files of one control group. Pure; what is not there is no limit. */
export function parseLimits(files: Readonly<Record<string, string | undefined>>): ResourceAmounts {
  const memory = Number(files["memory.max"] ?? files["memory.limit_in_bytes"] ?? 0);
  const [quota, period] = files["cpu.max"]?.trim().split(" ") ??
    [files["cpu.cfs_quota_us"], files["cpu.cfs_period_us"]];
  const milliCpus = Math.floor(Number(quota) * 1000 / Number(period));
  return {
    milliCpus: milliCpus > 0 ? milliCpus : 0,
    memoryBytes: memory > 0 && Number.isFinite(memory) ? memory : 0,
  };
}

const LIMIT_FILES = [
  "memory.max",
  "memory.limit_in_bytes",
  "cpu.max",
  "cpu.cfs_quota_us",
  "cpu.cfs_period_us",
];

async function ownLimits(): Promise<ResourceAmounts[]> {
  const mounts = await readIfThere("/proc/mounts") ?? "";
  const base = planCgroupBase(mounts, await readIfThere("/proc/self/cgroup") ?? "");
  const limits: ResourceAmounts[] = [];
  for (const home of base?.homes ?? []) {
    for (let dir = home; dir.startsWith("/sys/"); dir = dir.slice(0, dir.lastIndexOf("/"))) {
      const files: Record<string, string | undefined> = {};
      for (const name of LIMIT_FILES) {
        files[name] = await readIfThere(`${dir}/${name}`).catch(() => undefined);
      }
      limits.push(parseLimits(files));
    }
  }
  return limits;
}
