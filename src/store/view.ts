/**
 * The read side of the replicated state: what planners, the API and the dispatcher may see.
 *
 * A view is live: it shows the state as of the last applied entry, and must not be kept across an
 * `await` as if it stood still. Objects are never mutated, so a single object may be kept.
 */
import type {
  Cluster,
  Config,
  LogIndex,
  Node,
  NodeId,
  Secret,
  Service,
  ServiceId,
  Task,
  TaskId,
  Volume,
} from "../model/mod.ts";

/** What the tasks on a node take from it, counting those whose state is not terminal. */
export interface NodeUsage {
  readonly reservedMilliCpus: number;
  readonly reservedMemoryBytes: number;
  readonly tasks: number;
  /** `80/tcp` of every fixed host port held. */
  readonly hostPorts: ReadonlySet<string>;
}

/** Read-only, indexed access. Lookups are O(1); lists iterate in order of creation. */
export interface StateView {
  /** Index of the last applied entry. */
  readonly index: LogIndex;
  /** Where the request of that id was applied, among those lately; "" is none. */
  appliedRequest(requestId: string): LogIndex | undefined;
  cluster(): Cluster | undefined;
  node(id: NodeId): Node | undefined;
  nodeByName(name: string): Node | undefined;
  nodes(): Iterable<Node>;
  nodeUsage(id: NodeId): NodeUsage;
  service(id: ServiceId): Service | undefined;
  serviceByName(name: string): Service | undefined;
  services(): Iterable<Service>;
  task(id: TaskId): Task | undefined;
  tasks(): Iterable<Task>;
  tasksOfService(id: ServiceId): Iterable<Task>;
  tasksOfNode(id: NodeId): Iterable<Task>;
  /** Tasks that are to run and have no node yet, longest waiting first; cost is their number. */
  pendingTasks(): Iterable<Task>;
  secret(id: string): Secret | undefined;
  secretByName(name: string): Secret | undefined;
  secrets(): Iterable<Secret>;
  config(id: string): Config | undefined;
  configByName(name: string): Config | undefined;
  configs(): Iterable<Config>;
  volume(id: string): Volume | undefined;
  volumeByName(name: string): Volume | undefined;
  volumes(): Iterable<Volume>;
}

/** Sizes of the tables, for metrics; O(1). */
export interface TableSizes {
  readonly nodes: number;
  readonly services: number;
  readonly tasks: number;
  readonly secrets: number;
  readonly configs: number;
  readonly volumes: number;
}
