/**
 * The whole replicated state: every table, the index and time of the last applied change, and the
 * requests that were applied lately. Read through `StateView`, written through transactions only.
 */
import { type WallMs, wallMs } from "../lib/mod.ts";
import {
  asIndex,
  type Cluster,
  type Config,
  type LogIndex,
  type Node,
  type NodeId,
  type Secret,
  type Service,
  type ServiceId,
  type Task,
  type TaskId,
  type TaskState,
  type Volume,
} from "../model/mod.ts";
import { RecentRequests } from "./requests.ts";
import { NamedTable, Table } from "./table.ts";
import { TaskTable } from "./task_table.ts";
import type { NodeUsage, StateView, TableSizes } from "./view.ts";

/** The row type of each table. */
export interface Rows {
  readonly cluster: Cluster;
  readonly nodes: Node;
  readonly services: Service;
  readonly tasks: Task;
  readonly secrets: Secret;
  readonly configs: Config;
  readonly volumes: Volume;
}

/** Names of the tables. */
export type TableName = keyof Rows;

/** The order in which tables are announced and written. */
export const TABLE_NAMES: readonly TableName[] = [
  "cluster",
  "nodes",
  "secrets",
  "configs",
  "volumes",
  "services",
  "tasks",
];

/** The tables and their read side. */
export class Tables implements StateView {
  /** Every table by its name; only transactions and the snapshot write here. */
  readonly rows = {
    cluster: new Table<Cluster>(),
    nodes: new NamedTable<Node>((node) => node.name),
    secrets: new NamedTable<Secret>((secret) => secret.name),
    configs: new NamedTable<Config>((config) => config.name),
    volumes: new NamedTable<Volume>((volume) => volume.name),
    services: new NamedTable<Service>((service) => service.spec.name),
    tasks: new TaskTable(),
  };
  readonly requests = new RecentRequests();
  /** Index of the last applied entry. */
  index: LogIndex = asIndex(0);
  /** The greatest time applied; recorded time never goes back before it. */
  lastMs: WallMs = wallMs(0);

  /** The table `name`, typed by its rows. */
  table<N extends TableName>(name: N): Table<Rows[N]> {
    const tables: { readonly [Name in TableName]: Table<Rows[Name]> } = this.rows;
    return tables[name];
  }

  /** Sizes for metrics; O(1). */
  get sizes(): TableSizes {
    const { nodes, services, tasks, secrets, configs, volumes } = this.rows;
    return {
      nodes: nodes.size,
      services: services.size,
      tasks: tasks.size,
      secrets: secrets.size,
      configs: configs.size,
      volumes: volumes.size,
    };
  }

  /** Tasks per state, for metrics; O(1). */
  get taskStates(): ReadonlyMap<TaskState, number> {
    return this.rows.tasks.states;
  }

  appliedRequest(requestId: string): LogIndex | undefined {
    return this.requests.find(requestId);
  }
  cluster(): Cluster | undefined {
    for (const cluster of this.rows.cluster.values()) return cluster;
    return undefined;
  }
  node(id: NodeId): Node | undefined {
    return this.rows.nodes.get(id);
  }
  nodeByName(name: string): Node | undefined {
    return this.rows.nodes.byName(name);
  }
  nodes(): Iterable<Node> {
    return this.rows.nodes.values();
  }
  nodeUsage(id: NodeId): NodeUsage {
    return this.rows.tasks.usage(id);
  }
  service(id: ServiceId): Service | undefined {
    return this.rows.services.get(id);
  }
  serviceByName(name: string): Service | undefined {
    return this.rows.services.byName(name);
  }
  services(): Iterable<Service> {
    return this.rows.services.values();
  }
  task(id: TaskId): Task | undefined {
    return this.rows.tasks.get(id);
  }
  tasks(): Iterable<Task> {
    return this.rows.tasks.values();
  }
  tasksOfService(id: ServiceId): Iterable<Task> {
    return this.rows.tasks.ofService(id);
  }
  tasksOfNode(id: NodeId): Iterable<Task> {
    return this.rows.tasks.ofNode(id);
  }
  pendingTasks(): Iterable<Task> {
    return this.rows.tasks.pending();
  }
  secret(id: string): Secret | undefined {
    return this.rows.secrets.get(id);
  }
  secretByName(name: string): Secret | undefined {
    return this.rows.secrets.byName(name);
  }
  secrets(): Iterable<Secret> {
    return this.rows.secrets.values();
  }
  config(id: string): Config | undefined {
    return this.rows.configs.get(id);
  }
  configByName(name: string): Config | undefined {
    return this.rows.configs.byName(name);
  }
  configs(): Iterable<Config> {
    return this.rows.configs.values();
  }
  volume(id: string): Volume | undefined {
    return this.rows.volumes.get(id);
  }
  volumeByName(name: string): Volume | undefined {
    return this.rows.volumes.byName(name);
  }
  volumes(): Iterable<Volume> {
    return this.rows.volumes.values();
  }
}
