/** How nodes are shown. The JSON fields are part of the contract of the command line. Pure. */
import { formatBytes } from "../../lib/mod.ts";
import { labelValues } from "../output/filter.ts";
import type { ListView } from "../output/render.ts";
import { toneOf } from "../output/style.ts";
import { formatAge, formatCpus, isoTime, shortId } from "../output/text.ts";
import type { Node } from "../../client/wire/mod.ts";

/** Keys of `node list --filter`. */
export const NODE_FILTERS = ["name", "id", "role", "status", "availability", "label"] as const;

/** What `node list -o json` has for each node. */
export function nodeJson(node: Node): Readonly<Record<string, unknown>> {
  const { description } = node;
  return {
    id: node.id,
    name: node.name,
    role: node.role,
    status: node.status,
    statusMessage: node.statusMessage,
    availability: node.availability,
    leader: node.leader,
    address: node.address,
    raftAddress: node.raftAddress,
    arch: description?.arch ?? "",
    os: description?.os ?? "",
    overlay: { mode: "off", address: "" },
    labels: node.labels,
    hostname: description?.hostname ?? "",
    runtimes: description?.runtimes ?? [],
    engine: description?.engine ?? "",
    version: description?.version ?? "",
    tasks: node.tasks,
    resources: {
      milliCpus: description?.milliCpus ?? 0,
      memoryBytes: description?.memoryBytes ?? 0,
      reservedMilliCpus: node.reservedMilliCpus,
      reservedMemoryBytes: node.reservedMemoryBytes,
    },
    joinedAt: isoTime(node.joinedMs),
    updatedAt: isoTime(node.updatedMs),
  };
}

/** `1.5 of 4 cores`. */
export function cpuText({ description, reservedMilliCpus }: Node): string {
  return `${formatCpus(reservedMilliCpus)}/${formatCpus(description?.milliCpus ?? 0)}`;
}

/** `512MiB/8GiB`. */
export function memoryText({ description, reservedMemoryBytes }: Node): string {
  return `${formatBytes(reservedMemoryBytes)}/${formatBytes(description?.memoryBytes ?? 0)}`;
}

/** The list of nodes. */
export function nodeView(nowMs: number, isTruncating: boolean): ListView<Node> {
  return {
    columns: [
      { header: "ID", cell: ({ id }) => isTruncating ? shortId(id) : id },
      { header: "NAME", cell: ({ name, leader }) => leader ? `${name} *` : name },
      { header: "ROLE", cell: ({ role }) => role },
      { header: "STATUS", cell: ({ status }) => status, tone: ({ status }) => toneOf(status) },
      {
        header: "AVAILABILITY",
        cell: ({ availability }) => availability,
        tone: ({ availability }) => toneOf(availability),
      },
      { header: "TASKS", cell: ({ tasks }) => String(tasks), align: "right" },
      { header: "RESERVED CPUS", cell: cpuText, align: "right", wide: true },
      { header: "RESERVED MEMORY", cell: memoryText, align: "right", wide: true },
      { header: "ADDRESS", cell: ({ address }) => address, yields: 1 },
      { header: "ARCH", cell: ({ description }) => description?.arch ?? "", wide: true },
      { header: "OS", cell: ({ description }) => description?.os ?? "", wide: true },
      { header: "ENGINE", cell: ({ description }) => description?.engine ?? "", wide: true },
      { header: "VERSION", cell: ({ description }) => description?.version ?? "", wide: true },
      { header: "JOINED", cell: ({ joinedMs }) => formatAge(joinedMs, nowMs), wide: true },
    ],
    id: ({ id }) => id,
    name: ({ name }) => name,
    json: nodeJson,
    filters: {
      name: ({ name }) => [name],
      id: ({ id }) => [id, shortId(id)],
      role: ({ role }) => [role],
      status: ({ status }) => [status],
      availability: ({ availability }) => [availability],
      label: ({ labels }) => labelValues(labels),
    },
  };
}
