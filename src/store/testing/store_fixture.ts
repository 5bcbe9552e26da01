/**
 * A store with short ways to fill it, for tests of the store and of what reads it.
 *
 * Every refusal it provokes is also checked to leave no trace. Ids and times are repeatable.
 */
import assert from "node:assert/strict";
import { type Reason, seededIds, wallMs } from "../../lib/mod.ts";
import {
  asId,
  asIndex,
  DEFAULT_TASK,
  defaultServiceSpec,
  type Node,
  type NodeId,
  type Sealed,
  type Service,
  type ServiceId,
  type ServiceSpec,
  type Task,
  type TaskId,
  type TaskSpec,
  type TaskState,
  type TaskStatus,
} from "../../model/mod.ts";
import type { Action, NewTask } from "../action.ts";
import type { ChangeSet } from "../feed.ts";
import type { Applied } from "../proposer.ts";
import { encodeState } from "../snapshot.ts";
import { Store } from "../store.ts";

/** Wall time of the first proposal of a fixture. */
export const START_MS = 1_700_000_000_000;

/** A box with nothing real in it. */
export const SEALED: Sealed = { keyId: "k1", nonce: "bm9uY2U=", box: "Ym94" };

/** A store under test. */
export class StoreFixture {
  readonly store = new Store();
  readonly view = this.store.view;
  readonly ids = seededIds(1);
  /** Every change set so far. */
  readonly sets: ChangeSet[] = [];
  /** Time of the next proposal. */
  nowMs = START_MS;

  constructor() {
    this.store.feed.subscribe((set) => this.sets.push(set));
  }

  /** Applies one proposal at the next index, one second after the one before. */
  apply(...actions: readonly Action[]): Applied {
    this.nowMs += 1_000;
    const proposal = { actions, atMs: wallMs(this.nowMs), requestId: "" };
    return this.store.apply(asIndex(this.view.index + 1), proposal);
  }

  /** Applies what must be accepted. */
  ok(...actions: readonly Action[]): void {
    const applied = this.apply(...actions);
    assert(applied.ok, applied.ok ? "" : applied.error.message);
  }

  /** Applies what must be refused for `reason`, and checks that nothing changed. */
  refused(reason: Reason, ...actions: readonly Action[]): string {
    const before = describeState(this.store);
    const announced = this.sets.length;
    const applied = this.apply(...actions);
    assert(!applied.ok, "the proposal is refused");
    assert.equal(applied.error.reason, reason);
    assert.deepEqual(describeState(this.store), before);
    assert.equal(this.sets.length, announced);
    return applied.error.message;
  }

  /** Applies what must change nothing. */
  unchanged(...actions: readonly Action[]): void {
    const before = describeState(this.store);
    const announced = this.sets.length;
    this.ok(...actions);
    assert.deepEqual(describeState(this.store), before);
    assert.equal(this.sets.length, announced);
  }

  /** The changes of the last proposal that changed something. */
  lastChanges(): ChangeSet["changes"] {
    return this.sets.at(-1)?.changes ?? [];
  }

  addNode(name: string, parts: Partial<Node> = {}): Node {
    const id = asId<NodeId>(this.ids.next());
    this.ok({ kind: "node.create", node: { ...nodeOf(id, name), ...parts } });
    return found(this.view.node(id));
  }

  addService(name: string, parts: Partial<ServiceSpec> = {}): Service {
    const id = asId<ServiceId>(this.ids.next());
    this.ok({ kind: "service.create", service: { id, spec: specOf(name, parts) } });
    return found(this.view.service(id));
  }

  /** A new task of `service`, placed on `node` unless that is null. */
  addTask(service: Service, node: Node | null, slot = 1): Task {
    const wanted = this.newTask(service, node, slot);
    this.ok({ kind: "task.create", task: wanted });
    return this.task(wanted.id);
  }

  newTask(service: Service, node: Node | null, slot = 1): NewTask {
    const { id: serviceId, revision, restartCount } = found(this.view.service(service.id));
    const id = asId<TaskId>(this.ids.next());
    const unplaced = node ? null : { message: "no node is suitable", refusals: [] };
    return { id, serviceId, revision, restartCount, slot, nodeId: node?.id ?? null, unplaced };
  }

  /** Reports `state` for a task, with the next sequence. */
  report(task: Task, state: TaskState, parts: Partial<TaskStatus> = {}): Task {
    this.ok({ kind: "task.report", id: task.id, status: this.statusOf(task, state, parts) });
    return this.task(task.id);
  }

  statusOf(task: Task, state: TaskState, parts: Partial<TaskStatus> = {}): TaskStatus {
    const { status } = this.task(task.id);
    const atMs = wallMs(this.nowMs);
    return { ...status, state, atMs, sequence: status.sequence + 1, ...parts };
  }

  task(id: TaskId): Task {
    return found(this.view.task(id));
  }

  service(service: Service): Service {
    return found(this.view.service(service.id));
  }

  node(node: Node): Node {
    return found(this.view.node(node.id));
  }

  addSecret(name: string): string {
    const id = this.ids.next();
    this.ok(secretCreate(id, name));
    return id;
  }

  addConfig(name: string): string {
    const id = this.ids.next();
    this.ok(configCreate(id, name));
    return id;
  }

  addVolume(name: string): string {
    const id = this.ids.next();
    this.ok(volumeCreate(id, name));
    return id;
  }
}

/** The state of `store` as the bytes of a snapshot. */
export function snapshotBytes(store: Store): Uint8Array {
  return joined([...encodeState(store.snapshot())]);
}

/** One array of all `slices`. */
export function joined(slices: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0));
  let at = 0;
  for (const slice of slices) {
    bytes.set(slice, at);
    at += slice.length;
  }
  return bytes;
}

/** Everything a reader could see, as plain data in order of iteration; the index apart. */
export function describeState(store: Store): unknown {
  const { view } = store;
  const services = [...view.services()];
  const nodes = [...view.nodes()];
  return {
    cluster: view.cluster(),
    nodes,
    services,
    tasks: [...view.tasks()],
    secrets: [...view.secrets()],
    configs: [...view.configs()],
    volumes: [...view.volumes()],
    ofService: services.map(({ id }) => ids(view.tasksOfService(id))),
    ofNode: nodes.map(({ id }) => ids(view.tasksOfNode(id))),
    pending: ids(view.pendingTasks()),
    usage: nodes.map(({ id }) => ({ ...view.nodeUsage(id) })),
    names: services.map(({ spec }) => view.serviceByName(spec.name)?.id),
    sizes: store.sizes,
    states: [...store.taskStates].filter(([, count]) => count > 0).sort(),
  };
}

function ids(rows: Iterable<{ readonly id: string }>): readonly string[] {
  return [...rows].map(({ id }) => id);
}

/** A ready worker with four cores and 8 GiB. */
export function nodeOf(id: NodeId, name: string): Omit<Node, "version"> {
  return {
    id,
    name,
    role: "worker",
    availability: "active",
    status: "ready",
    statusMessage: "",
    address: "",
    memberId: "",
    raftAddress: "",
    labels: {},
    description: {
      hostname: name,
      os: "linux",
      arch: "amd64",
      runtimes: ["docker"],
      engine: "test",
      resources: { milliCpus: 4_000, memoryBytes: 8 * 2 ** 30 },
      version: "0.0.0",
    },
    credentialHash: "",
    joinedMs: wallMs(0),
    updatedMs: wallMs(0),
  };
}

/** A spec with an image and defaults. */
export function specOf(name: string, parts: Partial<ServiceSpec> = {}): ServiceSpec {
  return { ...defaultServiceSpec(name), task: taskSpecOf(), ...parts };
}

/** A task spec with an image and defaults. */
export function taskSpecOf(parts: Partial<TaskSpec> = {}): TaskSpec {
  return { ...DEFAULT_TASK, image: "web:1", ...parts };
}

/** A file reference to `name`. */
export function fileRef(name: string) {
  return { name, target: name, uid: 0, gid: 0, mode: 0o400 };
}

/** Reservations of `milliCpus` and `memoryBytes`, without limits. */
export function reserved(milliCpus: number, memoryBytes: number): TaskSpec["resources"] {
  return { limits: { milliCpus: 0, memoryBytes: 0 }, reservations: { milliCpus, memoryBytes } };
}

/** A fixed host port. */
export function hostPort(port: number): TaskSpec["ports"][number] {
  return { name: "", containerPort: 80, hostPort: port, protocol: "tcp", publishMode: "host" };
}

const STORED = { labels: {}, createdMs: wallMs(0), updatedMs: wallMs(0) };

export function secretCreate(id: string, name: string): Action {
  const secret = {
    ...STORED,
    id: asId<never>(id),
    name,
    sealed: SEALED,
    sizeBytes: 3,
    revision: 1,
  };
  return { kind: "secret.create", secret };
}

export function configCreate(id: string, name: string): Action {
  const config = { ...STORED, id: asId<never>(id), name, data: "YQ==", sizeBytes: 1, revision: 1 };
  return { kind: "config.create", config };
}

export function volumeCreate(id: string, name: string): Action {
  const volume = { ...STORED, id: asId<never>(id), name, driver: "local", options: {} };
  return { kind: "volume.create", volume };
}

/** The value, which a test knows to be there. */
export function found<T>(value: T | undefined | null): T {
  assert(value !== undefined && value !== null, "it is there");
  return value;
}
