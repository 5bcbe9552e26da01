/**
 * Sample messages for tests of the command line: a service, a task and a watch message that are all
 * well, of which a test overrides what it is about.
 */
import { emptySpec } from "../service/spec/from_flags.ts";
import type { Service, Task, WatchServiceResponse } from "../../client/wire/mod.ts";

/** A service `web` with one task that should run and none that does. */
export function aService(over: Partial<Service> = {}): Service {
  return {
    id: "svc0123456789abcdef",
    spec: { ...emptySpec("web"), mode: "replicated", replicas: 1 },
    revision: 1,
    history: [],
    rollout: undefined,
    createdMs: 1_000,
    updatedMs: 1_000,
    version: 7,
    desired: 1,
    running: 0,
    ...over,
  };
}

/** Task 1 of `web` on `node-1`, starting. */
export function aTask(over: Partial<Task> = {}): Task {
  return {
    id: "tsk0123456789abcdef",
    serviceId: "svc0123456789abcdef",
    serviceName: "web",
    slot: 1,
    nodeId: "nod0123456789abcdef",
    nodeName: "node-1",
    revision: 1,
    desiredState: "running",
    state: "starting",
    message: "",
    reason: "",
    exitCode: undefined,
    restarts: 0,
    health: "none",
    containerId: "",
    ports: [],
    lastLines: [],
    startedMs: 0,
    createdMs: 1_000,
    updatedMs: 1_000,
    image: "nginx:1.27",
    unplaced: "",
    refusals: [],
    ...over,
  };
}

/** A watch message about `web`. */
export function anUpdate(over: Partial<WatchServiceResponse> = {}): WatchServiceResponse {
  return { service: aService(), tasks: [], settled: false, waitingFor: "", ...over };
}
