/**
 * What the agent says of its machine when it joins and at the beginning of each session.
 */
import { hostname } from "node:os";
import { VERSION, WarrenError } from "../lib/mod.ts";
import type { NodeDescription } from "../model/mod.ts";
import type { RuntimeInfo } from "./runtime/runtime.ts";
import type { OfferedRuntime } from "./task/offer.ts";

/** How long a runtime may take to say what it is. */
const INFO_TIMEOUT_MS = 5_000;

/** Describes the machine by its first runtime; one that is away leaves its engine unnamed. */
export async function describeNode(
  runtimes: readonly OfferedRuntime[],
  signal: AbortSignal,
): Promise<NodeDescription> {
  const info = runtimes[0] ? await infoOf(runtimes[0], signal) : undefined;
  return {
    hostname: hostname(),
    os: info?.os ?? Deno.build.os,
    arch: info?.arch ?? (Deno.build.arch === "aarch64" ? "arm64" : "amd64"),
    runtimes: runtimes.map(({ choice }) => choice),
    engine: info?.engine ?? "",
    resources: await withinCgroup(info?.resources ?? machineResources()),
    version: VERSION,
  };
}

async function infoOf(
  { runtime }: OfferedRuntime,
  signal: AbortSignal,
): Promise<RuntimeInfo | undefined> {
  const timeout = AbortSignal.timeout(INFO_TIMEOUT_MS);
  try {
    return await runtime.info(AbortSignal.any([signal, timeout]));
  } catch (thrown) {
    signal.throwIfAborted();
    const error = WarrenError.from(thrown, "Cannot ask the runtime");
    const isAway = timeout.aborted || error.reason === "ENGINE_UNREACHABLE";
    if (isAway) return undefined; // described again when the next session begins
    throw error;
  }
}

function machineResources() {
  return {
    milliCpus: navigator.hardwareConcurrency * 1_000,
    memoryBytes: Deno.systemMemoryInfo().total,
  };
}

/**
 * Bounded by the limits of the control group at the root of what this process sees: set when the
 * whole machine is a container. A limit on this process alone is none on its containers.
 */
async function withinCgroup(
  all: NodeDescription["resources"],
): Promise<NodeDescription["resources"]> {
  const memory = await readNumber("/sys/fs/cgroup/memory.max") ??
    await readNumber("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const cpus = parseCpuMax(await Deno.readTextFile("/sys/fs/cgroup/cpu.max").catch(() => ""));
  return {
    milliCpus: Math.min(all.milliCpus, cpus ?? all.milliCpus),
    memoryBytes: Math.min(all.memoryBytes, memory ?? all.memoryBytes),
  };
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = (await Deno.readTextFile(path).catch(() => "")).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Thousandths of a core of `QUOTA PERIOD`; undefined for `max` and anything else. Pure. */
export function parseCpuMax(text: string): number | undefined {
  const match = /^(\d+) (\d+)/.exec(text);
  return match ? Math.floor(Number(match[1]) / Number(match[2]) * 1_000) : undefined;
}
