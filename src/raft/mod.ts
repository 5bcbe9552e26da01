/** Consensus: one member's core as a pure state machine. The driver, disk and network are elsewhere. */
export { coreConfig, DEFAULT_TIMES, type RaftTimes, TICK_MS, timesFault } from "./config.ts";
export { freshStart, type PeerReport, RaftCore, type Restored } from "./core.ts";
export type { CoreStatus, PeerStatus } from "./status.ts";
export { type MembershipChange, membersOf } from "./membership.ts";
export type { CoreConfig } from "./state.ts";
export * from "./message.ts";
export { describeEntries, describeMembership, describeMessage, describeReady } from "./describe.ts";
export { isWellFormed } from "./well_formed.ts";
