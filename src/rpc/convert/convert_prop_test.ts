/** Whatever the spec, statuses and descriptions: to the wire and back they are the same. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type FieldFault, wallMs } from "../../lib/mod.ts";
import {
  type FileRef,
  type HealthProbe,
  type NodeDescription,
  type PortSpec,
  type ResourceAmounts,
  type ServiceSpec,
  TASK_STATES,
  type TaskSpec,
  type TaskStatus,
} from "../../model/mod.ts";
import { TaskStatus as TaskStatusMessage } from "../gen/warren/v1/agent.ts";
import { NodeDescription as NodeDescriptionMessage } from "../gen/warren/v1/node.ts";
import { ServiceSpec as ServiceSpecMessage } from "../gen/warren/v1/service.ts";
import {
  descriptionFromProto,
  descriptionToProto,
  serviceSpecFromProto,
  serviceSpecToProto,
  statusFromProto,
  statusToProto,
} from "./mod.ts";

const text = fc.string({ unit: "binary", maxLength: 12 });
const word = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
const map = fc.dictionary(word.filter((key) => key !== "__proto__"), text, {
  maxKeys: 4,
  noNullPrototype: true,
});
const count = fc.nat({ max: 2 ** 31 });
const some = fc.integer({ min: 1, max: 2 ** 31 });
const big = fc.maxSafeNat();
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });

const amounts: fc.Arbitrary<ResourceAmounts> = fc.record({ milliCpus: big, memoryBytes: big });
const fileRef: fc.Arbitrary<FileRef> = fc.record({
  name: word,
  target: word,
  uid: count,
  gid: count,
  mode: some,
});
const port: fc.Arbitrary<PortSpec> = fc.record({
  name: text,
  containerPort: count,
  hostPort: count,
  protocol: fc.constantFrom("tcp", "udp"),
  publishMode: fc.constantFrom("host", "ingress"),
});
const probe: fc.Arbitrary<HealthProbe> = fc.oneof(
  fc.record({ kind: fc.constant("tcp" as const), port: count }),
  fc.record({ kind: fc.constant("exec" as const), command: list(text) }),
  fc.record({
    kind: fc.constant("http" as const),
    path: word,
    port: count,
    scheme: fc.constantFrom("http" as const, "https" as const),
    headers: map,
    statusMin: some,
    statusMax: some,
  }),
);
const health = fc.record({
  probe,
  intervalMs: some,
  timeoutMs: some,
  retries: some,
  startPeriodMs: big,
});
const task: fc.Arbitrary<TaskSpec> = fc.record({
  image: text,
  entrypoint: list(text),
  command: list(text),
  env: map,
  user: text,
  workdir: text,
  hostname: text,
  resources: fc.record({ limits: amounts, reservations: amounts }),
  restart: fc.record({
    condition: fc.constantFrom("none", "on-failure", "any"),
    delayMs: big,
    maxAttempts: count,
    windowMs: big,
  }),
  health: fc.option(health),
  stopTimeoutMs: big,
  stopSignal: text,
  mounts: list(fc.record({ volume: text, target: text, readOnly: fc.boolean() })),
  secrets: list(fileRef),
  configs: list(fileRef),
  ports: list(port),
  networks: list(text),
  runtime: fc.constantFrom("auto", "docker", "process"),
});
const mode: fc.Arbitrary<ServiceSpec["mode"]> = fc.oneof(
  fc.record({ kind: fc.constant("replicated" as const), replicas: count }),
  fc.record({ kind: fc.constant("global" as const) }),
  fc.record({ kind: fc.constant("job" as const), completions: count, parallelism: some }),
);
const spec: fc.Arbitrary<ServiceSpec> = fc.record({
  name: text,
  labels: map,
  mode,
  task,
  placement: fc.record({ constraints: list(text), spread: list(text), maxPerNode: count }),
  update: fc.record({
    parallelism: some,
    delayMs: big,
    order: fc.constantFrom("auto", "start-first", "stop-first"),
    monitorMs: big,
    failureAction: fc.constantFrom("pause", "continue", "rollback"),
    maxFailureRatio: fc.double({ min: 0, max: 1, noNaN: true }).filter((ratio) =>
      !Object.is(ratio, -0)
    ),
  }),
});

Deno.test("a service spec is the same after a trip over the wire, and has no faults", () => {
  fc.assert(
    fc.property(spec.map(structuredClone<ServiceSpec>), (before) => {
      const faults: FieldFault[] = [];
      const bytes = ServiceSpecMessage.encode(serviceSpecToProto(before)).finish();
      assert.deepEqual(serviceSpecFromProto(ServiceSpecMessage.decode(bytes), faults), before);
      assert.deepEqual(faults, []);
    }),
    { numRuns: 300, seed: 1 },
  );
});

Deno.test("any bytes are a message or an error, and any message a spec", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      let message: ServiceSpecMessage;
      try {
        message = ServiceSpecMessage.decode(bytes);
      } catch (error) {
        return assert(error instanceof Error);
      }
      serviceSpecFromProto(message, []);
    }),
    { numRuns: 2_000, seed: 2 },
  );
});

const boundPort = fc.integer({ min: 1, max: 65_535 });
const status: fc.Arbitrary<TaskStatus> = fc.record({
  state: fc.constantFrom(...TASK_STATES),
  message: text,
  reason: text,
  exitCode: fc.option(fc.integer({ min: -255, max: 255 })),
  restarts: count,
  health: fc.constantFrom("none", "starting", "healthy", "unhealthy"),
  containerId: text,
  ports: list(
    fc.record({
      containerPort: boundPort,
      hostPort: boundPort,
      protocol: fc.constantFrom("tcp", "udp"),
    }),
  ),
  lastLines: list(text),
  startedMs: fc.option(some.map(wallMs)),
  atMs: big.map((ms) => wallMs(Math.min(ms, 8.64e15))),
  sequence: big,
});

Deno.test("a task status is the same after a trip over the wire", () => {
  fc.assert(
    fc.property(status.map(structuredClone<TaskStatus>), (before) => {
      const bytes = TaskStatusMessage.encode(statusToProto("t", before)).finish();
      assert.deepEqual(statusFromProto(TaskStatusMessage.decode(bytes)), before);
    }),
    { numRuns: 200, seed: 3 },
  );
});

const description: fc.Arbitrary<NodeDescription> = fc.record({
  hostname: text,
  os: text,
  arch: text,
  runtimes: fc.constantFrom([], ["docker"], ["process"], ["docker", "process"], [
    "process",
    "docker",
  ]),
  engine: text,
  resources: amounts,
  version: text,
});

Deno.test("a node description is the same after a trip over the wire", () => {
  fc.assert(
    fc.property(description.map(structuredClone<NodeDescription>), (before) => {
      const bytes = NodeDescriptionMessage.encode(descriptionToProto(before)).finish();
      assert.deepEqual(descriptionFromProto(NodeDescriptionMessage.decode(bytes)), before);
    }),
    { numRuns: 100, seed: 4 },
  );
});
