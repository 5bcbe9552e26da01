/**
 * What a daemon shows of itself: log lines, metrics, health and profiles.
 *
 * The composition root makes these; every other part sees only `Log` and `Metrics` of `lib/`.
 */
export * from "./cluster_metrics.ts";
export type { ComponentHealth } from "./health.ts";
export * from "./http.ts";
export * from "./log_sink.ts";
export * from "./metrics_registry.ts";
export * from "./process_metrics.ts";
