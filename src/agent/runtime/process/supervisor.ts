/**
 * The supervisor of one host process: starts it, keeps its output, records how it ended.
 *
 * It is a program of its own, started by the runtime in a session of its own, so it and its process
 * live on when the agent stops, is killed or is upgraded. It decides nothing: whether to restart is
 * the agent's business. Invariant: it holds the container's lock as long as it lives, and leaves an
 * exit record and no process behind when it ends.
 */
import { type Clock, realClock, sleep, type WallMs } from "../../../lib/mod.ts";
import type { LogLine } from "../runtime.ts";
import { type Cgroup, countOomKills, insideCgroup, makeCgroup, removeCgroup } from "./cgroup.ts";
import { closeOnExec } from "./close_on_exec.ts";
import { type Launch, planLaunch } from "./launch.ts";
import { ProcessLayout } from "./layout.ts";
import { LogWriter } from "./log_files.ts";
import { LineSplitter } from "./log_format.ts";
import { findStartToken, measureSession } from "./proc_table.ts";
import {
  type Definition,
  type ExitRecord,
  readDefinition,
  readIfThere,
  type RunRecord,
  writeRecord,
} from "./records.ts";
import { killLeftovers, parseSignal, sendSignal } from "./signals.ts";

/** Tries to get the lock while somebody looks whether it is held. */
const LOCK_ROUNDS = 50;
const LOCK_PAUSE_MS = 20;
/** Tries to write the exit record; without one the agent takes the process for killed. */
const RECORD_ROUNDS = 60;
const RECORD_PAUSE_MS = 1_000;
/** How long output may still come after the process ended, in milliseconds. */
const DRAIN_MS = 2_000;
/** Rhythm of looking at memory where no control group limits it, in milliseconds. */
const MEMORY_WATCH_MS = 1_000;

/** What is to be killed where there is nothing but the mark in the environment to go by. */
const NOTHING_KNOWN = { cgroupDirs: [], hasGuests: false, session: undefined };

/** Exit codes of a shell for what cannot be started. */
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_NOT_FOUND = 127;
const EXIT_KILLED = 137;

/** Supervises the container in `dir` until its process has ended. */
export async function supervise(dir: string, clock: Clock): Promise<void> {
  const slash = dir.lastIndexOf("/");
  const layout = new ProcessLayout(dir.slice(0, slash));
  const id = dir.slice(slash + 1);
  const isFirst = await readIfThere(layout.lock(id)) === undefined;
  using lock = await Deno.open(layout.lock(id), { create: true, write: true, mode: 0o600 });
  if (!await acquire(lock, clock)) return;
  // A supervisor that was killed while it started may have left a process that nobody knows of.
  if (!isFirst) await killLeftovers({ ...NOTHING_KNOWN, id }, clock);
  const definition = await readDefinition(layout.definition(id));
  if (definition === undefined) return;
  const exit = await new Supervision(layout, definition, clock).run();
  await record(layout.exitRecord(id), exit, clock);
}

/** The disk may be full: the record is what everybody waits for, so it is worth waiting for room. */
async function record(path: string, exit: ExitRecord, clock: Clock): Promise<void> {
  for (let round = 0; round < RECORD_ROUNDS; round++) {
    try {
      return await writeRecord(path, exit);
    } catch {
      await sleep(clock, RECORD_PAUSE_MS);
    }
  }
}

async function acquire(lock: Deno.FsFile, clock: Clock): Promise<boolean> {
  for (let round = 0; round < LOCK_ROUNDS; round++) {
    if (await lock.tryLock(true)) return true;
    await sleep(clock, LOCK_PAUSE_MS);
  }
  return false;
}

/** One run of one process. */
class Supervision {
  readonly #layout: ProcessLayout;
  readonly #definition: Definition;
  readonly #clock: Clock;
  #wasOverMemory = false;

  constructor(layout: ProcessLayout, definition: Definition, clock: Clock) {
    this.#layout = layout;
    this.#definition = definition;
    this.#clock = clock;
  }

  async run(): Promise<ExitRecord> {
    const { id, spec } = this.#definition;
    const cgroup = await makeCgroup(id, spec.limits);
    const startedMs = this.#clock.wallNow();
    try {
      const launch = await planLaunch(this.#definition);
      const child = await insideCgroup(cgroup, () => spawn(launch));
      return await this.#watch(child, cgroup, startedMs);
    } catch (error) {
      await killLeftovers({ ...NOTHING_KNOWN, id, cgroupDirs: cgroup.dirs }, this.#clock);
      return this.#notStarted(error);
    } finally {
      await removeCgroup(cgroup.dirs);
    }
  }

  async #watch(child: Child, cgroup: Cgroup, startedMs: WallMs): Promise<ExitRecord> {
    const { id, spec } = this.#definition;
    const run: RunRecord = {
      supervisorPid: Deno.pid,
      pid: child.pid,
      startToken: await findStartToken(child.pid) ?? "",
      startedMs,
      cgroupDirs: cgroup.dirs,
    };
    await writeRecord(this.#layout.runRecord(id), run);
    // When the machine goes down, everybody is told to stop; the process is told in its own way.
    const onStop = () => void sendSignal(-child.pid, parseSignal(spec.stopSignal));
    const ignore = () => {};
    Deno.addSignalListener("SIGTERM", onStop);
    Deno.addSignalListener("SIGINT", ignore);
    Deno.addSignalListener("SIGHUP", ignore);
    using log = await LogWriter.open(this.#layout.dir(id), this.#clock);
    const output = Promise.all([
      this.#keep(child.stdout, "stdout", log),
      this.#keep(child.stderr, "stderr", log),
    ]);
    const watching = new AbortController();
    const memory = this.#watchMemory(run, watching.signal);
    const { code } = await child.status;
    watching.abort();
    const finishedMs = this.#clock.wallNow();
    await memory;
    // Its number is its own as long as its session has members, so just now it cannot be another's.
    const hasGuests = await readIfThere(this.#layout.guestMark(id)) !== undefined;
    const left = { id, cgroupDirs: cgroup.dirs, hasGuests, session: child.pid };
    await killLeftovers(left, this.#clock);
    await Promise.race([output, sleep(this.#clock, DRAIN_MS)]);
    const oomKilled = code === EXIT_KILLED &&
      (this.#wasOverMemory || await countOomKills(cgroup.dirs) > 0);
    return { exitCode: code, oomKilled, error: "", startedMs, finishedMs };
  }

  async #keep(
    stream: ReadableStream<Uint8Array>,
    name: LogLine["stream"],
    log: LogWriter,
  ): Promise<void> {
    const splitter = new LineSplitter();
    for await (const chunk of stream) await log.write(name, splitter.push(chunk));
    await log.write(name, splitter.end());
  }

  /** Without a control group the limit is kept by looking, which a quick process can outrun. */
  async #watchMemory(run: RunRecord, signal: AbortSignal): Promise<void> {
    if (run.cgroupDirs.length > 0) return;
    const { id } = this.#definition;
    while (!signal.aborted) {
      await sleep(this.#clock, MEMORY_WATCH_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const limitBytes = (await readDefinition(this.#layout.definition(id)))?.spec.limits
        .memoryBytes;
      if (!limitBytes || (await measureSession(run.pid)).memoryBytes <= limitBytes) continue;
      this.#wasOverMemory = true;
      sendSignal(-run.pid, "SIGKILL");
    }
  }

  #notStarted(error: unknown): ExitRecord {
    const message = error instanceof Error ? error.message : String(error);
    return {
      exitCode: error instanceof Deno.errors.NotFound ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE,
      oomKilled: false,
      error: message.replace(/^Failed to spawn /, "").replace("entity not found", "not found"),
      startedMs: null,
      finishedMs: this.#clock.wallNow(),
    };
  }
}

type Child = ReturnType<typeof spawn>;

function spawn({ program, args, env, cwd, user }: Launch) {
  closeOnExec();
  return new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { ...env },
    clearEnv: true,
    ...(user !== undefined && { uid: user.uid, gid: user.gid }),
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

if (import.meta.main) {
  const [dir = ""] = Deno.args;
  await supervise(dir, realClock);
  Deno.exit(0);
}
