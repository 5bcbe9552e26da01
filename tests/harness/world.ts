/**
 * A cluster without processes: the real store and planner, and agents that do as they are told.
 *
 * For tests of the orchestrator, rollouts and placement. Time only moves by `advance`; ids depend on
 * a seed; nothing here waits.
 */
import assert from "node:assert/strict";
import { type IdSource, seededIds, type WallMs, wallMs } from "../../src/lib/mod.ts";
import {
  asId,
  asIndex,
  defaultServiceSpec,
  isTerminal,
  type LogIndex,
  type Node,
  type NodeId,
  type Service,
  type ServiceSpec,
  type Task,
  type TaskStatus,
} from "../../src/model/mod.ts";
import { DirtySet, EVERYTHING, plan } from "../../src/orchestrator/mod.ts";
import { type Action, Store } from "../../src/store/mod.ts";

/** What a test may say about a node. */
export interface NodeOptions {
  readonly milliCpus?: number;
  readonly memoryBytes?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly arch?: string;
  readonly runtimes?: readonly ("docker" | "process")[];
}

/** Passes after which a world that still has something to do is taken for one without an end. */
const MAX_PASSES = 50;

/** Store, planner, agents and a clock that stands still. */
export class World {
  readonly store = new Store();
  readonly dirty = new DirtySet();
  nowMs: WallMs = wallMs(1_000_000);
  /** Called with every group before it is applied. */
  onGroup: (actions: readonly Action[]) => void = () => {};
  readonly #ids: IdSource;
  #index = 0;

  constructor(seed = 1) {
    this.#ids = seededIds(seed);
    this.store.feed.subscribe((set) => this.dirty.note(set));
  }

  get view() {
    return this.store.view;
  }

  /** Applies `actions` as one proposal; it must not be refused. */
  apply(...actions: readonly Action[]): void {
    const index: LogIndex = asIndex(++this.#index);
    const applied = this.store.apply(index, { actions, atMs: this.nowMs, requestId: "" });
    assert.ok(applied.ok, applied.ok ? "" : applied.error.message);
  }

  /** Adds a node that is ready and active. */
  addNode(name: string, options: NodeOptions = {}): NodeId {
    const id: NodeId = asId(this.#ids.next());
    this.apply({ kind: "node.create", node: newNode(id, name, { options, nowMs: this.nowMs }) });
    return id;
  }

  node(name: string): Node {
    const node = this.view.nodeByName(name);
    assert.ok(node, `node ${name} exists`);
    return node;
  }

  service(name: string): Service {
    const service = this.view.serviceByName(name);
    assert.ok(service, `service ${name} exists`);
    return service;
  }

  /** Creates the service, or updates it to what `edit` makes of its spec. */
  putService(name: string, edit: (spec: ServiceSpec) => ServiceSpec): void {
    const known = this.view.serviceByName(name);
    if (known) this.apply({ kind: "service.update", id: known.id, spec: edit(known.spec) });
    else {
      const spec = edit(defaultServiceSpec(name));
      this.apply({ kind: "service.create", service: { id: asId(this.#ids.next()), spec } });
    }
  }

  tasks(name: string): readonly Task[] {
    return [...this.view.tasksOfService(this.service(name).id)];
  }

  /** One planning pass over what is dirty; returns what was applied. */
  pass(): readonly Action[] {
    this.dirty.markDue(this.nowMs);
    const planned = plan(this.view, this.dirty.take(), { nowMs: this.nowMs, ids: this.#ids });
    this.dirty.noteWakes(planned.wakes);
    for (const group of planned.groups) {
      this.onGroup(group);
      this.apply(...group);
    }
    return planned.groups.flat();
  }

  /** A pass of which some groups get lost on the way; what it looked at is then looked at again. */
  lossyPass(pick: number): void {
    const taken = this.dirty.take();
    const planned = plan(this.view, taken, { nowMs: this.nowMs, ids: this.#ids });
    this.dirty.noteWakes(planned.wakes);
    planned.groups.forEach((group, at) => {
      if ((pick >> (at % 8)) % 2 === 0) this.apply(...group);
      else this.dirty.restore(taken);
    });
  }

  /** Passes until nothing is left to do at this time; then a full pass must find nothing either. */
  converge(): readonly Action[] {
    const actions: Action[] = [];
    this.dirty.markDue(this.nowMs);
    for (let passes = 0; !this.dirty.isEmpty; passes++) {
      assert.ok(passes < MAX_PASSES, "passes come to an end");
      actions.push(...this.pass());
    }
    const rest = plan(this.view, EVERYTHING, { nowMs: this.nowMs, ids: this.#ids });
    assert.deepEqual(rest.groups.flat().filter(isMoreThanReason), [], "a full pass finds nothing");
    return actions;
  }

  /** Every agent on a node that is not down takes each of its tasks to where it should be. */
  runAgents(): number {
    let reports = 0;
    for (const task of [...this.view.tasks()]) {
      if (task.nodeId === null || this.view.node(task.nodeId)?.status === "down") continue;
      if (isTerminal(task.status.state)) continue;
      const state = task.desired === "running" ? "running" : "stopped";
      if (task.status.state === state) continue;
      const restarts = task.status.restarts + (task.status.state === "restarting" ? 1 : 0);
      this.report(task, { state, restarts });
      reports++;
    }
    return reports;
  }

  /** What the task's agent observes next. */
  report(task: Task, status: Partial<TaskStatus>): void {
    const known = this.view.task(task.id)?.status ?? task.status;
    const next = { ...known, atMs: this.nowMs, ...status, sequence: known.sequence + 1 };
    this.apply({ kind: "task.report", id: task.id, status: next });
  }

  advance(durationMs: number): void {
    this.nowMs = wallMs(this.nowMs + durationMs);
  }

  /** Plans, runs agents and lets time pass until nothing changes any more. */
  settle(): void {
    for (let rounds = 0; rounds < MAX_PASSES * 10; rounds++) {
      this.converge();
      if (this.runAgents() > 0) continue;
      const { wakeAtMs } = this.dirty;
      if (wakeAtMs === null) return;
      this.nowMs = wallMs(Math.max(this.nowMs, wakeAtMs));
    }
    assert.fail("the world settles");
  }
}

/** Reasons of other services' waiting tasks are renewed by full passes only. */
function isMoreThanReason(action: Action): boolean {
  return action.kind !== "task.unplaced";
}

interface NodeParts {
  readonly options: NodeOptions;
  readonly nowMs: WallMs;
}

function newNode(id: NodeId, name: string, { options, nowMs }: NodeParts): Omit<Node, "version"> {
  const { milliCpus = 4_000, memoryBytes = 8 * 2 ** 30 } = options;
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
    labels: options.labels ?? {},
    description: {
      hostname: `${name}.local`,
      os: "linux",
      arch: options.arch ?? "amd64",
      runtimes: options.runtimes ?? ["docker", "process"],
      engine: "",
      resources: { milliCpus, memoryBytes },
      version: "test",
    },
    credentialHash: "",
    joinedMs: nowMs,
    updatedMs: nowMs,
  };
}
