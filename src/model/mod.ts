/** The nouns as plain read-only data, their defaults, validation and comparison. No behaviour. */
export * from "./constraint.ts";
export * from "./defaults.ts";
export * from "./health.ts";
export * from "./ids.ts";
export * from "./node.ts";
export * from "./resource.ts";
export * from "./rollout.ts";
export * from "./service.ts";
export * from "./service_counts.ts";
export * from "./spec_diff.ts";
export * from "./task.ts";
export * from "./task_currency.ts";
export * from "./task_state.ts";
export { fillHealthPort, findOnlyPort } from "./validate/health.ts";
export { keyPath, listChoices, quoteText } from "./validate/text.ts";
export * from "./validate_resource.ts";
export * from "./validate_service.ts";
