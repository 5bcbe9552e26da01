/**
 * Admits nodes that hold the data of the task's local volumes.
 *
 * A volume that was never used may be made anywhere; from then on its tasks stay with it.
 */
import type { Filter } from "./filter.ts";

/** Refuses nodes other than the one that a local volume is on. */
export const volumesFilter: Filter = {
  name: "volumes",
  check({ request }, node, { homes, view }) {
    for (const { volume } of request.volumes) {
      const nodeIds = homes.get(volume);
      if (!nodeIds || nodeIds.size === 0 || nodeIds.has(node.id)) continue;
      const names = [...nodeIds].map((id) => view.node(id)?.name ?? id).slice(0, 3).join(", ");
      return {
        message: `does not hold volume "${volume}" (it is on ${names})`,
        change: `make ${names} able to take the task, or use a volume that is not local`,
      };
    }
    return null;
  },
};
