/**
 * What is true of a container now, from its records and its supervisor's lock.
 *
 * Used by the runtime for every question. Nothing is remembered between two looks, so an agent that
 * was restarted sees the same. Invariant: a container whose supervisor is gone is never reported as
 * running: whatever it left is killed first, and an exit record says so.
 */
import type { Clock } from "../../../lib/mod.ts";
import type { ContainerState } from "../runtime.ts";
import { removeCgroup } from "./cgroup.ts";
import type { ProcessLayout } from "./layout.ts";
import { boundPorts } from "./ports.ts";
import {
  type Definition,
  type ExitRecord,
  readDefinition,
  readExit,
  readRun,
  type RunRecord,
  writeRecord,
} from "./records.ts";
import { findLeftovers, killLeftovers } from "./signals.ts";

/** Everything that the records say. */
export interface Observation {
  readonly definition: Definition;
  readonly run: RunRecord | undefined;
  readonly exit: ExitRecord | undefined;
  /** Whether a supervisor holds the lock; unknown, and false, once there is an exit record. */
  readonly isSupervised: boolean;
}

/** Exit code of a process that was killed. */
const EXIT_KILLED = 137;

/** Looks at one container; undefined when there is none. */
export async function observe(
  layout: ProcessLayout,
  id: string,
  clock: Clock,
): Promise<Observation | undefined> {
  const definition = await readDefinition(layout.definition(id));
  if (definition === undefined) return undefined;
  const exit = await readExit(layout.exitRecord(id));
  const run = await readRun(layout.runRecord(id));
  if (exit !== undefined) return { definition, run, exit, isSupervised: false };
  const isSupervised = await isLocked(layout.lock(id));
  if (isSupervised || run === undefined) return { definition, run, exit, isSupervised };
  const late = await readExit(layout.exitRecord(id)) ?? await recordLoss(layout, run, id, clock);
  return { definition, run, exit: late, isSupervised };
}

/** Its supervisor died without a word: by SIGKILL, or with the machine. */
async function recordLoss(
  layout: ProcessLayout,
  run: RunRecord,
  id: string,
  clock: Clock,
): Promise<ExitRecord> {
  await killLeftovers(await findLeftovers(layout, id, run), clock);
  await removeCgroup(run.cgroupDirs);
  const exit: ExitRecord = {
    exitCode: EXIT_KILLED,
    oomKilled: false,
    error: "its supervisor was killed, or the machine was restarted",
    startedMs: run.startedMs,
    finishedMs: clock.wallNow(),
  };
  await writeRecord(layout.exitRecord(id), exit);
  return exit;
}

/** Whether somebody holds the lock. A look lasts microseconds; whoever wants the lock tries again. */
async function isLocked(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path, { write: true });
    return !await file.tryLock(false);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The observation in the runtime's common terms. */
export function describeState({ definition, run, exit }: Observation): ContainerState {
  const { id, spec } = definition;
  const status = exit !== undefined ? "exited" : run !== undefined ? "running" : "created";
  return {
    id,
    name: spec.name,
    labels: spec.labels,
    status,
    exitCode: exit?.exitCode ?? null,
    oomKilled: exit?.oomKilled ?? false,
    error: exit?.error ?? "",
    startedMs: exit !== undefined ? exit.startedMs : run?.startedMs ?? null,
    finishedMs: exit?.finishedMs ?? null,
    address: "127.0.0.1",
    ports: boundPorts(spec.ports),
    pid: status === "running" ? run?.pid ?? 0 : 0,
  };
}

/** Whether `labels` holds every one of `wanted`. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
