/**
 * Signals by name, and the ways to send them to everything that belongs to a container.
 *
 * Used by the runtime and the supervisors. Invariant: a signal is sent only to a process that is
 * proven to be the one meant, and one that is gone is no error.
 */
import { type Clock, sleep, WarrenError } from "../../../lib/mod.ts";
import { killCgroup } from "./cgroup.ts";
import type { ProcessLayout } from "./layout.ts";
import { findStartToken, listMarked, listSession } from "./proc_table.ts";
import { readIfThere, type RunRecord } from "./records.ts";

/** Name of the variable that every process of a container has in its environment. */
export const CONTAINER_VARIABLE = "WARREN_CONTAINER_ID";

/** Rounds of killing before giving up; a process may start others while it is being killed. */
const KILL_ROUNDS = 20;
const KILL_PAUSE_MS = 5;

const SIGNALS: ReadonlySet<string> = new Set([
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGABRT",
  "SIGKILL",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGWINCH",
]);

/** `TERM` and `SIGTERM` as the runtime's own name; "" is SIGTERM. @throws INVALID_SPEC */
export function parseSignal(text: string): Deno.Signal {
  const upper = text.toUpperCase();
  const name = upper === "" ? "SIGTERM" : upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (SIGNALS.has(name)) return name as Deno.Signal;
  throw new WarrenError("INVALID_SPEC", `Cannot send signal "${text}": it is unknown`, {
    hint: "use SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 or SIGUSR2",
  });
}

/** Sends `signal`; false when there is nobody to send it to. `pid` below 0 means a process group. */
export function sendSignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Signals the process group of a container whose first process still lives. */
export async function signalContainer(run: RunRecord, signal: Deno.Signal): Promise<boolean> {
  const token = await findStartToken(run.pid);
  if (token === undefined || token !== run.startToken) return false;
  return sendSignal(-run.pid, signal);
}

/** A container whose processes are to be killed. */
export interface Leftovers {
  readonly id: string;
  readonly cgroupDirs: readonly string[];
  /**
   * Whether commands were run beside its process: they join the control group a moment after they
   * began, so what they started at once may be outside.
   */
  readonly hasGuests: boolean;
  /** Its session when the number is certain to be its own still, else undefined. */
  readonly session: number | undefined;
}

/**
 * Kills whatever is left of a container: its control group, or else its session and everything that
 * carries its mark.
 */
export async function killLeftovers(left: Leftovers, clock: Clock): Promise<void> {
  await killCgroup(left.cgroupDirs, clock);
  if (left.cgroupDirs.length > 0 && !left.hasGuests) return;
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const pids = new Set(await listMarked(`${CONTAINER_VARIABLE}=${left.id}`));
    if (left.session !== undefined) {
      for (const { pid } of await listSession(left.session)) pids.add(pid);
    }
    let sent = false;
    for (const pid of pids) if (sendSignal(pid, "SIGKILL")) sent = true;
    if (!sent) return;
    await sleep(clock, KILL_PAUSE_MS);
  }
}

/** The processes of a run as far as they are certain to be its own; the supervisor may be dead. */
export async function findLeftovers(
  layout: ProcessLayout,
  id: string,
  run: RunRecord,
): Promise<Leftovers> {
  const hasGuests = await readIfThere(layout.guestMark(id)) !== undefined;
  const token = await findStartToken(run.pid);
  const isSame = token !== undefined && token === run.startToken;
  return { id, cgroupDirs: run.cgroupDirs, hasGuests, session: isSame ? run.pid : undefined };
}
