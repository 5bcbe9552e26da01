/**
 * The narrow interface to whatever runs containers: the Docker engine, host processes, or a fake.
 *
 * The task runner decides what to do; a runtime does one thing at a time and reports what is. Every
 * implementation passes `runtime_contract.ts`. Containers are found again by their labels after a
 * restart of the agent, so a runtime keeps no state that only it knows.
 */
import type { WallMs } from "../../lib/mod.ts";
import type { BoundPort, PortSpec, ResourceAmounts } from "../../model/mod.ts";

/** What a runtime says of itself and its machine. */
export interface RuntimeInfo {
  /** `docker 20.10.24`. */
  readonly engine: string;
  /** `linux` or `darwin`, of the containers. */
  readonly os: string;
  /** `amd64` or `arm64`. */
  readonly arch: string;
  /** What containers may use in all; cgroup-aware. */
  readonly resources: ResourceAmounts;
}

/** A file or directory of the host in the container. */
export interface Bind {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A named volume in the container. */
export interface NamedMount {
  readonly volume: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** All that is needed to make one container. */
export interface ContainerSpec {
  /** Unique on the engine: `warren-web.1-<task id>-<attempt>`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly hostname: string;
  readonly limits: ResourceAmounts;
  readonly stopSignal: string;
  readonly binds: readonly Bind[];
  readonly volumes: readonly NamedMount[];
  readonly ports: readonly PortSpec[];
}

/** A container as the engine sees it now. */
export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: "created" | "running" | "exited";
  /** Null unless exited. */
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** The engine's own words when it could not start it, or "". */
  readonly error: string;
  readonly startedMs: WallMs | null;
  readonly finishedMs: WallMs | null;
  /** Where probes reach it: an address of the container, or 127.0.0.1 for host processes. */
  readonly address: string;
  readonly ports: readonly BoundPort[];
  /** The host's process id of its first process, 0 when not running. */
  readonly pid: number;
}

/** Something happened to a container; ask `inspect` for what is. */
export interface RuntimeEvent {
  readonly containerId: string;
  readonly kind: "started" | "exited" | "oom" | "removed";
}

/** A line of output, or a part of at most 16 KiB of a longer one. */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  readonly timeMs: WallMs;
  /** Without the line end. */
  readonly line: Uint8Array;
}

/** Which output is wanted. */
export interface LogOptions {
  readonly follow: boolean;
  /** Lines from the end; undefined means all. */
  readonly tail?: number;
  /** Only lines after this wall time; 0 means all. */
  readonly sinceMs: number;
  readonly signal: AbortSignal;
}

/** A command to run inside a container. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly columns: number;
  readonly rows: number;
  readonly signal: AbortSignal;
}

/** A running command inside a container. */
export interface ExecSession {
  /** Output until both streams end. With a tty everything is stdout. */
  readonly output: AsyncIterable<
    { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }
  >;
  /** Settles after the output ended. */
  readonly exitCode: Promise<number>;
  write(data: Uint8Array): Promise<void>;
  /** Ends the command's input. */
  closeStdin(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
}

/** Resource use of a running container since its start. */
export interface ContainerStats {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** 0 when unlimited. */
  readonly memoryLimitBytes: number;
  readonly networkReceiveBytes: number;
  readonly networkTransmitBytes: number;
}

/**
 * A runtime. Every method may throw WarrenError: ENGINE_UNREACHABLE, ENGINE_FAILED, and where named
 * others. All are safe to repeat.
 */
export interface Runtime extends AsyncDisposable {
  readonly kind: "docker" | "process" | "fake";
  info(signal: AbortSignal): Promise<RuntimeInfo>;
  /**
   * Makes sure that `image` is on this machine; returns the engine's id of it. Pulls only when it is
   * not there. @throws IMAGE_NOT_FOUND, IMAGE_PULL_DENIED, IMAGE_PULL_FAILED
   */
  ensureImage(
    image: string,
    options: { readonly signal: AbortSignal; readonly onProgress?: (message: string) => void },
  ): Promise<string>;
  /** Makes a container without starting it; the same name twice gives the existing one's id. */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<string>;
  /** Starts it; nothing happens when it runs. @throws PORT_IN_USE, COMMAND_FAILED (cannot execute) */
  start(containerId: string, signal: AbortSignal): Promise<void>;
  /** Sends the stop signal, waits `timeoutMs`, then kills. Resolves when it has exited. */
  stop(containerId: string, options: StopOptions): Promise<void>;
  /** Kills and deletes it with its anonymous volumes; nothing happens when it is gone. */
  remove(containerId: string, signal: AbortSignal): Promise<void>;
  /** Changes limits of a running container. */
  update(containerId: string, limits: ResourceAmounts, signal: AbortSignal): Promise<void>;
  /** Undefined when there is no such container. */
  inspect(containerId: string, signal: AbortSignal): Promise<ContainerState | undefined>;
  /** Every container, running or not, that has all of `labels`. */
  list(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ContainerState[]>;
  /**
   * What happens to containers that have all of `labels`, until aborted. When it breaks it throws,
   * and the caller lists and subscribes again.
   */
  events(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<RuntimeEvent>;
  logs(containerId: string, options: LogOptions): AsyncIterable<LogLine>;
  exec(containerId: string, options: ExecOptions): Promise<ExecSession>;
  stats(containerId: string, signal: AbortSignal): Promise<ContainerStats | undefined>;
  /** Makes a named volume unless it is there. */
  ensureVolume(
    volume: {
      readonly name: string;
      readonly driver: string;
      readonly options: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ): Promise<void>;
}

/** How a container is stopped. */
export interface StopOptions {
  readonly timeoutMs: number;
  /** `SIGTERM` and the like; "" is the container's own. */
  readonly stopSignal: string;
  readonly signal: AbortSignal;
}

/** Labels on everything that Warren makes on an engine. */
export const RUNTIME_LABELS = {
  cluster: "io.warren.cluster",
  node: "io.warren.node",
  task: "io.warren.task",
  service: "io.warren.service",
  serviceName: "io.warren.service-name",
  slot: "io.warren.slot",
  attempt: "io.warren.attempt",
} as const;
