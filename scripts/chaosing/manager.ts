/**
 * One manager of a group under test: a directory and two ports that stay, and a process that comes
 * and goes.
 *
 * Started from the built executable. Invariant: at most one process runs on the directory.
 */
import { WarrenDaemon } from "../../tests/harness/warren.ts";
import type { GetClusterInfoResponse } from "../../src/rpc/gen/warren/v1/cluster.ts";
import { Control } from "./control.ts";
import { onInterrupt } from "./interrupts.ts";

/** What stays the same over all starts of a manager. */
export interface ManagerOptions {
  readonly name: string;
  /** An existing directory of its own. */
  readonly dir: string;
  readonly apiPort: number;
  readonly raftPort: number;
  /** Further flags of every start. */
  readonly flags: readonly string[];
  /** Words before the program. */
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A manager, running or not. */
export class Manager implements AsyncDisposable {
  readonly options: ManagerOptions;
  #daemon: WarrenDaemon | null = null;
  #control: Control | null = null;
  #forget: () => void = () => {};
  #nodeId = "";
  #peakMib = 0;
  /** Log lines of processes that have ended, oldest first. */
  readonly #past: string[] = [];

  constructor(options: ManagerOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  /** Where the load talks to it. */
  get address(): { readonly kind: "tcp"; readonly host: string; readonly port: number } {
    return { kind: "tcp", host: "127.0.0.1", port: this.options.apiPort };
  }

  /** As the cluster knows it; "" before the first start. */
  get nodeId(): string {
    return this.#nodeId;
  }

  get isRunning(): boolean {
    return this.#daemon !== null;
  }

  /** @throws Error when it does not run */
  get daemon(): WarrenDaemon {
    if (!this.#daemon) throw new Error(`${this.name} does not run`);
    return this.#daemon;
  }

  /** Largest resident memory of any of its processes so far, in MiB. */
  get peakMib(): number {
    return this.#peakMib;
  }

  /** The last log lines of all its processes. */
  get lastLines(): readonly string[] {
    return [...this.#past, ...(this.#daemon?.lines ?? [])].slice(-12);
  }

  /** Starts it; `command` is how, `daemon` to resume. @throws Error when it is not ready in the end */
  async start(command: readonly string[] = ["daemon"]): Promise<void> {
    const { dir, apiPort, raftPort, flags, prefix, env } = this.options;
    const daemon = await WarrenDaemon.start({
      command,
      dir,
      prefix,
      env,
      flags: [
        ...["--node-name", this.name, "--log-level", "info"],
        ...["--listen-addr", `127.0.0.1:${apiPort}`, "--raft-addr", `127.0.0.1:${raftPort}`],
        ...(flags.includes("--metrics-addr") ? [] : ["--metrics-addr", "off"]),
        ...flags,
      ],
    });
    this.#daemon = daemon;
    this.#nodeId = daemon.ready.node_id;
    this.#control = new Control(daemon.ready.socket);
    this.#forget = onInterrupt(() => Deno.kill(daemon.pid, "SIGKILL"));
  }

  /** Ends its process and waits for that; answers with the exit code. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    const { daemon } = this;
    this.notePeak();
    const control = this.#control;
    this.#control = null;
    this.#daemon = null;
    const code = await daemon.kill(signal);
    await control?.[Symbol.asyncDispose]();
    this.#forget();
    this.#past.push(...daemon.lines.slice(-12));
    this.#past.splice(0, this.#past.length - 24);
    return code;
  }

  /** Sends a signal that does not end it. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    Deno.kill(this.daemon.pid, signal);
  }

  /** Removes what it has stored. It must not run. */
  async wipe(): Promise<void> {
    if (this.#daemon) throw new Error(`${this.name} still runs`);
    for await (const entry of Deno.readDir(this.options.dir)) {
      if (entry.name === "lost+found") continue;
      await Deno.remove(`${this.options.dir}/${entry.name}`, { recursive: true });
    }
  }

  /** What it knows of the group; undefined when it does not run or answer. */
  async info(): Promise<GetClusterInfoResponse | undefined> {
    return await this.#control?.info();
  }

  /** Ids of the configs by name, read here. @throws Error when it does not run */
  configIds(): Promise<ReadonlyMap<string, string>> {
    if (!this.#control) throw new Error(`${this.name} does not run`);
    return this.#control.configIds();
  }

  /** Looks at the memory of its process. */
  notePeak(): void {
    if (!this.#daemon) return;
    const mib = peakMibOf(this.#daemon.pid);
    if (mib > this.#peakMib) this.#peakMib = mib;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#daemon) return;
    if (isStopped(this.#daemon.pid)) this.signal("SIGCONT");
    await this.end("SIGKILL");
  }
}

/** Peak resident memory as the kernel counts it; 0 when the process is gone. */
function peakMibOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(statusOf(pid))?.[1] ?? 0) / 1_024;
}

function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(statusOf(pid));
}

function statusOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
