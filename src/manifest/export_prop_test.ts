/**
 * Property: what is exported reads back as the same resources, for every valid resource. Seeded.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  defaultHealthCheck,
  defaultServiceSpec,
  type FileRef,
  type HealthProbe,
  type PortSpec,
  type ServiceMode,
  type ServiceSpec,
  type TaskSpec,
  type VolumeMount,
} from "../model/mod.ts";
import { exportManifests } from "./export.ts";
import { parseManifests } from "./parse.ts";
import { formatFault } from "./place.ts";
import { type Resource, validateResource } from "./resource.ts";

const SETTINGS = { seed: 20_261_123, numRuns: 500 };

/** Texts that YAML readers like to take for something else, and any others that are allowed. */
const tricky = fc.constantFrom(
  "yes",
  "no",
  "on",
  "off",
  "true",
  "null",
  "~",
  "",
  " ",
  "0400",
  "1e3",
  "0x1f",
  "1_000",
  ".inf",
  "- a",
  "a: b",
  "# c",
  "'",
  '"',
  "|",
  ">",
  "&a",
  "*a",
  "!!int 3",
  "<<",
  "%YAML",
  "---",
  "2001-01-01",
  "a\nb",
  "a\n",
  "\na",
  " a\n  b\n",
  "\t",
  "a\tb\n\n",
  "\r\n",
  "a\u2028b",
  "é😀",
  "-",
  "?",
  ":",
  "{",
  "}",
  "@x",
  "`x`",
  "\\",
  "\\n",
  "a #b",
  "12:30:45",
  "=",
  "+1",
  "-0",
  "1.",
  ".5",
  "a".repeat(300),
);
const text = fc.oneof(
  tricky,
  fc.string({ unit: "grapheme", maxLength: 30 }).filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value)),
);
const line = text.filter((value) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value));

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const resourceName = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,12}$/);
const envKey = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,12}$/);
const labelKey = fc.stringMatching(/^[!-<>-~]{1,12}$/).filter((key) => key !== "__proto__");
const labels = fc.dictionary(labelKey, text, { maxKeys: 4, noNullPrototype: true });
const path = fc.array(fc.stringMatching(/^[a-z0-9:_-]{1,8}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => `/srv/${parts.join("/")}`);
const ms = fc.oneof(fc.integer({ min: 10, max: 86_400_000 }), fc.constantFrom(10, 1_000, 90_000));
const bytes = fc.oneof(
  fc.integer({ min: 6 * 2 ** 20, max: 2 ** 40 }),
  fc.constantFrom(0, 6 * 2 ** 20, 2 ** 30, 1_500_000_000),
);
const milliCpus = fc.integer({ min: 0, max: 64_000 });

const mode: fc.Arbitrary<ServiceMode> = fc.oneof(
  fc.record({ kind: fc.constant("replicated" as const), replicas: fc.nat(10_000) }),
  fc.record({ kind: fc.constant("global" as const) }),
  fc.record({
    kind: fc.constant("job" as const),
    completions: fc.integer({ min: 1, max: 10_000 }),
    parallelism: fc.integer({ min: 1, max: 10_000 }),
  }),
);
const ports: fc.Arbitrary<readonly PortSpec[]> = fc.uniqueArray(
  fc.record({
    name: fc.constant(""),
    containerPort: fc.integer({ min: 1, max: 65_535 }),
    hostPort: fc.integer({ min: 1, max: 65_535 }),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    publishMode: fc.constant("host" as const),
  }),
  { selector: (port) => `${port.hostPort}/${port.protocol}`, maxLength: 4 },
);
const argument = text.filter((value) => value !== "");
const probe: fc.Arbitrary<HealthProbe> = fc.oneof(
  fc.record({
    kind: fc.constant("http" as const),
    path: fc.stringMatching(/^\/[!-~]{0,20}$/),
    port: fc.integer({ min: 1, max: 65_535 }),
    scheme: fc.constantFrom("http" as const, "https" as const),
    headers: fc.dictionary(fc.stringMatching(/^[A-Za-z-]{1,10}$/), line, { maxKeys: 2 }),
    statusMin: fc.integer({ min: 100, max: 300 }),
    statusMax: fc.integer({ min: 300, max: 599 }),
  }),
  fc.record({ kind: fc.constant("tcp" as const), port: fc.integer({ min: 1, max: 65_535 }) }),
  fc.record({
    kind: fc.constant("exec" as const),
    command: fc.array(argument, { minLength: 1, maxLength: 4 }),
  }),
);
const health = fc.record({
  probe,
  intervalMs: ms,
  timeoutMs: ms,
  retries: fc.constantFrom(1, 3, 1_000),
})
  .map((parts) => ({ ...defaultHealthCheck(parts.probe), ...parts }));

const files = fc.uniqueArray(
  fc.record({
    name: resourceName,
    target: fc.oneof(path, fc.constant("")),
    uid: fc.nat(70_000),
    gid: fc.constantFrom(0, 5),
    mode: fc.constantFrom(0o444, 0o400, 0, 0o777),
  }).map((ref): FileRef => ({ ...ref, target: ref.target || ref.name })),
  { selector: (ref) => ref.target, maxLength: 3 },
);
const mounts: fc.Arbitrary<readonly VolumeMount[]> = fc.uniqueArray(
  fc.record({
    volume: resourceName,
    target: path.map((target) => `/mnt${target}`),
    readOnly: fc.boolean(),
  }),
  { selector: (mount) => mount.target, maxLength: 3 },
);

const task: fc.Arbitrary<TaskSpec> = fc.record({
  image: fc.constantFrom(
    "nginx",
    "a.b:5000/c/d:e",
    "123",
    "1.5",
    "true",
    `sha256:${"0".repeat(64)}`,
  ),
  entrypoint: fc.array(argument, { maxLength: 3 }),
  command: fc.array(argument, { maxLength: 3 }),
  env: fc.dictionary(envKey, text, { maxKeys: 5, noNullPrototype: true }),
  user: fc.constantFrom("", "0", "root", "1000:1000"),
  workdir: fc.oneof(path, fc.constant("")),
  hostname: fc.constantFrom("", "a", "1", "true", "a-b.c"),
  resources: fc.record({ milliCpus, memoryBytes: bytes }).map((amounts) => ({
    limits: amounts,
    reservations: amounts,
  })),
  restart: fc.record({
    condition: fc.constantFrom("none" as const, "on-failure" as const),
    delayMs: fc.integer({ min: 0, max: 300_000 }),
    maxAttempts: fc.nat(100),
    windowMs: ms,
  }),
  health: fc.option(health),
  stopTimeoutMs: ms,
  stopSignal: fc.constantFrom("", "SIGTERM", "SIGRTMIN+3"),
  mounts,
  secrets: fc.constant([]),
  configs: files,
  ports,
  networks: fc.constant([]),
  runtime: fc.constantFrom("auto" as const, "docker" as const, "process" as const),
});

const service = fc.record({
  name,
  labels,
  mode,
  task,
  placement: fc.record({
    constraints: fc.constantFrom([], ["node.labels.a==b", "node.arch!=arm64"]),
    spread: fc.constantFrom([], ["node.labels.zone"]),
    maxPerNode: fc.constantFrom(0, 2),
  }),
  update: fc.record({
    parallelism: fc.integer({ min: 1, max: 10_000 }),
    delayMs: ms,
    order: fc.constantFrom("auto" as const, "start-first" as const, "stop-first" as const),
    monitorMs: ms,
    failureAction: fc.constantFrom("pause" as const, "continue" as const, "rollback" as const),
    maxFailureRatio: fc.constantFrom(0, 0.1, 0.25, 1 / 3, 1),
  }),
}).map((spec: ServiceSpec): Resource => ({ kind: "service", name: spec.name, spec }));

const data = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  text.map((value) => new TextEncoder().encode(value)),
);
const file = fc.record({
  kind: fc.constantFrom("secret" as const, "config" as const),
  name: resourceName,
  labels,
  data,
});
const volume = fc.record({
  kind: fc.constant("volume" as const),
  name: resourceName,
  labels,
  driver: fc.constant("local"),
  options: labels,
});
const resources = fc.uniqueArray(fc.oneof(service, file, volume), {
  selector: (resource) => `${resource.kind} ${resource.name}`,
  maxLength: 4,
});

Deno.test("exportManifests writes what parseManifests reads as the same resources", () => {
  fc.assert(
    fc.property(resources, (written) => {
      for (const resource of written) assert.deepEqual(validateResource(resource), []);
      const yaml = exportManifests(written, ["from a\ntest"]);
      const parsed = parseManifests([{ name: "export.yaml", text: yaml }]);
      assert.deepEqual(parsed.faults.map(formatFault), [], yaml);
      const read = parsed.resources.map(({ resource }) => resource);
      // Property order and prototypes of dictionaries do not matter.
      assert.deepEqual(structuredClone(read), structuredClone(written), yaml);
    }),
    SETTINGS,
  );
});

Deno.test("exportManifests of a service with nothing but an image writes nothing else", () => {
  const spec = defaultServiceSpec("web");
  const resource: Resource = {
    kind: "service",
    name: "web",
    spec: { ...spec, task: { ...spec.task, image: "nginx" } },
  };
  assert.equal(
    exportManifests([resource]),
    "---\napiVersion: warren.io/v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  image: nginx\n",
  );
});
