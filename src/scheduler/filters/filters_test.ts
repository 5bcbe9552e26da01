/** One table for all filters: a service, a node, what is on it, and what the filter says. */
import assert from "node:assert/strict";
import {
  defaultServiceSpec,
  type Node,
  type NodeDescription,
  type Service,
  type ServiceSpec,
} from "../../model/mod.ts";
import { NO_USAGE, type NodeUsage } from "../../store/mod.ts";
import { World } from "../../../tests/harness/world.ts";
import { type PlacementRequest, type Platform, requestOf } from "../request.ts";
import { availabilityFilter } from "./availability.ts";
import { constraintsFilter } from "./constraints.ts";
import type { Filter, NodeUse } from "./filter.ts";
import { maxPerNodeFilter } from "./max_per_node.ts";
import { platformFilter } from "./platform.ts";
import { portsFilter } from "./ports.ts";
import { readyFilter } from "./ready.ts";
import { resourcesFilter } from "./resources.ts";
import { runtimeFilter } from "./runtime.ts";
import { volumesFilter } from "./volumes.ts";

interface Row {
  readonly name: string;
  readonly filter: Filter;
  readonly spec?: (spec: ServiceSpec) => ServiceSpec;
  readonly platforms?: readonly Platform[];
  readonly node?: Partial<Node>;
  readonly description?: Partial<NodeDescription>;
  readonly usage?: Partial<NodeUsage>;
  readonly slots?: readonly number[];
  /** Volumes that are on another node. */
  readonly elsewhere?: readonly string[];
  /** Null when the node is admitted. */
  readonly refused: { readonly message: string; readonly change: RegExp } | null;
}

const GIB = 2 ** 30;

function reserve(milliCpus: number, memoryBytes = 0) {
  return withTask({
    resources: {
      limits: { milliCpus: 0, memoryBytes: 0 },
      reservations: { milliCpus, memoryBytes },
    },
  });
}

function withTask(task: Partial<ServiceSpec["task"]>) {
  return (spec: ServiceSpec): ServiceSpec => ({ ...spec, task: { ...spec.task, ...task } });
}

function withPlacement(placement: Partial<ServiceSpec["placement"]>) {
  return (spec: ServiceSpec): ServiceSpec => ({
    ...spec,
    placement: { ...spec.placement, ...placement },
  });
}

const hostPort = (port: number, protocol: "tcp" | "udp" = "tcp") =>
  withTask({
    ports: [{ name: "", containerPort: 80, hostPort: port, protocol, publishMode: "host" }],
  });

const ROWS: readonly Row[] = [
  { name: "a ready node", filter: readyFilter, refused: null },
  {
    name: "a node that is down",
    filter: readyFilter,
    node: { status: "down" },
    refused: { message: "is down", change: /start the worker on a/ },
  },
  {
    name: "a node that is unknown",
    filter: readyFilter,
    node: { status: "unknown" },
    refused: { message: "is not heard of", change: /start the worker on a/ },
  },
  { name: "an active node", filter: availabilityFilter, refused: null },
  {
    name: "a paused node",
    filter: availabilityFilter,
    node: { availability: "pause" },
    refused: { message: "is paused", change: /^warren node activate a$/ },
  },
  {
    name: "a drained node",
    filter: availabilityFilter,
    node: { availability: "drain" },
    refused: { message: "is drained", change: /^warren node activate a$/ },
  },
  { name: "any runtime for auto", filter: runtimeFilter, refused: null },
  {
    name: "a node without a runtime",
    filter: runtimeFilter,
    description: { runtimes: [] },
    refused: { message: "offers no runtime", change: /--runtime docker or --runtime process/ },
  },
  {
    name: "a node that has only processes for a container",
    filter: runtimeFilter,
    spec: withTask({ runtime: "docker" }),
    description: { runtimes: ["process"] },
    refused: { message: "has no docker runtime", change: /the service with --runtime process/ },
  },
  {
    name: "a node of host processes for an image without a command",
    filter: runtimeFilter,
    spec: withTask({ command: [], entrypoint: [] }),
    description: { runtimes: ["process"] },
    refused: {
      message: "runs processes of the host, and the service has only an image",
      change: /--runtime docker/,
    },
  },
  {
    name: "a node of host processes for a command",
    filter: runtimeFilter,
    spec: withTask({ command: ["sleep"] }),
    description: { runtimes: ["process"] },
    refused: null,
  },
  {
    name: "a node that has both runtimes, of which the second is asked for",
    filter: runtimeFilter,
    spec: withTask({ runtime: "process", image: "" }),
    refused: null,
  },
  {
    name: "a node whose own runtime needs an image, when there is none",
    filter: runtimeFilter,
    spec: withTask({ image: "" }),
    refused: { message: "has no process runtime", change: /--runtime process/ },
  },
  { name: "any platform while it is not known", filter: platformFilter, refused: null },
  {
    name: "a node of a platform that the image has",
    filter: platformFilter,
    platforms: [{ os: "linux", arch: "arm64" }, { os: "linux", arch: "amd64" }],
    refused: null,
  },
  {
    name: "a node of a platform that the image lacks",
    filter: platformFilter,
    platforms: [{ os: "linux", arch: "arm64" }],
    refused: {
      message: "is linux/amd64, for which the image is not built (it has linux/arm64)",
      change: /add a node of linux\/arm64/,
    },
  },
  {
    name: "a node that meets every constraint",
    filter: constraintsFilter,
    spec: withPlacement({ constraints: ["node.labels.zone==eu", "node.arch!=arm64"] }),
    node: { labels: { zone: "eu" } },
    refused: null,
  },
  {
    name: "a node with another label",
    filter: constraintsFilter,
    spec: withPlacement({ constraints: ["node.labels.zone==eu"] }),
    node: { labels: { zone: "us" } },
    refused: {
      message: 'does not match node.labels.zone==eu (node.labels.zone is "us")',
      change: /^warren node update a --label zone=eu$/,
    },
  },
  {
    name: "a node without the label",
    filter: constraintsFilter,
    spec: withPlacement({ constraints: ["node.labels.zone==eu"] }),
    refused: {
      message: "does not match node.labels.zone==eu (node.labels.zone is not set)",
      change: /^warren node update a --label zone=eu$/,
    },
  },
  {
    name: "a node with a label that is not wanted",
    filter: constraintsFilter,
    spec: withPlacement({ constraints: ["node.labels.zone!=us"] }),
    node: { labels: { zone: "us" } },
    refused: {
      message: 'does not match node.labels.zone!=us (node.labels.zone is "us")',
      change: /another value for label zone/,
    },
  },
  {
    name: "a node of another architecture",
    filter: constraintsFilter,
    spec: withPlacement({ constraints: ["node.arch==arm64"] }),
    refused: {
      message: 'does not match node.arch==arm64 (node.arch is "amd64")',
      change: /^drop the constraint node.arch==arm64$/,
    },
  },
  { name: "any node for a task without reservations", filter: resourcesFilter, refused: null },
  {
    name: "a node with just enough cores",
    filter: resourcesFilter,
    spec: reserve(4_000),
    refused: null,
  },
  {
    name: "a full node for a task without reservations",
    filter: resourcesFilter,
    usage: { reservedMilliCpus: 9_000 },
    refused: null,
  },
  {
    name: "a node with too few cores left",
    filter: resourcesFilter,
    spec: reserve(4_000),
    usage: { reservedMilliCpus: 2_500 },
    refused: {
      message: "needs 4 cores and has 1.5 free",
      change: /^lower --reserve-cpus to 1.5, or make room on the node$/,
    },
  },
  {
    name: "a node with no core left",
    filter: resourcesFilter,
    spec: reserve(1_000),
    usage: { reservedMilliCpus: 4_500 },
    refused: { message: "needs 1 core and has 0 free", change: /^make room on the node/ },
  },
  {
    name: "a node with too little memory left",
    filter: resourcesFilter,
    spec: reserve(0, 2 * GIB),
    usage: { reservedMemoryBytes: 7 * GIB },
    refused: {
      message: "needs 2GiB of memory and has 1GiB free",
      change: /^lower --reserve-memory to 1GiB/,
    },
  },
  { name: "a node with the port free", filter: portsFilter, spec: hostPort(80), refused: null },
  {
    name: "a node with the port of the other protocol in use",
    filter: portsFilter,
    spec: hostPort(80, "udp"),
    usage: { hostPorts: new Set(["80/tcp"]) },
    refused: null,
  },
  {
    name: "a node with the port in use",
    filter: portsFilter,
    spec: hostPort(80),
    usage: { hostPorts: new Set(["80/tcp"]) },
    refused: { message: "has host port 80/tcp in use", change: /free 80\/tcp on a$/ },
  },
  {
    name: "a node for a task whose port the engine chooses",
    filter: portsFilter,
    spec: hostPort(0),
    usage: { hostPorts: new Set(["0/tcp"]) },
    refused: null,
  },
  {
    name: "any node for a volume that was never used",
    filter: volumesFilter,
    spec: withTask({ mounts: [{ volume: "data", target: "/data", readOnly: false }] }),
    refused: null,
  },
  {
    name: "another node than the one the volume is on",
    filter: volumesFilter,
    spec: withTask({ mounts: [{ volume: "data", target: "/data", readOnly: true }] }),
    elsewhere: ["data"],
    refused: {
      message: 'does not hold volume "data" (it is on b)',
      change: /make b able to take the task/,
    },
  },
  {
    name: "any number of tasks without a limit",
    filter: maxPerNodeFilter,
    slots: [2, 3],
    refused: null,
  },
  {
    name: "a node below the limit",
    filter: maxPerNodeFilter,
    spec: withPlacement({ maxPerNode: 2 }),
    slots: [2],
    refused: null,
  },
  {
    name: "a node at the limit with the very task that is replaced",
    filter: maxPerNodeFilter,
    spec: withPlacement({ maxPerNode: 2 }),
    slots: [1, 2],
    refused: null,
  },
  {
    name: "a node at the limit",
    filter: maxPerNodeFilter,
    spec: withPlacement({ maxPerNode: 2 }),
    slots: [2, 3],
    refused: { message: "has 2 tasks of the service, of at most 2", change: /--max-per-node to 3/ },
  },
];

for (const row of ROWS) {
  const verdict = row.refused ? "refuses" : "admits";
  Deno.test(`the ${row.filter.name} filter ${verdict} ${row.name}`, () => {
    const { world, request } = prepare(row);
    const known = world.node("a");
    const node: Node = {
      ...known,
      ...row.node,
      description: { ...known.description, ...row.description },
    };
    const refused = row.filter.check({ request, slot: 1 }, node, useOf(row, world));
    if (row.refused === null) return assert.equal(refused, null);
    assert.equal(refused?.message, row.refused.message);
    assert.match(refused?.change ?? "", row.refused.change);
  });
}

function prepare(row: Row): { world: World; request: PlacementRequest } {
  const world = new World();
  world.addNode("a");
  world.addNode("b");
  const edit = row.spec ?? ((spec) => spec);
  world.putService("web", () => edit(withTask({ image: "app:1" })(defaultServiceSpec("web"))));
  const service: Service = world.service("web");
  const options = row.platforms ? { platforms: row.platforms } : {};
  return { world, request: requestOf(world.view, service, options) };
}

function useOf(row: Row, world: World): NodeUse {
  return {
    usage: { ...NO_USAGE, ...row.usage },
    slots: row.slots ?? [],
    homes: new Map((row.elsewhere ?? []).map((volume) => [volume, new Set([world.node("b").id])])),
    view: world.view,
  };
}
