/**
 * The one place where defaults are: what the API fills in for what a user left out.
 *
 * `cli.md` and the CLI reference quote these figures from here.
 */
import type {
  Placement,
  Resources,
  RestartPolicy,
  ServiceSpec,
  TaskSpec,
  UpdateConfig,
} from "./service.ts";
import type { HealthCheck, HealthProbe } from "./health.ts";

/** Restarts whatever ended, without an end. */
export const DEFAULT_RESTART: RestartPolicy = {
  condition: "any",
  delayMs: 1_000,
  maxAttempts: 0,
  windowMs: 0,
};

/** One task at a time, watched for five seconds, stopped at the first failure. */
export const DEFAULT_UPDATE: UpdateConfig = {
  parallelism: 1,
  delayMs: 0,
  order: "auto",
  monitorMs: 5_000,
  failureAction: "pause",
  maxFailureRatio: 0,
};

/** Neither limits nor reservations. */
export const NO_RESOURCES: Resources = {
  limits: { milliCpus: 0, memoryBytes: 0 },
  reservations: { milliCpus: 0, memoryBytes: 0 },
};

/** Every node will do. */
export const ANYWHERE: Placement = { constraints: [], spread: [], maxPerNode: 0 };

/** A task of which nothing is said yet; its image must be filled in. */
export const DEFAULT_TASK: TaskSpec = {
  image: "",
  entrypoint: [],
  command: [],
  env: {},
  user: "",
  workdir: "",
  hostname: "",
  resources: NO_RESOURCES,
  restart: DEFAULT_RESTART,
  health: null,
  stopTimeoutMs: 10_000,
  stopSignal: "",
  mounts: [],
  secrets: [],
  configs: [],
  ports: [],
  networks: [],
  runtime: "auto",
};

/** A spec with nothing but a name and defaults: the base that flags and manifests write on. */
export function defaultServiceSpec(name: string): ServiceSpec {
  return {
    name,
    labels: {},
    mode: { kind: "replicated", replicas: 1 },
    task: DEFAULT_TASK,
    placement: ANYWHERE,
    update: DEFAULT_UPDATE,
  };
}

/** A check of `probe` with the default rhythm: every 30 s, 10 s to answer, 3 retries, no start period. */
export function defaultHealthCheck(probe: HealthProbe): HealthCheck {
  return { probe, intervalMs: 30_000, timeoutMs: 10_000, retries: 3, startPeriodMs: 0 };
}

/** A job is restarted when it fails, unless its owner said otherwise. */
export function withJobRestart(spec: ServiceSpec, isConditionGiven: boolean): ServiceSpec {
  if (spec.mode.kind !== "job" || isConditionGiven) return spec;
  if (spec.task.restart.condition !== DEFAULT_RESTART.condition) return spec;
  const restart = { ...spec.task.restart, condition: "on-failure" } as const;
  return { ...spec, task: { ...spec.task, restart } };
}
