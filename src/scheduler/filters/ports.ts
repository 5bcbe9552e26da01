/** Admits nodes on which the fixed host ports are free: a port and protocol has one holder a node. */
import { heldHostPorts, usesNode } from "../../store/mod.ts";
import type { Filter } from "./filter.ts";

/** Refuses nodes where another task holds one of the ports. */
export const portsFilter: Filter = {
  name: "ports",
  check({ request }, node, { usage, view }) {
    const taken = request.hostPorts.find((port) => usage.hostPorts.has(port));
    if (taken === undefined) return null;
    const holder = [...view.tasksOfNode(node.id)].find((task) =>
      usesNode(task) && heldHostPorts(task.spec).includes(taken)
    );
    const by = holder ? ` (service ${holder.serviceName})` : "";
    return {
      common: `has host port ${taken} in use`,
      message: `has host port ${taken} in use${by}`,
      change: `publish another host port, or free ${taken} on ${node.name}`,
    };
  },
};
