/** The planner: what has to happen to bring the cluster to what its services ask for. Pure. */
export { type Dirty, DirtySet, EVERYTHING, type Wakes } from "./dirty.ts";
export { type DecideContext, type Plan, plan } from "./plan.ts";
