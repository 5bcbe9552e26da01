/**
 * Property: whatever is put into the fields of a spec, validation answers and never throws, and its
 * messages can be printed. Seeded, so that a failure repeats.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultServiceSpec } from "./defaults.ts";
import type { ServiceSpec } from "./service.ts";
import { diffSpecs, specChange } from "./spec_diff.ts";
import { validateServiceSpec } from "./validate_service.ts";

const SETTINGS = { seed: 20_261_123, numRuns: 400 };

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    "",
    "\0",
    "\ud800",
    "/",
    "..",
    "__proto__",
    "x".repeat(5_000),
    "a\nb",
    "constructor",
  ),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, 1e308),
);
const texts = fc.array(text, { maxLength: 5 });
const textMap = fc.dictionary(text, text, { maxKeys: 5 });
const amounts = fc.record({ milliCpus: number, memoryBytes: number });
const file = fc.record({ name: text, target: text, uid: number, gid: number, mode: number });
const word = <Known extends string>(...known: readonly Known[]) =>
  fc.oneof(fc.constantFrom(...known), text as fc.Arbitrary<Known>);

const probe = fc.oneof(
  fc.record({
    kind: fc.constant("http" as const),
    path: text,
    port: number,
    scheme: word("http", "https"),
    headers: textMap,
    statusMin: number,
    statusMax: number,
  }),
  fc.record({ kind: fc.constant("tcp" as const), port: number }),
  fc.record({ kind: fc.constant("exec" as const), command: texts }),
);
const health = fc.record({
  probe,
  intervalMs: number,
  timeoutMs: number,
  retries: number,
  startPeriodMs: number,
});
const port = fc.record({
  name: text,
  containerPort: number,
  hostPort: number,
  protocol: word("tcp", "udp"),
  publishMode: word("host", "ingress"),
});

const task = fc.record({
  image: text,
  entrypoint: texts,
  command: texts,
  env: textMap,
  user: text,
  workdir: text,
  hostname: text,
  resources: fc.record({ limits: amounts, reservations: amounts }),
  restart: fc.record({
    condition: word("any", "none", "on-failure"),
    delayMs: number,
    maxAttempts: number,
    windowMs: number,
  }),
  health: fc.option(health),
  stopTimeoutMs: number,
  stopSignal: text,
  mounts: fc.array(fc.record({ volume: text, target: text, readOnly: fc.boolean() })),
  secrets: fc.array(file, { maxLength: 4 }),
  configs: fc.array(file, { maxLength: 4 }),
  ports: fc.array(port, { maxLength: 4 }),
  networks: texts,
  runtime: word("auto", "docker", "process"),
});

const spec: fc.Arbitrary<ServiceSpec> = fc.record({
  name: text,
  labels: textMap,
  mode: fc.oneof(
    fc.record({ kind: fc.constant("replicated" as const), replicas: number }),
    fc.record({ kind: fc.constant("global" as const) }),
    fc.record({ kind: fc.constant("job" as const), completions: number, parallelism: number }),
  ),
  task,
  placement: fc.record({ constraints: texts, spread: texts, maxPerNode: number }),
  update: fc.record({
    parallelism: number,
    delayMs: number,
    order: word("auto", "start-first", "stop-first"),
    monitorMs: number,
    failureAction: word("pause", "continue", "rollback"),
    maxFailureRatio: number,
  }),
});

Deno.test("validateServiceSpec never throws and its faults can be printed", () => {
  fc.assert(
    fc.property(spec, (garbage) => {
      const faults = validateServiceSpec(garbage);
      assert.ok(faults.length < 500);
      for (const { path, message } of faults) {
        assert.match(path, /^[a-z]/);
        assert.doesNotMatch(path + message, /[\p{Cc}\p{Cs}]/u);
        assert.ok(path.length + message.length < 1_500);
      }
    }),
    SETTINGS,
  );
});

Deno.test("diffSpecs of a spec and its copy is empty, and of two specs says what differs", () => {
  fc.assert(
    fc.property(spec, spec, (left, right) => {
      assert.deepEqual(diffSpecs(left, structuredClone(left)), []);
      assert.equal(specChange(left, right) === "none", diffSpecs(left, right).length === 0);
      assert.notEqual(diffSpecs(defaultServiceSpec("web"), left).length, 0);
    }),
    SETTINGS,
  );
});
