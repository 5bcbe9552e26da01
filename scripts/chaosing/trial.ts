/**
 * One kind of fault, tried on a group of its own under load, and the judgement afterwards.
 *
 * Rules for every fault: each history is linearizable, each acknowledged write is on every manager
 * at the end, no value was ever read that nobody wrote. Bounds on times and memory come with the fault.
 */
import { TaskGroup } from "../../src/lib/mod.ts";
import { percentile } from "../benching/report.ts";
import { Caller } from "./caller.ts";
import type { Bounds, Fault } from "./fault.ts";
import { Group } from "./group.ts";
import { LIGHT, Load } from "./load.ts";
import { USUAL } from "./registers.ts";
import { Stage } from "./stage.ts";

/** How a fault is tried. */
export interface Trial {
  readonly count: number;
  readonly seed: number;
  /** Further flags of every manager. */
  readonly flags: readonly string[];
  /** Progress for people. */
  say(line: string): void;
}

/** What a trial showed. */
export interface Verdict {
  readonly fault: Fault;
  readonly gapsMs: readonly number[];
  /** Further times, by what they are. */
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly writes: number;
  readonly reads: number;
  readonly failed: number;
  readonly peakMib: number;
  readonly notes: readonly string[];
  /** Rules that were broken; empty is good. */
  readonly broken: readonly string[];
}

const PEAK_EVERY_MS = 500;
const FINAL_READERS = 16;

/** Tries `fault` on a group of its own and judges. */
export async function tryFault(fault: Fault, trial: Trial): Promise<Verdict> {
  const options = fault.group ?? {};
  const flags = [...(options.flags ?? []), ...trial.flags];
  await using group = await Group.start({ ...options, flags });
  await using caller = new Caller(group.managers.map(({ address }) => address));
  const load = new Load(caller, fault.load ?? LIGHT, trial.seed);
  const stage = new Stage({ group, load, caller, seed: trial.seed, say: trial.say });
  await using watching = new TaskGroup((_, error) => void stage.broken.push(String(error)));
  watching.run("memory", (signal) => watchMemory(group, signal));
  load.start();
  try {
    await load.timeToAccept(performance.now());
    await stage.breathe(500);
    await fault.run(stage, trial.count);
    await group.untilLevel();
  } catch (error) {
    stage.broken.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  await load.stop();
  await judge(stage, fault.bounds);
  return verdict(fault, stage);
}

async function watchMemory(group: Group, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const manager of group.running) manager.notePeak();
    await pause(PEAK_EVERY_MS);
  }
}

async function judge(stage: Stage, bounds: Bounds): Promise<void> {
  const { group, load, broken } = stage;
  const { counts, failures } = load.registers;
  try {
    await readAll(stage);
    for (const manager of group.managers) {
      broken.push(...load.history.compare(await manager.configIds(), manager.name));
    }
  } catch (error) {
    broken.push(`cannot compare: ${error}`);
  }
  broken.push(...load.history.judge(), ...load.faults);
  if (counts.wrong > 0) broken.push(`${counts.wrong} values were read that nobody wrote`);
  const { failed } = bounds;
  if (failed !== undefined && counts.failed > failed) {
    broken.push(`${counts.failed} requests failed: ${failures.slice(0, 3).join("; ")}`);
  }
  for (const { name, peakMib } of group.managers) {
    if (bounds.peakMib !== undefined && peakMib > bounds.peakMib) {
      broken.push(`${name} grew to ${peakMib.toFixed(0)} MiB`);
    }
  }
  broken.push(...beyond(stage.gapsMs, bounds));
}

/** One more read of every register, as an ordinary client, after everything else. */
async function readAll({ load }: Stage): Promise<void> {
  const keys = [...load.history.keys];
  const reader = async () => {
    const way = { client: load.newClient(), patience: USUAL };
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      await load.registers.get(key, way);
    }
  };
  await Promise.all(Array.from({ length: FINAL_READERS }, reader));
}

function beyond(gapsMs: readonly number[], { p50Ms, p99Ms, maxMs }: Bounds): string[] {
  if (gapsMs.length === 0) return [];
  const limits: readonly (readonly [string, number, number | undefined])[] = [
    ["median", 0.5, p50Ms],
    ["99th percentile", 0.99, p99Ms],
    ["maximum", 1, maxMs],
  ];
  return limits.flatMap(([name, share, limitMs]) => {
    const foundMs = percentile(gapsMs, share);
    if (limitMs === undefined || foundMs <= limitMs) return [];
    return [`the ${name} to the next accepted write is ${foundMs.toFixed(0)} ms, over ${limitMs}`];
  });
}

function verdict(fault: Fault, stage: Stage): Verdict {
  const { writes, reads, failed } = stage.load.registers.counts;
  const { gapsMs, times, notes, broken, group, caller } = stage;
  const { failures } = stage.load.registers;
  if (failures.length > 0) notes.push(`failed: ${[...new Set(failures)].slice(0, 5).join("; ")}`);
  const peakMib = Math.max(...group.managers.map((manager) => manager.peakMib));
  if (broken.length > 0) {
    notes.push(`errors met: ${[...caller.errors].map((pair) => pair.join(" ")).join(", ")}`);
    for (const { name, lastLines } of group.managers) notes.push(`${name}:`, ...lastLines);
  }
  return { fault, gapsMs, times, writes, reads, failed, peakMib, notes, broken };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
