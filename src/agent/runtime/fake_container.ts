/**
 * One container of the fake runtime: its program, its output and its end.
 *
 * Owned by `fake.ts`. It changes in synchronous turns, driven by the clock's timers.
 */
import { type Clock, type WallMs } from "../../lib/mod.ts";
import type { BoundPort, ResourceAmounts } from "../../model/mod.ts";
import type { FakeProgram, FakeStep } from "./fake_program.ts";
import type {
  ContainerSpec,
  ContainerState,
  ContainerStats,
  LogLine,
  LogOptions,
  RuntimeEvent,
} from "./runtime.ts";

/** Lines of output kept; the oldest go. */
const MAX_LINES = 1_000;

/** A container in memory. */
export class FakeContainer {
  status: ContainerState["status"] = "created";
  ports: readonly BoundPort[] = [];
  limits: ResourceAmounts;
  /** Settles when a running container exits; replaced at each start. */
  ended: Promise<void> = Promise.resolve();
  readonly #lines: LogLine[] = [];
  readonly #followers = new Set<() => void>();
  #end: () => void = () => {};
  #cancelTimer: () => void = () => {};
  #program: FakeProgram | undefined;
  #exitCode: number | null = null;
  #oomKilled = false;
  #startedMs: WallMs | null = null;
  #finishedMs: WallMs | null = null;

  constructor(
    readonly id: string,
    readonly spec: ContainerSpec,
    readonly clock: Clock,
    readonly tell: (kind: RuntimeEvent["kind"]) => void,
  ) {
    this.limits = spec.limits;
  }

  /** Begins the program; `ports` are bound while it runs. */
  start(program: FakeProgram, ports: readonly BoundPort[]): void {
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#end = ended.resolve;
    this.#program = program;
    this.ports = ports;
    this.status = "running";
    this.#exitCode = null;
    this.#startedMs = this.clock.wallNow();
    this.#finishedMs = null;
    this.tell("started");
    this.#continue(program.steps, 0);
  }

  #continue(steps: readonly FakeStep[], from: number): void {
    for (let at = from; at < steps.length && this.status === "running"; at++) {
      const step = steps[at];
      if (!step) return;
      if (step.kind === "sleep") {
        this.#cancelTimer = this.clock.after(step.delayMs, () => this.#continue(steps, at + 1));
        return;
      }
      this.#do(step);
    }
  }

  #do(step: FakeStep): void {
    if (step.kind === "print") this.#print(step.stream, step.text);
    else if (step.kind === "env") this.#print("stdout", this.spec.env[step.name] ?? "");
    else if (step.kind === "exit") this.exit(step.code);
    else if (step.kind === "oom") {
      this.#oomKilled = true;
      this.tell("oom");
      this.exit(137);
    }
  }

  #print(stream: LogLine["stream"], text: string): void {
    const line = new TextEncoder().encode(text);
    this.#lines.push({ stream, timeMs: this.clock.wallNow(), line });
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#wakeFollowers();
  }

  /** Sends a signal ("" is SIGTERM); true when the container ended by it. */
  signal(name: string): boolean {
    const code = this.#program?.exitCodeBySignal[name || "SIGTERM"];
    if (code === undefined) return false;
    this.exit(code);
    return true;
  }

  /** Ends the container if it runs. */
  exit(code: number): void {
    if (this.status !== "running") return;
    this.#cancelTimer();
    this.status = "exited";
    this.#exitCode = code;
    this.#finishedMs = this.clock.wallNow();
    this.#end();
    this.#wakeFollowers();
    this.tell("exited");
  }

  /** As an inspection shows it. */
  state(): ContainerState {
    const isRunning = this.status === "running";
    return {
      id: this.id,
      name: this.spec.name,
      labels: this.spec.labels,
      status: this.status,
      exitCode: this.#exitCode,
      oomKilled: this.#oomKilled,
      error: "",
      startedMs: this.#startedMs,
      finishedMs: this.#finishedMs,
      address: "127.0.0.1",
      ports: isRunning ? this.ports : [],
      pid: isRunning ? parseInt(this.id.slice(-6), 16) : 0,
    };
  }

  /** Invented but steady figures; undefined unless running. */
  stats(): ContainerStats | undefined {
    if (this.status !== "running") return undefined;
    const aliveMs = this.clock.wallNow() - (this.#startedMs ?? 0);
    return {
      cpuSeconds: aliveMs / 100_000,
      memoryBytes: 8 * 2 ** 20,
      memoryLimitBytes: this.limits.memoryBytes,
      networkReceiveBytes: aliveMs,
      networkTransmitBytes: aliveMs * 2,
    };
  }

  /** Lines printed so far, then, with `follow`, those to come until the container ends. */
  async *logs(options: LogOptions): AsyncGenerator<LogLine> {
    const seen = new Set<LogLine>();
    const start = options.tail === undefined ? 0 : this.#lines.length - options.tail;
    for (const line of this.#lines.slice(0, Math.max(0, start))) seen.add(line);
    while (!options.signal.aborted) {
      const isOver = this.status !== "running";
      for (const line of [...this.#lines]) {
        if (seen.has(line)) continue;
        seen.add(line);
        if (line.timeMs > options.sinceMs) yield line;
      }
      if (!options.follow || isOver) return;
      await this.#nextChange(options.signal);
    }
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#followers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#followers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wakeFollowers(): void {
    for (const wake of [...this.#followers]) wake();
  }
}
