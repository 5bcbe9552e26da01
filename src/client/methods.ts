/**
 * Every method of the API: which module has it and how it is called.
 *
 * Plain data with imports that run on the first call, so that a command loads the messages of one
 * service and not of all. The type checker makes sure that no method is missing.
 */
import type { ClusterServiceService } from "../rpc/gen/warren/v1/cluster.ts";
import type { EventServiceService } from "../rpc/gen/warren/v1/event.ts";
import type { ManifestServiceService } from "../rpc/gen/warren/v1/manifest.ts";
import type { NodeServiceService } from "../rpc/gen/warren/v1/node.ts";
import type {
  ConfigServiceService,
  SecretServiceService,
  VolumeServiceService,
} from "../rpc/gen/warren/v1/resource.ts";
import type { ServiceServiceService } from "../rpc/gen/warren/v1/service.ts";
import type { TaskServiceService } from "../rpc/gen/warren/v1/task.ts";
import type { CallableMethod, RequestOf, ResponseOf } from "../rpc/mod.ts";

/** All methods by name. */
export type AllMethods =
  & ServiceServiceService
  & TaskServiceService
  & NodeServiceService
  & SecretServiceService
  & ConfigServiceService
  & VolumeServiceService
  & ManifestServiceService
  & EventServiceService
  & ClusterServiceService;

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; it fails with ABORTED_BY_USER. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for an answer; streams have no limit unless given. */
  readonly timeoutMs?: number;
  /** Makes a repeated change count once. */
  readonly requestId?: string;
}

/** How a method is called from outside. */
type Call<Method> = Method extends { requestStream: true } ? (
    requests: AsyncIterable<RequestOf<Method>>,
    options?: CallOptions,
  ) => AsyncIterable<ResponseOf<Method>>
  : Method extends { responseStream: true }
    ? (request: RequestOf<Method>, options?: CallOptions) => AsyncIterable<ResponseOf<Method>>
  : (request: RequestOf<Method>, options?: CallOptions) => Promise<ResponseOf<Method>>;

/** Every method as a function. */
export type Calls = { readonly [Name in keyof AllMethods]: Call<AllMethods[Name]> };

/**
 * What a method takes and gives, and what one that takes and gives a single message does: `change` is
 * carried out once per request id, `once` must not be sent again when it may have been carried out.
 */
export type CallKind = "read" | "change" | "once" | "stream" | "bidi";

type KindOf<Method> = Method extends { requestStream: true } ? "bidi"
  : Method extends { responseStream: true } ? "stream"
  : "read" | "change" | "once";

type Kinds<Service> = { readonly [Name in keyof Service]: KindOf<Service[Name]> };

/** One service: its methods, and how to get their definitions. */
export interface ServiceEntry {
  readonly kinds: Readonly<Record<string, CallKind>>;
  load(): Promise<Readonly<Record<string, CallableMethod>>>;
}

const SERVICE: Kinds<ServiceServiceService> = {
  createService: "change",
  getService: "read",
  listServices: "read",
  updateService: "change",
  scaleServices: "change",
  rollbackService: "change",
  restartService: "change",
  removeService: "change",
  watchService: "stream",
};
const TASK: Kinds<TaskServiceService> = {
  listTasks: "read",
  getTask: "read",
  readLogs: "stream",
  exec: "bidi",
  getTaskStats: "read",
};
const NODE: Kinds<NodeServiceService> = {
  listNodes: "read",
  getNode: "read",
  updateNode: "change",
  removeNode: "change",
  promoteNode: "change",
  demoteNode: "change",
};
const SECRET: Kinds<SecretServiceService> = {
  createSecret: "change",
  getSecret: "read",
  listSecrets: "read",
  removeSecret: "change",
};
const CONFIG: Kinds<ConfigServiceService> = {
  createConfig: "change",
  getConfig: "read",
  listConfigs: "read",
  removeConfig: "change",
};
const VOLUME: Kinds<VolumeServiceService> = {
  createVolume: "change",
  getVolume: "read",
  listVolumes: "read",
  removeVolume: "change",
};
const MANIFEST: Kinds<ManifestServiceService> = { planManifest: "read", applyManifest: "change" };
const EVENT: Kinds<EventServiceService> = { streamEvents: "stream" };
const CLUSTER: Kinds<ClusterServiceService> = {
  getClusterInfo: "read",
  getJoinToken: "change",
  joinManager: "change",
  transferLeader: "once",
  backup: "stream",
};

const resource = () => import("../rpc/gen/warren/v1/resource.ts");

/** Every service of the API but those of agents. */
export const SERVICES: readonly ServiceEntry[] = [
  {
    kinds: SERVICE,
    load: async () => (await import("../rpc/gen/warren/v1/service.ts")).ServiceServiceService,
  },
  {
    kinds: TASK,
    load: async () => (await import("../rpc/gen/warren/v1/task.ts")).TaskServiceService,
  },
  {
    kinds: NODE,
    load: async () => (await import("../rpc/gen/warren/v1/node.ts")).NodeServiceService,
  },
  { kinds: SECRET, load: async () => (await resource()).SecretServiceService },
  { kinds: CONFIG, load: async () => (await resource()).ConfigServiceService },
  { kinds: VOLUME, load: async () => (await resource()).VolumeServiceService },
  {
    kinds: MANIFEST,
    load: async () => (await import("../rpc/gen/warren/v1/manifest.ts")).ManifestServiceService,
  },
  {
    kinds: EVENT,
    load: async () => (await import("../rpc/gen/warren/v1/event.ts")).EventServiceService,
  },
  {
    kinds: CLUSTER,
    load: async () => (await import("../rpc/gen/warren/v1/cluster.ts")).ClusterServiceService,
  },
];
