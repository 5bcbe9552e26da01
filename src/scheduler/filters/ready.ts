/** Admits nodes whose agent is known to be there: a task is never given to a node that is not. */
import type { Filter } from "./filter.ts";

/** Refuses nodes that are down or not heard of. */
export const readyFilter: Filter = {
  name: "ready",
  check(_candidate, node) {
    if (node.status === "ready") return null;
    const isDown = node.status === "down";
    return {
      message: isDown ? "is down" : "is not heard of",
      change: `start the worker on ${node.name} again, or look why it cannot reach a manager`,
    };
  },
};
