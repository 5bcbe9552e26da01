/**
 * A service: what its owner asked for. The spec is the user's and is never edited by Warren;
 * defaults are filled once at the API (`defaults.ts`), faults found by `validate_service.ts`.
 */
import type { WallMs } from "../lib/mod.ts";
import type { ServiceId, Version } from "./ids.ts";
import type { Rollout } from "./rollout.ts";
import type { HealthCheck } from "./health.ts";

/** Text keys and values; keys are compared exactly. */
export type Labels = Readonly<Record<string, string>>;

/** How many tasks a service has and when they end. */
export type ServiceMode =
  | { readonly kind: "replicated"; readonly replicas: number }
  | { readonly kind: "global" }
  /** Runs `completions` tasks to a zero exit, at most `parallelism` at a time. */
  | { readonly kind: "job"; readonly completions: number; readonly parallelism: number };

/** A published port. */
export interface PortSpec {
  /** Optional name, unique within the service; "" when unnamed. */
  readonly name: string;
  /** Port inside the container, 1 to 65535. */
  readonly containerPort: number;
  /** Port on the node; 0 lets the engine choose one, which the task's status then shows. */
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
  readonly publishMode: "host" | "ingress";
}

/** Amounts of a node's resources; 0 means "none given". */
export interface ResourceAmounts {
  /** Thousandths of a core. */
  readonly milliCpus: number;
  readonly memoryBytes: number;
}

/** What a task may use at most, and what placement sets aside for it. */
export interface Resources {
  readonly limits: ResourceAmounts;
  readonly reservations: ResourceAmounts;
}

/** When the agent starts a task's container again on the same node. */
export interface RestartPolicy {
  readonly condition: "none" | "on-failure" | "any";
  /** First delay; later ones double up to 100 times this, at most 5 minutes. */
  readonly delayMs: number;
  /** Restarts allowed within `windowMs`; 0 means unlimited. */
  readonly maxAttempts: number;
  /** 0 means the task's whole life. */
  readonly windowMs: number;
}

/** A volume in a container. */
export interface VolumeMount {
  /** Name of the volume; one that was never created is made with the local driver. */
  readonly volume: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A secret or config as a file in the container. */
export interface FileRef {
  /** Name of the secret or config. */
  readonly name: string;
  /** Absolute path, or a file name below `/run/secrets` (secrets) or `/` (configs). */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, for instance 0o400. */
  readonly mode: number;
}

/** Where tasks may go. */
export interface Placement {
  /** `node.labels.x==y`, `node.arch!=arm64`, … as written. */
  readonly constraints: readonly string[];
  /** `node.labels.zone`: spread evenly over its values, in order of importance. */
  readonly spread: readonly string[];
  /** 0 means no limit. */
  readonly maxPerNode: number;
}

/** Which runtime runs the tasks; `auto` is the node's own. */
export type RuntimeChoice = "auto" | "docker" | "process";

/** What one task runs. A change of it makes a new revision, unless it can be applied in place. */
export interface TaskSpec {
  /** Image reference as the user wrote it; "" only for the process runtime. */
  readonly image: string;
  /** Replaces the image's entrypoint when not empty. */
  readonly entrypoint: readonly string[];
  /** Replaces the image's command when not empty; the host command for the process runtime. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly hostname: string;
  readonly resources: Resources;
  readonly restart: RestartPolicy;
  readonly health: HealthCheck | null;
  /** Grace between the stop signal and SIGKILL. */
  readonly stopTimeoutMs: number;
  /** `SIGTERM` and the like; "" is the image's own or SIGTERM. */
  readonly stopSignal: string;
  readonly mounts: readonly VolumeMount[];
  readonly secrets: readonly FileRef[];
  readonly configs: readonly FileRef[];
  readonly ports: readonly PortSpec[];
  readonly networks: readonly string[];
  readonly runtime: RuntimeChoice;
}

/** How a new revision replaces the old one. */
export interface UpdateConfig {
  /** Tasks replaced at a time, at least 1. */
  readonly parallelism: number;
  /** Pause between batches. */
  readonly delayMs: number;
  /** `auto` is start-first unless a fixed host port or a volume forbids it. */
  readonly order: "auto" | "start-first" | "stop-first";
  /** How long a new task must stay running to count as good. */
  readonly monitorMs: number;
  readonly failureAction: "pause" | "continue" | "rollback";
  /** Share of new tasks that may fail, 0 to 1. */
  readonly maxFailureRatio: number;
}

/** A service as its owner wrote it. */
export interface ServiceSpec {
  readonly name: string;
  readonly labels: Labels;
  readonly mode: ServiceMode;
  readonly task: TaskSpec;
  readonly placement: Placement;
  readonly update: UpdateConfig;
}

/** A spec that the service had. */
export interface Revision {
  readonly revision: number;
  readonly spec: ServiceSpec;
  readonly atMs: WallMs;
}

/** A service in the store. */
export interface Service {
  readonly id: ServiceId;
  readonly spec: ServiceSpec;
  /** Counts changes that need new tasks, from 1; tasks carry the revision they were made for. */
  readonly revision: number;
  /** Counts `service restart`; a task with a lower one is replaced. */
  readonly restartCount: number;
  /** Earlier revisions, newest first, at most {@link MAX_REVISIONS}. */
  readonly history: readonly Revision[];
  readonly rollout: Rollout | null;
  readonly createdMs: WallMs;
  readonly updatedMs: WallMs;
  readonly version: Version;
}

/** Earlier revisions kept per service. */
export const MAX_REVISIONS = 10;

/** Label that `apply --stack` sets and `--prune` looks for. */
export const STACK_LABEL = "warren.stack";
