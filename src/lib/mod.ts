/** Domain-free parts that every folder may use; nothing here knows what a service is. */
export * from "./assert.ts";
export * from "./backoff.ts";
export * from "./bounded_queue.ts";
export * from "./brand.ts";
export * from "./clock.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./manual_clock.ts";
export * from "./nearest.ts";
export * from "./prng.ts";
export * from "./quantity.ts";
export * from "./reasons.ts";
export * from "./task_group.ts";
export * from "./version.ts";
