/** Replicated state: actions in, tables and changes out. Apply is deterministic. */
export * from "./action.ts";
export * from "./feed.ts";
export * from "./proposer.ts";
export * from "./view.ts";
