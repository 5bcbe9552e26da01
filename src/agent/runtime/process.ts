/**
 * The runtime for machines without a container engine: tasks are processes of the host.
 *
 * Used by the agent like any other runtime. A supervisor of its own keeps each process, so neither a
 * stop nor a crash of the agent touches it; what is true is read from disk each time. It isolates
 * nothing: files, network and users are the host's. Invariant: after `remove` no process of the
 * container is left, and none of its files.
 */
import { type Clock, type Log, TaskGroup, WarrenError } from "../../lib/mod.ts";
import type { ResourceAmounts } from "../../model/mod.ts";
import { ChangeHub } from "./process/change_hub.ts";
import { limitCgroup, measureCgroup, openCgroupBase } from "./process/cgroup.ts";
import { closeOnExec } from "./process/close_on_exec.ts";
import { ContainerTable } from "./process/container_table.ts";
import { createContainer, findByName, prepareLayout } from "./process/create.ts";
import { EventDiff } from "./process/events.ts";
import { startExec } from "./process/exec.ts";
import { ProcessLayout } from "./process/layout.ts";
import { readLogs } from "./process/log_reader.ts";
import { measureMachine } from "./process/machine.ts";
import { describeState, hasLabels, type Observation } from "./process/observe.ts";
import { checkPortsFree } from "./process/ports.ts";
import { measureSession } from "./process/proc_table.ts";
import { removeIfThere, writeRecord } from "./process/records.ts";
import { findLeftovers, killLeftovers, parseSignal, signalContainer } from "./process/signals.ts";
import { supervisorCommand } from "./process/supervisor_command.ts";
import type {
  ContainerSpec,
  ContainerState,
  ContainerStats,
  ExecOptions,
  ExecSession,
  LogLine,
  LogOptions,
  Runtime,
  RuntimeEvent,
  RuntimeInfo,
  StopOptions,
} from "./runtime.ts";

/** What a {@link ProcessRuntime} is made from. */
export interface ProcessRuntimeOptions {
  /** The agent's data directory; `process/` and `volumes/` below it are the runtime's. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Program and arguments of a supervisor; the program itself unless given. */
  readonly supervisor?: readonly string[];
}

/** A supervisor must have started its process, or said why not, within this time. */
const START_MS = 15_000;
/** After SIGKILL the supervisor has this long to write the exit record. */
const KILLED_MS = 15_000;
/** Rhythm of looking for supervisors of a former agent that died without a record. */
const EVENTS_RECHECK_MS = 5_000;

/** Runs containers as processes of the host. */
export class ProcessRuntime implements Runtime {
  readonly kind = "process";
  readonly #layout: ProcessLayout;
  readonly #volumesDir: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #supervisor: readonly string[];
  readonly #hub: ChangeHub;
  readonly #table: ContainerTable;
  readonly #tasks: TaskGroup;
  /** Work under way that must not be begun twice, by container. */
  readonly #creating = new Map<string, Promise<string>>();
  readonly #starting = new Map<string, Promise<void>>();
  /** Supervisors that this agent started and that have not ended. */
  readonly #supervisors = new Map<string, Promise<void>>();

  private constructor({ dataDir, clock, log, supervisor }: ProcessRuntimeOptions) {
    this.#layout = new ProcessLayout(`${dataDir}/process`);
    this.#volumesDir = `${dataDir}/volumes`;
    this.#clock = clock;
    this.#log = log.child({ component: "runtime" });
    this.#supervisor = supervisor ?? supervisorCommand();
    this.#hub = new ChangeHub(this.#layout, clock, log);
    this.#table = new ContainerTable(this.#layout, this.#hub, clock);
    this.#tasks = new TaskGroup((name, error) => {
      const { message } = WarrenError.from(error, `Cannot ${name}`);
      this.#log.error("A part of the process runtime ended", { error: message });
    });
  }

  /** Opens the runtime; whatever runs from before is there at once. @throws DATA_DIR_UNUSABLE */
  static async open(options: ProcessRuntimeOptions): Promise<ProcessRuntime> {
    const runtime = new ProcessRuntime(options);
    const { root } = runtime.#layout;
    try {
      await prepareLayout(runtime.#layout, options.clock);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new WarrenError("DATA_DIR_UNUSABLE", `Cannot use "${root}": ${why}`);
    }
    runtime.#hub.start(runtime.#tasks);
    return runtime;
  }

  async info(_signal: AbortSignal): Promise<RuntimeInfo> {
    const base = await openCgroupBase();
    const limits = base === undefined
      ? "memory limits by watching, no cpu limits"
      : "limits by cgroup";
    return {
      engine: `process (${limits}${base === undefined ? "" : ` v${base.version}`})`,
      os: Deno.build.os,
      arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
      resources: await measureMachine(),
    };
  }

  /** There are no images: whatever is named, the command runs on the host. */
  ensureImage(): Promise<string> {
    return Promise.resolve("host");
  }

  create(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    return once(this.#creating, spec.name, async () => {
      const known = await findByName(await this.#table.ids(), spec.name);
      signal.throwIfAborted();
      if (known !== undefined) return known;
      const volumePath = (volume: string) => this.#volumePath(volume);
      return await createContainer(spec, { layout: this.#layout, volumePath, clock: this.#clock });
    });
  }

  start(containerId: string, signal: AbortSignal): Promise<void> {
    return once(this.#starting, containerId, () => this.#start(containerId, signal));
  }

  async #start(id: string, signal: AbortSignal): Promise<void> {
    const before = await this.#table.get(id);
    if (before.run !== undefined && before.exit === undefined) return;
    const { name, ports } = before.definition.spec;
    if (!before.isSupervised) {
      await checkPortsFree(name, ports);
      signal.throwIfAborted();
      await removeIfThere(this.#layout.runRecord(id));
      await removeIfThere(this.#layout.exitRecord(id));
      this.#supervise(id);
    }
    const after = await this.#untilStarted(id, signal);
    if (after?.exit?.startedMs === null) {
      throw new WarrenError("COMMAND_FAILED", `Cannot start "${name}": ${after.exit.error}`);
    }
    if (after?.run === undefined) {
      throw new WarrenError(
        "ENGINE_FAILED",
        `Cannot start "${name}": its supervisor did not start`,
      );
    }
  }

  /** Waits until the supervisor has started the process, said why not, or is gone. */
  #untilStarted(id: string, signal: AbortSignal): Promise<Observation | undefined> {
    const isDone = (seen: Observation) => {
      const isGone = !seen.isSupervised && !this.#supervisors.has(id);
      return seen.run !== undefined || seen.exit !== undefined || isGone;
    };
    return this.#table.until(id, { timeoutMs: START_MS, isDone, signal });
  }

  /** Starts a supervisor that outlives this process. */
  #supervise(id: string): void {
    const [program = "", ...args] = this.#supervisor;
    closeOnExec();
    const child = spawnSupervisor(program, [...args, this.#layout.dir(id)]);
    child.unref();
    const ended: Promise<void> = child.status.then(() => {
      if (this.#supervisors.get(id) === ended) this.#supervisors.delete(id);
      this.#hub.note(id);
    });
    this.#supervisors.set(id, ended);
    this.#tasks.run(`watch the supervisor of ${id}`, async (signal) => {
      const stopped = Promise.withResolvers<void>();
      const stop = () => stopped.resolve();
      signal.addEventListener("abort", stop);
      await Promise.race([ended, stopped.promise]);
      signal.removeEventListener("abort", stop);
    });
  }

  async stop(containerId: string, options: StopOptions): Promise<void> {
    await this.#starting.get(containerId)?.catch(() => {});
    const running = await this.#table.findRunning(containerId);
    if (running === undefined) return;
    const { definition, run } = running;
    await signalContainer(run, parseSignal(options.stopSignal || definition.spec.stopSignal));
    if (await this.#table.hasExited(containerId, options.timeoutMs, options.signal)) return;
    await this.#kill(containerId);
  }

  async #kill(id: string): Promise<void> {
    const running = await this.#table.findRunning(id);
    if (running === undefined) return;
    const { definition: { spec }, run } = running;
    await signalContainer(run, "SIGKILL");
    await killLeftovers(await findLeftovers(this.#layout, id, run), this.#clock);
    if (await this.#table.hasExited(id, KILLED_MS, new AbortController().signal)) return;
    const message = `Cannot stop "${spec.name}": process ${run.pid} does not die`;
    throw new WarrenError("ENGINE_FAILED", message);
  }

  async remove(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#starting.get(containerId)?.catch(() => {});
    // A supervisor of a former agent may be about to start the process.
    const seen = await this.#untilStarted(containerId, signal);
    if (seen === undefined) return;
    await this.#kill(containerId);
    await this.#supervisors.get(containerId);
    const draft = `${this.#layout.root}/.draft-${containerId}`;
    await Deno.rename(this.#layout.dir(containerId), draft);
    await removeIfThere(this.#layout.runRecord(containerId));
    await removeIfThere(this.#layout.exitRecord(containerId));
    await removeIfThere(draft);
  }

  async update(containerId: string, limits: ResourceAmounts, signal: AbortSignal): Promise<void> {
    const { definition, run, exit } = await this.#table.get(containerId);
    signal.throwIfAborted();
    if (run !== undefined && exit === undefined) await limitCgroup(run.cgroupDirs, limits);
    await writeRecord(this.#layout.definition(containerId), {
      ...definition,
      spec: { ...definition.spec, limits },
    });
  }

  async inspect(containerId: string, _signal: AbortSignal): Promise<ContainerState | undefined> {
    const seen = await this.#table.find(containerId);
    return seen && describeState(seen);
  }

  async list(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ContainerState[]> {
    const states: ContainerState[] = [];
    for (const id of await this.#table.ids()) {
      signal.throwIfAborted();
      const seen = await this.#table.find(id);
      if (seen && hasLabels(seen.definition.spec.labels, labels)) states.push(describeState(seen));
    }
    return states;
  }

  async *events(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<RuntimeEvent> {
    using changes = this.#hub.subscribe();
    const diff = new EventDiff();
    if (signal.aborted) return;
    diff.begin(await this.list(labels, signal));
    while (!signal.aborted) {
      const changed = await changes.next(EVENTS_RECHECK_MS, signal);
      const ids = changed === "all" ? new Set([...diff.ids, ...await this.#table.ids()]) : changed;
      for (const id of ids) {
        if (signal.aborted) return;
        const seen = await this.#table.find(id);
        const isMine = seen === undefined || hasLabels(seen.definition.spec.labels, labels);
        if (isMine) yield* diff.next(id, seen && describeState(seen));
      }
    }
  }

  async *logs(containerId: string, options: LogOptions): AsyncGenerator<LogLine> {
    await this.#table.get(containerId);
    using subscription = this.#hub.subscribe();
    const hasEnded = async () => {
      const seen = await this.#table.find(containerId);
      return seen === undefined || seen.exit !== undefined;
    };
    yield* readLogs({ dir: this.#layout.dir(containerId), subscription, hasEnded }, options);
  }

  async exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    const { definition } = await this.#table.get(containerId);
    const running = await this.#table.findRunning(containerId);
    if (running !== undefined) {
      await Deno.writeTextFile(this.#layout.guestMark(containerId), "");
      return await startExec(definition, running.run, options);
    }
    throw new WarrenError(
      "TASK_NOT_RUNNING",
      `Cannot run a command in "${definition.spec.name}": it is not running`,
    );
  }

  async stats(containerId: string, _signal: AbortSignal): Promise<ContainerStats | undefined> {
    const running = await this.#table.findRunning(containerId);
    if (running === undefined) return undefined;
    const { definition, run } = running;
    const use = await measureCgroup(run.cgroupDirs) ?? await measureSession(run.pid);
    return {
      ...use,
      memoryLimitBytes: definition.spec.limits.memoryBytes,
      // The network is the host's, which counts it for nobody in particular.
      networkReceiveBytes: 0,
      networkTransmitBytes: 0,
    };
  }

  async ensureVolume(
    { name, driver }: { readonly name: string; readonly driver: string },
    _signal: AbortSignal,
  ): Promise<void> {
    if (driver !== "" && driver !== "local") {
      throw new WarrenError(
        "INVALID_SPEC",
        `Cannot make volume "${name}": host processes know the local driver only, not "${driver}"`,
      );
    }
    await Deno.mkdir(this.#volumePath(name), { recursive: true });
  }

  /** Stops watching. Processes go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.stop();
  }

  #volumePath(name: string): string {
    if (/^[\w][\w.-]*$/.test(name)) return `${this.#volumesDir}/${name}`;
    throw new WarrenError("INVALID_SPEC", `Cannot use volume "${name}": not a name`);
  }
}

function spawnSupervisor(program: string, args: string[]): Deno.ChildProcess {
  const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
  try {
    return new Deno.Command(program, { args, detached: true, ...quiet }).spawn();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WarrenError("ENGINE_FAILED", `Cannot start a supervisor: ${why}`, {
      hint: "restart the agent if its executable was replaced",
      cause: error,
    });
  }
}

/** Joins work of that key that is under way, or begins it. */
function once<T>(
  running: Map<string, Promise<T>>,
  key: string,
  begin: () => Promise<T>,
): Promise<T> {
  const known = running.get(key);
  if (known !== undefined) return known;
  const work = begin().finally(() => running.delete(key));
  running.set(key, work);
  return work;
}
