/**
 * A runtime in memory: for tests, for the simulator and for clusters of many nodes in one process.
 *
 * What a container does is its command, in the language of `fake_program.ts`; time is the clock's, so
 * a test can drive it by hand. Faults can be planned per operation. It holds at most
 * `MAX_LINES` lines of output per container and passes the same contract suite as the real ones.
 */
import { BoundedQueue, type Clock, realClock, WarrenError } from "../../lib/mod.ts";
import type { ResourceAmounts } from "../../model/mod.ts";
import { FakeContainer } from "./fake_container.ts";
import { fakeExec } from "./fake_exec.ts";
import { parseFakeProgram } from "./fake_program.ts";
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

/** How a fake runtime differs from the usual one. */
export interface FakeRuntimeOptions {
  readonly clock?: Clock;
  readonly resources?: ResourceAmounts;
  readonly arch?: string;
  /** Milliseconds that each operation takes; 0, the default, does not even wait for a timer. */
  readonly delayMs?: number;
}

/** Operations that a fault can be planned for. */
export type FakeOperation =
  | "ensureImage"
  | "create"
  | "start"
  | "stop"
  | "remove"
  | "list"
  | "events";

interface Watcher {
  readonly labels: Readonly<Record<string, string>>;
  readonly queue: BoundedQueue<RuntimeEvent>;
}

/** Events that a reader may be behind; one more ends its feed, as a broken connection would. */
const MAX_EVENTS_BEHIND = 10_000;

/** A runtime in memory with hooks for tests. */
export class FakeRuntime implements Runtime {
  readonly kind = "fake";
  /** Every call in order, as `create NAME`; the newest 10,000. */
  readonly calls: string[] = [];
  readonly #clock: Clock;
  readonly #options: FakeRuntimeOptions;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #byName = new Map<string, FakeContainer>();
  readonly #watchers = new Set<Watcher>();
  readonly #faults = new Map<FakeOperation, WarrenError[]>();
  readonly #volumes = new Set<string>();
  #made = 0;

  constructor(options: FakeRuntimeOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** The next call of `operation` fails with `error`; several are used up in order. */
  failNext(operation: FakeOperation, error: WarrenError): void {
    this.#faults.set(operation, [...this.#faults.get(operation) ?? [], error]);
  }

  /** Ends a container from outside, as a crash would. */
  crash(containerId: string, exitCode: number): void {
    this.#containers.get(containerId)?.exit(exitCode);
  }

  /** Ends every container and every event feed, as a reboot of the machine would. */
  reboot(): void {
    for (const container of this.#containers.values()) container.exit(255);
    this.breakEvents();
  }

  /** Ends every event feed with an error, as a restart of an engine would. */
  breakEvents(): void {
    for (const watcher of this.#watchers) watcher.queue.close();
    this.#watchers.clear();
  }

  /** Names of the volumes that were made. */
  get volumes(): ReadonlySet<string> {
    return this.#volumes;
  }

  /** Containers that run. */
  get runningCount(): number {
    return [...this.#containers.values()].filter(({ status }) => status === "running").length;
  }

  info(): Promise<RuntimeInfo> {
    return Promise.resolve({
      engine: "fake 1",
      os: "linux",
      arch: this.#options.arch ?? "amd64",
      resources: this.#options.resources ?? { milliCpus: 64_000, memoryBytes: 2 ** 38 },
    });
  }

  async ensureImage(
    image: string,
    options: { readonly signal: AbortSignal; readonly onProgress?: (message: string) => void },
  ): Promise<string> {
    await this.#begin("ensureImage", image, options.signal);
    const refusal = imageRefusal(image);
    if (refusal) throw refusal;
    if (image.startsWith("slow/")) {
      options.onProgress?.("Downloading");
      await this.#wait(60_000, options.signal);
    }
    return `sha256:${image}`;
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    await this.#begin("create", spec.name, signal);
    if (imageRefusal(spec.image)) {
      throw new WarrenError("IMAGE_NOT_FOUND", `Image "${spec.image}" is not on this node`);
    }
    const existing = this.#byName.get(spec.name);
    if (existing) return existing.id;
    this.#made++;
    const id = this.#made.toString(16).padStart(64, "0");
    const container = new FakeContainer(
      id,
      spec,
      this.#clock,
      (kind) => this.#tell(container, kind),
    );
    this.#containers.set(id, container);
    this.#byName.set(spec.name, container);
    return id;
  }

  async start(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#begin("start", containerId, signal);
    const container = this.#get(containerId);
    if (container.status === "running") return;
    const program = parseFakeProgram(container.spec.command);
    if (program.isMissing) {
      const message = `Cannot run "${container.spec.command[0] ?? ""}": no such file or directory`;
      throw new WarrenError("COMMAND_FAILED", message);
    }
    container.start(program, this.#bindPorts(container));
  }

  async stop(containerId: string, options: StopOptions): Promise<void> {
    await this.#begin("stop", containerId, options.signal);
    const container = this.#containers.get(containerId);
    if (!container || container.status !== "running") return;
    const isKilled = options.timeoutMs === 0;
    if (!isKilled && !container.signal(options.stopSignal || container.spec.stopSignal)) {
      await this.#wait(options.timeoutMs, options.signal, container.ended);
    }
    container.exit(137);
  }

  async remove(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#begin("remove", containerId, signal);
    const container = this.#containers.get(containerId);
    if (!container) return;
    container.exit(137);
    this.#containers.delete(containerId);
    this.#byName.delete(container.spec.name);
    this.#tell(container, "removed");
  }

  async update(containerId: string, limits: ResourceAmounts, signal: AbortSignal): Promise<void> {
    await this.#begin("update", containerId, signal);
    this.#get(containerId).limits = limits;
  }

  inspect(containerId: string): Promise<ContainerState | undefined> {
    const found = this.#containers.get(containerId) ?? this.#byName.get(containerId);
    return Promise.resolve(found?.state());
  }

  async list(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ContainerState[]> {
    await this.#begin("list", "", signal);
    const all = [...this.#containers.values()];
    return all.filter((container) => hasLabels(container, labels)).map((found) => found.state());
  }

  async *events(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<RuntimeEvent> {
    const watcher: Watcher = { labels, queue: new BoundedQueue(MAX_EVENTS_BEHIND) };
    this.#watchers.add(watcher);
    const close = () => watcher.queue.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await this.#begin("events", "", signal);
      yield* watcher.queue;
    } finally {
      signal.removeEventListener("abort", close);
      this.#watchers.delete(watcher);
    }
    if (!signal.aborted) throw new WarrenError("ENGINE_UNREACHABLE", "The event stream ended");
  }

  logs(containerId: string, options: LogOptions): AsyncIterable<LogLine> {
    return this.#get(containerId).logs(options);
  }

  exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    const container = this.#get(containerId);
    if (container.status !== "running") {
      throw new WarrenError("TASK_NOT_RUNNING", "Cannot run a command: the container does not run");
    }
    return Promise.resolve(fakeExec(container.spec, options, this.#clock));
  }

  stats(containerId: string): Promise<ContainerStats | undefined> {
    return Promise.resolve(this.#containers.get(containerId)?.stats());
  }

  ensureVolume(volume: { readonly name: string }): Promise<void> {
    this.#volumes.add(volume.name);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.#containers.values()) container.exit(137);
    this.breakEvents();
    return Promise.resolve();
  }

  async #begin(operation: string, subject: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.calls.push(`${operation} ${subject}`) > 10_000) this.calls.shift();
    if (this.#options.delayMs) await this.#wait(this.#options.delayMs, signal);
    const fault = this.#faults.get(operation as FakeOperation)?.shift();
    if (fault) throw fault;
  }

  /** Waits `delayMs` or until `orUntil` settles; rejects on abort. */
  #wait(delayMs: number, signal: AbortSignal, orUntil?: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => finish(() => reject(signal.reason));
      const cancel = this.#clock.after(delayMs, () => finish(resolve));
      const finish = (settle: () => void) => {
        cancel();
        signal.removeEventListener("abort", abort);
        settle();
      };
      signal.addEventListener("abort", abort, { once: true });
      void orUntil?.then(() => finish(resolve));
    });
  }

  #get(containerId: string): FakeContainer {
    const container = this.#containers.get(containerId);
    if (!container) throw new WarrenError("ENGINE_FAILED", `No such container: ${containerId}`);
    return container;
  }

  #bindPorts(container: FakeContainer): ContainerState["ports"] {
    return container.spec.ports.map((port, at) => {
      const hostPort = port.hostPort || 32_768 + ((this.#made * 8 + at) % 28_000);
      for (const other of this.#containers.values()) {
        const taken = other.ports.some((bound) =>
          bound.hostPort === hostPort && bound.protocol === port.protocol
        );
        if (other.status === "running" && taken) {
          const message =
            `Port ${hostPort} of this node is in use by container "${other.spec.name}"`;
          throw new WarrenError("PORT_IN_USE", message);
        }
      }
      return { containerPort: port.containerPort, hostPort, protocol: port.protocol };
    });
  }

  #tell(container: FakeContainer, kind: RuntimeEvent["kind"]): void {
    for (const { labels, queue } of this.#watchers) {
      if (!hasLabels(container, labels)) continue;
      if (!queue.push({ containerId: container.id, kind })) queue.close();
    }
  }
}

function hasLabels(container: FakeContainer, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => container.spec.labels[key] === value);
}

function imageRefusal(image: string): WarrenError | undefined {
  if (image.startsWith("absent/")) {
    return new WarrenError(
      "IMAGE_NOT_FOUND",
      `Cannot pull "${image}": the registry has no such image`,
    );
  }
  if (image.startsWith("denied/")) {
    return new WarrenError(
      "IMAGE_PULL_DENIED",
      `Cannot pull "${image}": the registry refused access`,
    );
  }
  if (image.startsWith("unreachable/")) {
    const message = `Cannot pull "${image}": the registry does not answer`;
    return new WarrenError("IMAGE_PULL_FAILED", message);
  }
  return undefined;
}
