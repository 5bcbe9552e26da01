/**
 * What is to be placed: a service's wishes, prepared once for all its tasks of one pass.
 *
 * Made by the planner through `requestOf`; filters and ranking only read it.
 */
import {
  type Constraint,
  currencyOf,
  type NodeAttribute,
  type NodeId,
  parseConstraint,
  parseNodeAttribute,
  type Service,
  type Task,
  type TaskSpec,
} from "../model/mod.ts";
import { heldHostPorts, isLive, type StateView } from "../store/mod.ts";

/** A platform that an image was built for. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** A local volume and the nodes its data is on; none while it was never used. */
export interface VolumeHome {
  readonly volume: string;
  readonly nodeIds: ReadonlySet<NodeId>;
}

/** The wishes of one service. */
export interface PlacementRequest {
  readonly service: Service;
  readonly spec: TaskSpec;
  readonly constraints: readonly Constraint[];
  readonly spread: readonly NodeAttribute[];
  /** 0 means no limit. */
  readonly maxPerNode: number;
  /** `80/tcp` of every fixed host port. */
  readonly hostPorts: readonly string[];
  /** Platforms of the image; null while they are not known, and then every node will do. */
  readonly platforms: readonly Platform[] | null;
  readonly volumes: readonly VolumeHome[];
  /** Live tasks of the service that have a node. */
  readonly placed: readonly PlacedTask[];
}

/** A live task of the service, as far as placement looks at it. */
export interface PlacedTask {
  readonly nodeId: NodeId;
  readonly slot: number;
  /** Not about to be replaced: counts when tasks are spread. */
  readonly isCurrent: boolean;
}

/** Facts that come from outside the view. */
export interface RequestOptions {
  /** Platforms that the service's image is known to run on. */
  readonly platforms?: readonly Platform[];
}

/** Prepares the placement of tasks of `service`. Costs one look at each of its tasks. */
export function requestOf(
  view: StateView,
  service: Service,
  options: RequestOptions = {},
): PlacementRequest {
  const { task: spec, placement } = service.spec;
  const tasks = [...view.tasksOfService(service.id)];
  return {
    service,
    spec,
    constraints: placement.constraints.flatMap((text) => valueOf(parseConstraint(text))),
    spread: placement.spread.flatMap((text) => valueOf(parseNodeAttribute(text))),
    maxPerNode: placement.maxPerNode,
    hostPorts: heldHostPorts(spec),
    platforms: options.platforms ?? null,
    volumes: service.spec.mode.kind === "global" ? [] : volumeHomes(view, spec, tasks),
    placed: placedTasks(service, tasks),
  };
}

/** Malformed texts are refused by validation, so none gets here; one that did would not bind. */
function valueOf<T>(parsed: { ok: true; value: T } | { ok: false }): readonly T[] {
  return parsed.ok ? [parsed.value] : [];
}

function placedTasks(service: Service, tasks: readonly Task[]): readonly PlacedTask[] {
  const isCurrent = currencyOf(service);
  return tasks.flatMap((task) =>
    task.nodeId !== null && isLive(task)
      ? [{ nodeId: task.nodeId, slot: task.slot, isCurrent: isCurrent(task) }]
      : []
  );
}

function volumeHomes(
  view: StateView,
  spec: TaskSpec,
  tasks: readonly Task[],
): readonly VolumeHome[] {
  const local = spec.mounts
    .map((mount) => mount.volume)
    .filter((name) => (view.volumeByName(name)?.driver ?? "local") === "local");
  return [...new Set(local)].map((volume) => ({
    volume,
    nodeIds: homesOf(view, tasks.filter((task) => mountsVolume(task, volume))),
  }));
}

/** Nodes of the live users, or else of the last one; a node that was removed holds nothing. */
function homesOf(view: StateView, users: readonly Task[]): ReadonlySet<NodeId> {
  const nodesOf = (tasks: readonly Task[]) =>
    tasks.flatMap(({ nodeId }) => nodeId !== null && view.node(nodeId) ? [nodeId] : []);
  const live = nodesOf(users.filter((task) => task.desired === "running"));
  return new Set(live.length > 0 ? live : nodesOf(users).slice(-1));
}

function mountsVolume(task: Task, volume: string): boolean {
  return task.spec.mounts.some((mount) => mount.volume === volume);
}
