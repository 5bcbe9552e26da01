/** A service's spec as labelled lines, for `service inspect` and `service history`. Pure. */
import { formatBytes, formatDurationMs } from "../../../lib/mod.ts";
import { formatCpus, formatPort } from "../../output/text.ts";
import type {
  HealthCheck,
  ResourceAmounts,
  ServiceSpec,
  TaskSpec,
} from "../../../client/wire/mod.ts";

type Field = readonly [label: string, value: string];

/** What the spec says, without what it leaves at its default. */
export function describeSpec(spec: ServiceSpec): readonly Field[] {
  const { task, placement, update } = spec;
  return [
    ["Mode", modeText(spec)],
    ...(task === undefined ? [] : taskFields(task)),
    ["Labels", pairs(spec.labels)],
    ["Constraints", (placement?.constraints ?? []).join("\n")],
    ["Spread over", (placement?.spread ?? []).join("\n")],
    ["Max per node", placement?.maxPerNode ? String(placement.maxPerNode) : ""],
    [
      "Update",
      update === undefined ? "" : `${update.parallelism} at a time, ${update.order || "auto"}, ` +
        `monitor ${formatDurationMs(update.monitorMs ?? 0)}, on failure ${update.failureAction}`,
    ],
  ];
}

function modeText(spec: ServiceSpec): string {
  const count = spec.replicas ?? 1;
  switch (spec.mode) {
    case "global":
      return "global: one task on every node";
    case "job":
      return `job: ${count} to complete`;
    default:
      return `${spec.mode || "replicated"}: ${count}`;
  }
}

function taskFields(task: TaskSpec): readonly Field[] {
  const volumes = task.mounts.map(({ volume, target, readOnly }) =>
    `${volume} at ${target}${readOnly ? " (read-only)" : ""}`
  );
  const files = (refs: TaskSpec["secrets"]) =>
    refs.map(({ name, target }) =>
      target === "" || target === name ? name : `${name} at ${target}`
    );
  return [
    ["Image", task.image],
    ["Entrypoint", task.entrypoint.join(" ")],
    ["Command", task.command.join(" ")],
    ["Environment", pairs(task.env)],
    ["User", task.user],
    ["Directory", task.workdir],
    ["Host name", task.hostname],
    ["Runtime", task.runtime === "auto" ? "" : task.runtime],
    ["Ports", task.ports.map((port) => `${formatPort(port)} (${port.publishMode})`).join("\n")],
    ["Networks", task.networks.join("\n")],
    ["Volumes", volumes.join("\n")],
    ["Secrets", files(task.secrets).join("\n")],
    ["Configs", files(task.configs).join("\n")],
    ["Limits", amountsText(task.limits)],
    ["Reserved", amountsText(task.reservations)],
    ["Health check", task.health === undefined ? "" : healthText(task.health)],
    ["Restart", restartText(task.restart)],
    ["Stop", stopText(task)],
  ];
}

function amountsText(amounts: ResourceAmounts | undefined): string {
  const parts = [
    ...(amounts?.milliCpus ? [`${formatCpus(amounts.milliCpus)} cores`] : []),
    ...(amounts?.memoryBytes ? [`${formatBytes(amounts.memoryBytes)} memory`] : []),
  ];
  return parts.join(", ");
}

function healthText(health: HealthCheck): string {
  const probe = health.kind === "exec"
    ? health.command.join(" ")
    : health.kind === "tcp"
    ? `tcp port ${health.port}`
    : `${health.scheme || "http"} :${health.port}${health.path}`;
  return `${probe}, every ${formatDurationMs(health.intervalMs)}, ` +
    `${formatDurationMs(health.timeoutMs)} to answer, ${health.retries} retries`;
}

function restartText(restart: TaskSpec["restart"]): string {
  if (restart === undefined) return "";
  const most = restart.maxAttempts > 0 ? `, at most ${restart.maxAttempts} times` : "";
  return `${restart.condition}, after ${formatDurationMs(restart.delayMs)}${most}`;
}

function stopText(task: TaskSpec): string {
  const signal = task.stopSignal === "" ? "" : `${task.stopSignal}, `;
  return task.stopTimeoutMs === undefined
    ? ""
    : `${signal}${formatDurationMs(task.stopTimeoutMs)} grace`;
}

function pairs(record: Readonly<Record<string, string>>): string {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`).join("\n");
}
