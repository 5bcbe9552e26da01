/**
 * The process_* families and `warren_build_info`, sampled at each collection.
 *
 * Installed once by the composition root. Written by hand because the registry's own default metrics
 * break Prometheus' naming rules. Linux has all of them; elsewhere those that the system does not
 * tell are absent rather than zero.
 */
import process from "node:process";
import { type Metrics, VERSION } from "../lib/mod.ts";
import type { MetricsRegistry } from "./metrics_registry.ts";

/** Sampled numbers of this process; undefined where the system does not say. */
export interface ProcessSample {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number | undefined;
  readonly openFds: number | undefined;
  readonly maxFds: number | undefined;
}

/** Which build this is. */
export interface BuildInfo {
  /** Short hash of the commit, or "unknown". */
  readonly commit: string;
}

/** Registers the families. */
export function installProcessMetrics(registry: MetricsRegistry, build: BuildInfo): void {
  registry.gauge({
    name: "warren_build_info",
    help: "Which build runs; always 1.",
    labels: ["version", "commit", "runtime", "os", "arch"],
  }).set(1, {
    version: VERSION,
    commit: build.commit,
    runtime: `deno ${Deno.version.deno}`,
    os: Deno.build.os,
    arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
  });
  const startSeconds = Math.round(performance.timeOrigin) / 1000;
  gauge(registry, "process_start_time_seconds", "Start of the process, in seconds since 1970.")
    .set(startSeconds);
  const cpu = registry.total({
    name: "process_cpu_seconds_total",
    help: "User and system cpu time spent, in seconds.",
  });
  const resident = gauge(registry, "process_resident_memory_bytes", "Resident memory in bytes.");
  const setVirtual = optional(registry, "process_virtual_memory_bytes", "Virtual memory in bytes.");
  const setOpen = optional(registry, "process_open_fds", "Open file descriptors.");
  const setMax = optional(registry, "process_max_fds", "Limit of open file descriptors.");
  registry.onCollect(() => {
    const sample = sampleProcess();
    cpu.reset();
    cpu.set(sample.cpuSeconds);
    resident.set(sample.residentBytes);
    setVirtual(sample.virtualBytes);
    setOpen(sample.openFds);
    setMax(sample.maxFds);
  });
}

/** Reads the numbers of this process. Costs some 100 microseconds. */
export function sampleProcess(): ProcessSample {
  const cpu = process.cpuUsage();
  const status = readProc("/proc/self/status");
  const limits = readProc("/proc/self/limits");
  const residentKib = match(status, /^VmRSS:\s+(\d+) kB/m);
  const virtualKib = match(status, /^VmSize:\s+(\d+) kB/m);
  return {
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    residentBytes: residentKib === undefined ? Deno.memoryUsage().rss : residentKib * 1024,
    virtualBytes: virtualKib === undefined ? undefined : virtualKib * 1024,
    openFds: countFds(),
    maxFds: match(limits, /^Max open files\s+(\d+)/m),
  };
}

function gauge(metrics: Metrics, name: string, help: string) {
  return metrics.gauge({ name, help });
}

/** A gauge that comes into being with its first value. */
function optional(metrics: Metrics, name: string, help: string) {
  return (value: number | undefined) => {
    if (value !== undefined) gauge(metrics, name, help).set(value);
  };
}

function readProc(path: string): string {
  if (Deno.build.os !== "linux") return "";
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // A locked-down /proc: the families that come from it stay absent, which their reader sees.
    return "";
  }
}

function countFds(): number | undefined {
  try {
    let count = 0;
    for (const _ of Deno.readDirSync("/dev/fd")) count++;
    return count - 1; // The listing itself has one open.
  } catch {
    // As above.
    return undefined;
  }
}

function match(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
