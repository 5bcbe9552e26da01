/** Replicated state: actions in, tables and changes out. Apply is deterministic. */
export * from "./action.ts";
export { decodeEntry, encodeEntry } from "./entry_codec.ts";
export { type ClusterEvent, type EventType } from "./events/event.ts";
export { EventBuffer, EventReader, type ReadFrom, recordEvents } from "./events/event_buffer.ts";
export * from "./feed.ts";
export { OverlayView, type PassAction } from "./overlay.ts";
export * from "./proposer.ts";
export { encodeState, type StateCapture } from "./snapshot.ts";
export { Store } from "./store.ts";
export { createdTask, isLive, isNews, isPending } from "./task_change.ts";
export { heldHostPorts, NO_USAGE, usesNode } from "./usage.ts";
export * from "./view.ts";
