/** Desired and running tasks of each kind of service. */
import assert from "node:assert/strict";
import { wallMs } from "../lib/mod.ts";
import { DEFAULT_TASK, defaultServiceSpec } from "./defaults.ts";
import { asId, asIndex } from "./ids.ts";
import type { Service, ServiceMode } from "./service.ts";
import { serviceCounts } from "./service_counts.ts";
import type { DesiredState, TaskState } from "./task_state.ts";
import type { Task } from "./task.ts";

function service(mode: ServiceMode): Service {
  return {
    id: asId("s"),
    spec: { ...defaultServiceSpec("web"), mode },
    revision: 1,
    restartCount: 0,
    history: [],
    rollout: null,
    createdMs: wallMs(0),
    updatedMs: wallMs(0),
    version: asIndex(1),
  };
}

function task(
  slot: number,
  node: string,
  state: TaskState,
  desired: DesiredState = "running",
): Task {
  return {
    id: asId(`${slot}${node}${state}`),
    serviceId: asId("s"),
    serviceName: "web",
    slot,
    nodeId: asId(node),
    revision: 1,
    restartCount: 0,
    spec: DEFAULT_TASK,
    desired,
    status: {
      state,
      message: "",
      reason: "",
      exitCode: null,
      restarts: 0,
      health: "none",
      containerId: "",
      ports: [],
      lastLines: [],
      startedMs: null,
      atMs: wallMs(0),
      sequence: 1,
    },
    unplaced: null,
    createdMs: wallMs(0),
    updatedMs: wallMs(0),
    version: asIndex(1),
  };
}

const counts = (mode: ServiceMode, ...tasks: readonly Task[]) => {
  const { running, desired } = serviceCounts(service(mode), tasks);
  return `${running}/${desired}`;
};

Deno.test("serviceCounts of a replicated service counts slots that run, not tasks", () => {
  const mode = { kind: "replicated", replicas: 3 } as const;
  const tasks = [
    task(1, "a", "running"),
    task(1, "b", "running"),
    task(2, "a", "running", "shutdown"),
    task(3, "a", "starting"),
  ];
  assert.equal(counts(mode, ...tasks), "1/3");
});

Deno.test("serviceCounts of a global service counts nodes", () => {
  const tasks = [
    task(0, "a", "running"),
    task(0, "b", "assigned"),
    task(0, "c", "running", "remove"),
  ];
  assert.equal(counts({ kind: "global" }, ...tasks), "1/2");
});

Deno.test("serviceCounts of a job counts what is left to run at a time", () => {
  const mode = { kind: "job", completions: 5, parallelism: 2 } as const;
  assert.equal(counts(mode), "0/2");
  const done = [1, 2, 3, 4].map((slot) => task(slot, "a", "completed"));
  assert.equal(counts(mode, ...done, task(5, "a", "running")), "1/1");
  assert.equal(counts(mode, ...done, task(5, "a", "completed")), "0/0");
});
