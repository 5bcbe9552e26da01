/**
 * The families that describe the cluster and its tasks, filled at each collection.
 *
 * Installed by the composition root, which hands in where the numbers come from: a manager's store,
 * an agent's last statistics. It keeps nothing between collections, so a label value that vanished
 * from the source vanishes from the output. The names are those of the command-line contract.
 */
import type { Gauge, MetricLabels, MetricSpec } from "../lib/mod.ts";
import type { MetricsRegistry } from "./metrics_registry.ts";

/** How many things of one kind carry these label values. */
export interface Count {
  readonly labels: MetricLabels;
  readonly count: number;
}

/** What a manager knows of the cluster. */
export interface ClusterSizes {
  /** With labels `role` and `status`. */
  readonly nodes: readonly Count[];
  /** With label `state`. */
  readonly tasks: readonly Count[];
  readonly services: number;
  readonly secrets: number;
  readonly configs: number;
  readonly volumes: number;
}

/** Resource use of one running task since its container started. */
export interface TaskUsage {
  readonly taskId: string;
  /** Name of its service. */
  readonly service: string;
  /** Name of its node. */
  readonly node: string;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly networkReceiveBytes: number;
  readonly networkTransmitBytes: number;
}

const NODES = { name: "warren_nodes", help: "Nodes.", labels: ["role", "status"] };
const TASKS = { name: "warren_tasks", help: "Tasks.", labels: ["state"] };
const SERVICES = { name: "warren_services", help: "Services." };
const SECRETS = { name: "warren_secrets", help: "Secrets." };
const CONFIGS = { name: "warren_configs", help: "Configs." };
const VOLUMES = { name: "warren_volumes", help: "Volumes." };

const TASK_LABELS = ["task_id", "service", "node"];
const TASK_CPU = {
  name: "warren_task_cpu_seconds_total",
  help: "Cpu time that the task's container used, in seconds.",
  labels: TASK_LABELS,
};
const TASK_MEMORY = {
  name: "warren_task_memory_bytes",
  help: "Memory that the task's container uses, in bytes.",
  labels: TASK_LABELS,
};
const TASK_RECEIVE = {
  name: "warren_task_network_receive_bytes_total",
  help: "Bytes that the task's container received.",
  labels: TASK_LABELS,
};
const TASK_TRANSMIT = {
  name: "warren_task_network_transmit_bytes_total",
  help: "Bytes that the task's container sent.",
  labels: TASK_LABELS,
};

/**
 * Publishes sizes and states of the cluster; for managers. `source` is asked at each collection and
 * costs what it costs: hand in counts, not scans. Returns a function that removes the families'
 * sampling.
 */
export function installClusterMetrics(
  registry: MetricsRegistry,
  source: () => ClusterSizes,
): () => void {
  const make = (spec: MetricSpec) => registry.gauge(spec);
  const nodes = make(NODES);
  const tasks = make(TASKS);
  const services = make(SERVICES);
  const secrets = make(SECRETS);
  const configs = make(CONFIGS);
  const volumes = make(VOLUMES);
  return registry.onCollect(() => {
    const sizes = source();
    setCounts(nodes, sizes.nodes);
    setCounts(tasks, sizes.tasks);
    services.set(sizes.services);
    secrets.set(sizes.secrets);
    configs.set(sizes.configs);
    volumes.set(sizes.volumes);
  });
}

/**
 * Publishes the resource use of tasks; for workers. `source` gives the newest sample of every task
 * that runs here. Returns a function that removes the sampling.
 */
export function installTaskMetrics(
  registry: MetricsRegistry,
  source: () => Iterable<TaskUsage>,
): () => void {
  const cpu = registry.total(TASK_CPU);
  const memory = registry.gauge(TASK_MEMORY);
  const receive = registry.total(TASK_RECEIVE);
  const transmit = registry.total(TASK_TRANSMIT);
  return registry.onCollect(() => {
    for (const metric of [cpu, memory, receive, transmit]) metric.reset();
    for (const usage of source()) {
      const labels = { task_id: usage.taskId, service: usage.service, node: usage.node };
      cpu.set(usage.cpuSeconds, labels);
      memory.set(usage.memoryBytes, labels);
      receive.set(usage.networkReceiveBytes, labels);
      transmit.set(usage.networkTransmitBytes, labels);
    }
  });
}

function setCounts(gauge: Gauge, counts: readonly Count[]): void {
  gauge.reset();
  for (const { labels, count } of counts) gauge.set(count, labels);
}
