/**
 * The Docker engine as a runtime, over dockerode.
 *
 * Every method is one or two requests; it keeps no state besides the machine's size. The engine may
 * restart at any time: a call then fails with ENGINE_UNREACHABLE, the event stream ends, and the
 * caller lists and subscribes again.
 */
import { type Clock, realClock, WarrenError } from "../../lib/mod.ts";
import type { ResourceAmounts } from "../../model/mod.ts";
import { engineWords } from "./docker/errors.ts";
import { startExec } from "./docker/exec.ts";
import { decodeFrames, decodeJsonLines, parseLogFrame } from "./docker/frames.ts";
import { connectEngine, type EngineClient } from "./docker/http.ts";
import { removeContainer, startContainer, stopContainer } from "./docker/lifecycle.ts";
import { asList, asNumber, asRecord, asText, recordAt } from "./docker/parse.ts";
import { ensureImage } from "./docker/pull.ts";
import { readStream } from "./docker/read.ts";
import { createBody, type Machine, stateFromInspect, updateBody } from "./docker/spec.ts";
import { statsFromEngine } from "./docker/stats.ts";
import type {
  ContainerSpec,
  ContainerState,
  LogLine,
  LogOptions,
  Runtime,
  RuntimeEvent,
  RuntimeInfo,
  StopOptions,
} from "./runtime.ts";

/** Where the engine is and what time it is. */
export interface DockerRuntimeOptions {
  /** `unix:///var/run/docker.sock` or `tcp://host:port`. */
  readonly address: string;
  readonly clock?: Clock;
}

/** Where Docker listens unless told otherwise. */
export const DEFAULT_DOCKER_ADDRESS = "unix:///var/run/docker.sock";

/** Inspections at a time while listing. */
const LIST_CONCURRENCY = 8;

/** A runtime on the engine at `options.address`; connects with the first call. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  return new DockerRuntime(options);
}

class DockerRuntime implements Runtime {
  readonly kind = "docker";
  readonly #engine: EngineClient;
  readonly #clock: Clock;
  readonly #isLocal: boolean;
  #machine: (Machine & { readonly memoryBytes: number }) | undefined;

  constructor(options: DockerRuntimeOptions) {
    this.#engine = connectEngine(options.address);
    this.#clock = options.clock ?? realClock;
    this.#isLocal = options.address.startsWith("unix:");
  }

  async info(signal: AbortSignal): Promise<RuntimeInfo> {
    const info = asRecord(
      await this.#engine.call({ method: "GET", path: "/info", doing: "ask the engine", signal }),
    );
    const cpus = asNumber(info["NCPU"]);
    const memoryBytes = asNumber(info["MemTotal"]);
    this.#machine = { cpus, memoryBytes };
    return {
      engine: `docker ${asText(info["ServerVersion"])}`,
      os: asText(info["OSType"]),
      arch: archOf(asText(info["Architecture"])),
      resources: { milliCpus: cpus * 1_000, memoryBytes },
    };
  }

  async #getMachine(signal: AbortSignal): Promise<Machine & { readonly memoryBytes: number }> {
    if (!this.#machine) await this.info(signal);
    return this.#machine ?? { cpus: 1, memoryBytes: 0 };
  }

  ensureImage(
    image: string,
    options: { readonly signal: AbortSignal; readonly onProgress?: (message: string) => void },
  ): Promise<string> {
    return ensureImage(image, { engine: this.#engine, clock: this.#clock, ...options });
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<string> {
    const doing = `create container "${spec.name}"`;
    try {
      const created = await this.#engine.call({
        method: "POST",
        path: "/containers/create",
        query: { name: spec.name },
        body: createBody(spec, await this.#getMachine(signal)),
        doing,
        signal,
      });
      return asText(asRecord(created)["Id"]);
    } catch (error) {
      const existing = /is already in use by container/.test(engineWords(error))
        ? await this.inspect(spec.name, signal)
        : undefined;
      if (existing) return existing.id;
      if (/No such image/i.test(engineWords(error))) {
        throw new WarrenError("IMAGE_NOT_FOUND", `Image "${spec.image}" is not on this node`);
      }
      throw error;
    }
  }

  start(containerId: string, signal: AbortSignal): Promise<void> {
    return startContainer(containerId, this.#engine, { isLocal: this.#isLocal, signal });
  }

  stop(containerId: string, options: StopOptions): Promise<void> {
    return stopContainer(containerId, options, { engine: this.#engine, clock: this.#clock });
  }

  remove(containerId: string, signal: AbortSignal): Promise<void> {
    return removeContainer(containerId, this.#engine, signal);
  }

  async update(containerId: string, limits: ResourceAmounts, signal: AbortSignal): Promise<void> {
    await this.#engine.call({
      method: "POST",
      path: `/containers/${containerId}/update`,
      body: updateBody(limits, await this.#getMachine(signal)),
      doing: "change the container's limits",
      signal,
    });
  }

  async inspect(containerId: string, signal: AbortSignal): Promise<ContainerState | undefined> {
    const answer = await this.#find(containerId, signal);
    return answer === undefined ? undefined : stateFromInspect(answer);
  }

  #find(containerId: string, signal: AbortSignal): Promise<unknown | undefined> {
    return this.#engine.find({
      method: "GET",
      path: `/containers/${encodeURIComponent(containerId)}/json`,
      doing: `look at container "${containerId.slice(0, 12)}"`,
      signal,
    });
  }

  async list(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ContainerState[]> {
    const answer = await this.#engine.call({
      method: "GET",
      path: "/containers/json",
      query: { all: true, filters: { label: labelFilter(labels) } },
      doing: "list containers",
      signal,
    });
    const ids = asList(answer).map((item) => asText(asRecord(item)["Id"]));
    const states: ContainerState[] = [];
    const next = ids.values();
    const inspectNext = async () => {
      for (const id of next) {
        const state = await this.inspect(id, signal);
        if (state) states.push(state);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LIST_CONCURRENCY, ids.length) }, inspectNext));
    return states.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  async *events(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<RuntimeEvent> {
    const doing = "follow the engine's events";
    const stream = await this.#engine.stream({
      method: "GET",
      path: "/events",
      query: {
        filters: {
          type: ["container"],
          event: Object.keys(EVENT_KINDS),
          label: labelFilter(labels),
        },
      },
      doing,
      signal,
    });
    for await (const value of decodeJsonLines(readStream(stream, signal, doing))) {
      const kind = EVENT_KINDS[asText(asRecord(value)["Action"])];
      const containerId = asText(recordAt(value, "Actor")["ID"]);
      if (kind && containerId !== "") yield { containerId, kind };
    }
    if (signal.aborted) return;
    throw new WarrenError("ENGINE_UNREACHABLE", "The engine ended its event stream");
  }

  async *logs(containerId: string, options: LogOptions): AsyncGenerator<LogLine> {
    const doing = "read the container's output";
    const stream = await this.#engine.stream({
      method: "GET",
      path: `/containers/${containerId}/logs`,
      query: {
        stdout: true,
        stderr: true,
        timestamps: true,
        follow: options.follow,
        tail: options.tail === undefined ? "all" : String(options.tail),
        since: (options.sinceMs / 1_000).toFixed(3),
      },
      doing,
      signal: options.signal,
    });
    for await (const frame of decodeFrames(readStream(stream, options.signal, doing))) {
      const line = parseLogFrame(frame);
      if (line.timeMs > options.sinceMs || options.sinceMs === 0) yield line;
    }
  }

  exec(containerId: string, options: Parameters<Runtime["exec"]>[1]) {
    const context = { engine: this.#engine, clock: this.#clock, isLocal: this.#isLocal };
    return startExec(containerId, options, context);
  }

  async stats(containerId: string, signal: AbortSignal) {
    const { memoryBytes } = await this.#getMachine(signal);
    const answer = await this.#engine.find({
      method: "GET",
      path: `/containers/${containerId}/stats`,
      query: { stream: false, "one-shot": true },
      doing: "read the container's use of resources",
      signal,
    });
    const isRunning = asNumber(recordAt(answer, "cpu_stats")["system_cpu_usage"]) > 0;
    return isRunning ? statsFromEngine(answer, memoryBytes) : undefined;
  }

  async ensureVolume(volume: Parameters<Runtime["ensureVolume"]>[0], signal: AbortSignal) {
    await this.#engine.call({
      method: "POST",
      path: "/volumes/create",
      body: { Name: volume.name, Driver: volume.driver || "local", DriverOpts: volume.options },
      doing: `create volume "${volume.name}"`,
      signal,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(); // it holds no connection between calls
  }
}

const EVENT_KINDS: Readonly<Record<string, RuntimeEvent["kind"]>> = {
  start: "started",
  die: "exited",
  oom: "oom",
  destroy: "removed",
};

function labelFilter(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

function archOf(architecture: string): string {
  if (architecture === "x86_64") return "amd64";
  return architecture === "aarch64" ? "arm64" : architecture;
}
