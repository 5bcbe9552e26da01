/** What a service waits for, state by state. */
import assert from "node:assert/strict";
import { seededIds, wallMs } from "../lib/mod.ts";
import {
  asId,
  asIndex,
  defaultServiceSpec,
  type NodeId,
  type Service,
  type ServiceId,
  type ServiceSpec,
  type Task,
  type TaskId,
  type TaskState,
  type TaskStatus,
} from "../model/mod.ts";
import { type Action, Store } from "../store/mod.ts";
import { serviceProgress } from "./service_progress.ts";

const NOW_MS = 1_000_000;

/** A store with two nodes and one service. */
class Scene {
  readonly store = new Store();
  readonly #ids = seededIds(3);
  readonly serviceId = asId<ServiceId>("s");

  constructor(spec: Partial<ServiceSpec> = {}) {
    for (const name of ["a", "b"]) this.addNode(name);
    const service = { id: this.serviceId, spec: { ...defaultServiceSpec("web"), ...spec } };
    this.apply({ kind: "service.create", service });
  }

  apply(...actions: readonly Action[]): void {
    const proposal = { actions, atMs: wallMs(NOW_MS), requestId: "" };
    const applied = this.store.apply(asIndex(this.store.view.index + 1), proposal);
    assert(applied.ok, applied.ok ? "" : applied.error.message);
  }

  addNode(name: string): void {
    const description = {
      hostname: name,
      os: "linux",
      arch: "amd64",
      runtimes: ["docker" as const],
      engine: "",
      resources: { milliCpus: 1, memoryBytes: 1 },
      version: "",
    };
    this.apply({
      kind: "node.create",
      node: {
        id: asId<NodeId>(name),
        name,
        role: "worker",
        availability: "active",
        status: "ready",
        statusMessage: "",
        address: "",
        memberId: "",
        raftAddress: "",
        labels: { name },
        description,
        credentialHash: "",
        joinedMs: wallMs(0),
        updatedMs: wallMs(0),
      },
    });
  }

  get service(): Service | undefined {
    return this.store.view.service(this.serviceId);
  }

  /** A task with the given state. */
  task(slot: number, node: string, state: TaskState, over: Partial<TaskStatus> = {}): Task {
    const id = asId<TaskId>(this.#ids.next());
    const { revision, restartCount } = this.service ?? { revision: 0, restartCount: 0 };
    const nodeId = asId<NodeId>(node);
    const { serviceId } = this;
    const task = { id, serviceId, revision, restartCount, slot, nodeId, unplaced: null };
    this.apply({ kind: "task.create", task });
    const known = this.store.view.task(id);
    assert(known);
    const status = { ...known.status, state, sequence: 1, ...over };
    if (state !== "assigned") this.apply({ kind: "task.report", id, status });
    return known;
  }

  progress(nowMs = NOW_MS) {
    const tasks = [...this.store.view.tasksOfService(this.serviceId)];
    return serviceProgress(this.store.view, { service: this.service, tasks, nowMs });
  }

  waits(text: string): void {
    const { settled, waitingFor } = this.progress();
    assert.equal(waitingFor, text);
    assert.equal(settled, text === "");
  }
}

const replicas = (count: number): Partial<ServiceSpec> => ({
  mode: { kind: "replicated", replicas: count },
});

Deno.test("a replicated service is settled when every replica runs", () => {
  const scene = new Scene(replicas(2));
  scene.waits("web: 2 tasks still to be created");
  scene.task(1, "a", "running");
  scene.waits("web: 1 task still to be created");
  scene.task(2, "b", "assigned");
  scene.waits("web.2 on node b: waiting for its agent");
});

Deno.test("no replicas at all is settled", () => new Scene(replicas(0)).waits(""));

Deno.test("a task says what its agent says, or its state", () => {
  const scene = new Scene(replicas(2));
  scene.task(1, "a", "restarting", { message: "exited with 1; restart 2 after 4s" });
  scene.task(2, "b", "starting");
  scene.waits("web.1 on node a: exited with 1; restart 2 after 4s; web.2 on node b: starting");
});

Deno.test("a task that failed for good is told as failed, one that completed is fine", () => {
  const scene = new Scene(replicas(2));
  scene.task(1, "a", "failed", { message: "exited with 127" });
  scene.task(2, "a", "completed");
  scene.waits("web.1 failed: exited with 127");
});

Deno.test("more than three tasks are counted", () => {
  const scene = new Scene(replicas(5));
  for (let slot = 1; slot <= 5; slot++) scene.task(slot, "a", "starting");
  scene.waits(
    "web.1 on node a: starting; web.2 on node a: starting; web.3 on node a: starting; and 2 more",
  );
});

Deno.test("too many tasks, and those that stop, are waited for", () => {
  const scene = new Scene(replicas(2));
  scene.task(1, "a", "running");
  const second = scene.task(2, "b", "running");
  const { service } = scene;
  assert(service);
  const spec = { ...service.spec, ...replicas(1) };
  scene.apply({ kind: "service.update", id: service.id, spec });
  scene.waits("web: 1 task too many, to be stopped");
  scene.apply({ kind: "task.desire", id: second.id, desired: "shutdown" });
  scene.waits("web.2 on node b: stopping");
});

Deno.test("a rollout that still runs is waited for although all tasks run", () => {
  const scene = new Scene(replicas(1));
  scene.task(1, "a", "running");
  scene.waits("");
  scene.apply({ kind: "service.restart", id: scene.serviceId });
  scene.waits("web: the update to revision 1 is watched until it holds");
});

Deno.test("a global service waits for suitable nodes, but not for ever", () => {
  const scene = new Scene({
    mode: { kind: "global" },
    placement: { constraints: ["node.labels.name==a"], spread: [], maxPerNode: 0 },
  });
  const { waitingFor, lookAgainMs } = scene.progress();
  assert.equal(waitingFor, "web: no task on node a yet");
  assert(lookAgainMs !== null && lookAgainMs > NOW_MS);
  assert.deepEqual(scene.progress(lookAgainMs).settled, true);
  scene.task(0, "a", "starting");
  scene.waits("web@a: starting");
});

Deno.test("a job waits for what is left of it", () => {
  const scene = new Scene({ mode: { kind: "job", completions: 3, parallelism: 1 } });
  scene.waits("web: 1 task still to be created");
  scene.task(1, "a", "completed");
  scene.waits("web: 1 task still to be created");
  scene.task(2, "a", "completed");
  scene.task(3, "a", "running");
  scene.waits("");
});

Deno.test("a removed service is settled when its last task has ended", () => {
  const scene = new Scene(replicas(1));
  const task = scene.task(1, "a", "running");
  scene.apply({ kind: "service.remove", id: scene.serviceId });
  scene.waits("web.1 on node a: stopping");
  const status = { ...task.status, state: "stopped" as const, sequence: 9 };
  scene.apply({ kind: "task.report", id: task.id, status });
  scene.waits("");
});
