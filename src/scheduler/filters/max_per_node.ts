/** Admits nodes that have fewer tasks of the service than it allows. */
import type { Filter } from "./filter.ts";

/** Refuses full nodes; the task that is replaced in the same slot does not count. */
export const maxPerNodeFilter: Filter = {
  name: "max_per_node",
  check({ request, slot }, _node, { slots }) {
    const { maxPerNode } = request;
    if (maxPerNode === 0) return null;
    const others = slots.filter((other) => other !== slot).length;
    if (others < maxPerNode) return null;
    const tasks = others === 1 ? "1 task" : `${others} tasks`;
    return {
      message: `has ${tasks} of the service, of at most ${maxPerNode}`,
      change: `raise --max-per-node to ${others + 1}, or add a node`,
      nearness: -others,
    };
  },
};
