/**
 * Admits nodes with enough cores and memory left for what the task reserves.
 *
 * Only reservations count, not limits; a task without any always fits.
 */
import { formatBytes } from "../../lib/mod.ts";
import type { Filter, RefusedNode } from "./filter.ts";

/** Refuses nodes where reservations would exceed what the node has. */
export const resourcesFilter: Filter = {
  name: "resources",
  check({ request }, node, { usage }) {
    const { milliCpus, memoryBytes } = request.spec.resources.reservations;
    const has = node.description.resources;
    const freeCpus = Math.max(0, has.milliCpus - usage.reservedMilliCpus);
    const freeBytes = Math.max(0, has.memoryBytes - usage.reservedMemoryBytes);
    if (milliCpus > freeCpus) {
      return refusal("--reserve-cpus", {
        needs: `${cores(milliCpus)} ${milliCpus === 1_000 ? "core" : "cores"}`,
        free: cores(freeCpus),
        nearness: freeCpus / milliCpus,
      });
    }
    if (memoryBytes > freeBytes) {
      return refusal("--reserve-memory", {
        needs: `${formatBytes(memoryBytes)} of memory`,
        free: formatBytes(freeBytes),
        nearness: freeBytes / memoryBytes,
      });
    }
    return null;
  },
};

interface Shortage {
  readonly needs: string;
  readonly free: string;
  readonly nearness: number;
}

function refusal(flag: string, { needs, free, nearness }: Shortage): RefusedNode {
  return {
    message: `needs ${needs} and has ${free} free`,
    change: nearness > 0
      ? `lower ${flag} to ${free}, or make room on the node`
      : `make room on the node, or add one`,
    nearness,
  };
}

/** `1500` is `1.5`. */
function cores(milliCpus: number): string {
  return String(Math.round(milliCpus) / 1_000);
}
