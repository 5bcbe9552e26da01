/** Admits nodes that their operator lets take new tasks. */
import type { Filter } from "./filter.ts";

/** Refuses nodes that are paused or drained. */
export const availabilityFilter: Filter = {
  name: "availability",
  check(_candidate, node) {
    if (node.availability === "active") return null;
    return {
      message: node.availability === "drain" ? "is drained" : "is paused",
      change: `warren node activate ${node.name}`,
    };
  },
};
