/** Placement of tasks on nodes, with reasons when there is none. Pure; used by the planner. */
export { explainUnplaced, MAX_REFUSALS, type NodeRefusal } from "./explain.ts";
export { type PlacementRequest, type Platform, requestOf, type RequestOptions } from "./request.ts";
export { belongsOn, type Placement, Placer, takesTasks } from "./schedule.ts";
