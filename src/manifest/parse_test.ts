/** Good manifests: every key and its spellings, files, several documents, and where faults point. */
import assert from "node:assert/strict";
import { defaultHealthCheck, type ServiceSpec } from "../model/mod.ts";
import { type FileContent, parseManifests } from "./parse.ts";
import { formatFault } from "./place.ts";
import type { Resource } from "./resource.ts";

function parse(text: string, contents?: ReadonlyMap<string, FileContent>) {
  return parseManifests([{ name: "dir/a.yaml", text }], contents);
}

/** The only resource of a file without faults. */
function only(text: string): Resource {
  const { resources, faults } = parse(text);
  assert.deepEqual(faults.map(formatFault), []);
  assert.equal(resources.length, 1);
  const [first] = resources;
  assert.ok(first);
  return first.resource;
}

function spec(...lines: readonly string[]): ServiceSpec {
  const head = ["apiVersion: warren.io/v1", "kind: Service", "metadata: {name: web}", "spec:"];
  const text = [...head, "  image: nginx", ...lines.map((line) => `  ${line}`), ""].join("\n");
  const resource = only(text);
  assert.ok(resource.kind === "service");
  return resource.spec;
}

Deno.test("parseManifests takes every key of a service", () => {
  const found = spec(
    "replicas: 3",
    "entrypoint: [/bin/app]",
    "command: [serve, 8080, true]",
    "env: {LEVEL: info, DEBUG: 1, EMPTY: ''}",
    "user: 1000",
    "workdir: /srv",
    "hostname: app",
    "ports: [{name: http, containerPort: 80, hostPort: 8080, protocol: TCP, publishMode: host}]",
    "healthCheck: {type: http, path: /ok, interval: 5s, timeout: 500ms, retries: 2, startPeriod: 3}",
    "resources: {limits: {cpus: 0.5, memory: 64MiB}, reservations: {cpus: 250m, memory: 1048576}}",
    "volumes: [{source: data, target: /data, readOnly: true}, 'logs:/logs', 'c:/c:ro']",
    "secrets: [db, 'key:/etc/key', {name: tls, target: tls.pem, mode: 0400, uid: 1, gid: 2}]",
    "configs: ['app.conf:/etc/app.conf']",
    "stopTimeout: 1m30s",
    "stopSignal: SIGQUIT",
    "restartPolicy: {condition: on-failure, delay: 2s, maxAttempts: 5, window: 1m}",
    "constraints: [node.labels.zone==a]",
    "spread: [node.labels.zone]",
    "maxPerNode: 2",
    "updateConfig: {parallelism: 2, delay: 1s, order: start-first, monitor: 3s, " +
      "failureAction: rollback, maxFailureRatio: 0.25}",
    "runtime: docker",
    "labels: {tier: front}",
  );
  const { task } = found;
  assert.deepEqual(found.mode, { kind: "replicated", replicas: 3 });
  assert.deepEqual(found.labels, { tier: "front" });
  assert.deepEqual(task.entrypoint, ["/bin/app"]);
  assert.deepEqual(task.command, ["serve", "8080", "true"]);
  assert.deepEqual(task.env, { LEVEL: "info", DEBUG: "1", EMPTY: "" });
  assert.deepEqual([task.user, task.workdir, task.hostname], ["1000", "/srv", "app"]);
  assert.deepEqual(task.ports, [
    { name: "http", containerPort: 80, hostPort: 8080, protocol: "tcp", publishMode: "host" },
  ]);
  assert.deepEqual(task.health, {
    probe: {
      kind: "http",
      path: "/ok",
      port: 80,
      scheme: "http",
      headers: {},
      statusMin: 200,
      statusMax: 399,
    },
    intervalMs: 5_000,
    timeoutMs: 500,
    retries: 2,
    startPeriodMs: 3_000,
  });
  assert.deepEqual(task.resources, {
    limits: { milliCpus: 500, memoryBytes: 64 * 2 ** 20 },
    reservations: { milliCpus: 250, memoryBytes: 2 ** 20 },
  });
  assert.deepEqual(task.mounts, [
    { volume: "data", target: "/data", readOnly: true },
    { volume: "logs", target: "/logs", readOnly: false },
    { volume: "c", target: "/c", readOnly: true },
  ]);
  assert.deepEqual(task.secrets, [
    { name: "db", target: "db", uid: 0, gid: 0, mode: 0o444 },
    { name: "key", target: "/etc/key", uid: 0, gid: 0, mode: 0o444 },
    { name: "tls", target: "tls.pem", uid: 1, gid: 2, mode: 0o400 },
  ]);
  assert.equal(task.configs[0]?.target, "/etc/app.conf");
  assert.equal(task.stopTimeoutMs, 90_000);
  assert.equal(task.stopSignal, "SIGQUIT");
  assert.deepEqual(task.restart, {
    condition: "on-failure",
    delayMs: 2_000,
    maxAttempts: 5,
    windowMs: 60_000,
  });
  assert.deepEqual(found.placement, {
    constraints: ["node.labels.zone==a"],
    spread: ["node.labels.zone"],
    maxPerNode: 2,
  });
  assert.deepEqual(found.update, {
    parallelism: 2,
    delayMs: 1_000,
    order: "start-first",
    monitorMs: 3_000,
    failureAction: "rollback",
    maxFailureRatio: 0.25,
  });
  assert.equal(task.runtime, "docker");
});

const spellings:
  readonly (readonly [string, readonly string[], (spec: ServiceSpec) => unknown, unknown])[] = [
    ["env as a list", ["env: [{name: A, value: 1}, {name: B}]"], (s) => s.task.env, {
      A: "1",
      B: "",
    }],
    ["yes and dates in env as text", ["env: {A: yes, B: 2001-01-01, C: 0400}"], (s) => s.task.env, {
      A: "yes",
      B: "2001-01-01",
      C: "0400",
    }],
    ["a command as one text", ["command: nginx -g 'daemon off;'"], (s) => s.task.command, [
      "nginx",
      "-g",
      "daemon off;",
    ]],
    ["args after the command", ["args: [b]", "command: [a]"], (s) => s.task.command, ["a", "b"]],
    ["stopTimeout in bare seconds", ["stopTimeout: 30"], (s) => s.task.stopTimeoutMs, 30_000],
    ["restartPolicy as a word", ["restartPolicy: never"], (s) => s.task.restart.condition, "none"],
    [
      "cpuShares and memoryBytes",
      ["resources: {limits: {cpuShares: 512, memoryBytes: 67108864}}"],
      (s) => s.task.resources.limits,
      {
        milliCpus: 500,
        memoryBytes: 67_108_864,
      },
    ],
    ["a global mode", ["mode: global"], (s) => s.mode, { kind: "global" }],
    [
      "a job",
      ["mode: job", "completions: 4", "parallelism: 2"],
      (s) => [s.mode, s.task.restart.condition],
      [
        { kind: "job", completions: 4, parallelism: 2 },
        "on-failure",
      ],
    ],
    [
      "a job of its own policy",
      ["mode: job", "restartPolicy: none"],
      (s) => s.task.restart.condition,
      "none",
    ],
    [
      "a check by path endpoint",
      ["ports: [{containerPort: 80}]", "healthCheck: {type: http, endpoint: /ok}"],
      (s) => probe(s),
      [
        80,
        "/ok",
        "http",
      ],
    ],
    [
      "a check by address endpoint",
      ["healthCheck: {type: http, endpoint: 'https://localhost:8443/ok'}"],
      (s) => probe(s),
      [
        8443,
        "/ok",
        "https",
      ],
    ],
    [
      "a tcp check by endpoint",
      ["healthCheck: {type: tcp, endpoint: 'localhost:5432'}"],
      (s) => s.task.health,
      defaultHealthCheck({ kind: "tcp", port: 5432 }),
    ],
    [
      "an exec check by shell",
      ["healthCheck: {type: exec, command: 'a || b'}"],
      (s) => s.task.health?.probe,
      {
        kind: "exec",
        command: ["/bin/sh", "-c", "a || b"],
      },
    ],
    [
      "headers as a list",
      ["healthCheck: {type: http, port: 1, headers: [{key: Host, value: a}]}"],
      (s) => {
        const found = s.task.health?.probe;
        return found?.kind === "http" && found.headers;
      },
      { Host: "a" },
    ],
    ["anchors", ["env: &e {A: x}", "labels: *e"], (s) => [s.task.env, s.labels], [{ A: "x" }, {
      A: "x",
    }]],
  ];

function probe(found: ServiceSpec): unknown {
  const check = found.task.health?.probe;
  return check?.kind === "http" && [check.port, check.path, check.scheme];
}

for (const [name, lines, part, expected] of spellings) {
  Deno.test(`parseManifests takes ${name}`, () => assert.deepEqual(part(spec(...lines)), expected));
}

const head = (kind: string) =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: {name: x, labels: {a: b}}\n`;
const datas: readonly (readonly [string, string, string])[] = [
  ["text", "data: hunter2", "hunter2"],
  ["a number as text", "data: 0123", "0123"],
  ["a map of one", "data: {password: hunter2}", "hunter2"],
  ["lines", "data: |\n    a\n    b\n", "a\nb\n"],
  ["Base64", "dataBase64: aHVudGVyMg==", "hunter2"],
  ["nothing at all", "data: ''", ""],
];

for (const [name, line, expected] of datas) {
  Deno.test(`parseManifests takes a secret and a config of ${name}`, () => {
    for (const kind of ["Secret", "Config"]) {
      const resource = only(`${head(kind)}spec:\n  ${line}\n`);
      assert.ok(resource.kind === "secret" || resource.kind === "config");
      assert.equal(new TextDecoder().decode(resource.data), expected);
      assert.deepEqual(resource.labels, { a: "b" });
    }
  });
}

Deno.test("parseManifests takes a volume with and without a spec", () => {
  const bare = { kind: "volume", name: "x", labels: { a: "b" }, driver: "local", options: {} };
  assert.deepEqual(only(head("Volume")), bare);
  assert.deepEqual(only(`${head("Volume")}spec:\n`), bare);
  const full = only(
    `${head("Volume")}spec: {driver: local, driverOpts: {size: 1g}, labels: {c: d}}\n`,
  );
  assert.deepEqual(full, { ...bare, labels: { a: "b", c: "d" }, options: { size: "1g" } });
});

Deno.test("parseManifests asks for files beside the manifest and takes their bytes", () => {
  const text = `${head("Secret")}spec: {fromFile: keys/db}\n---\n${
    head("Config")
  }spec: {fromFile: /etc/x}\n`;
  const first = parse(text);
  assert.deepEqual(first.resources, []);
  assert.deepEqual(first.faults, []);
  assert.deepEqual(first.fileReads.map(({ path, place }) => [path, place.line]), [
    ["dir/keys/db", 4],
    ["/etc/x", 9],
  ]);
  const bytes = Uint8Array.of(0, 255);
  const contents = new Map<string, FileContent>([
    ["dir/keys/db", { kind: "read", bytes }],
    ["/etc/x", { kind: "failed", message: "no such file" }],
  ]);
  const second = parse(text, contents);
  assert.deepEqual(second.fileReads, []);
  assert.deepEqual(
    second.resources.map(({ resource }) => resource.kind === "secret" && resource.data),
    [
      bytes,
    ],
  );
  assert.deepEqual(second.faults.map(formatFault), [
    'dir/a.yaml:9:18: spec: cannot read "/etc/x": no such file',
  ]);
});

Deno.test("parseManifests reads Windows line ends and a byte order mark", () => {
  const text = `\ufeff${head("Config")}spec:\n  data: |\n    a\n    b\n`.replaceAll("\n", "\r\n");
  const resource = only(text);
  assert.ok(resource.kind === "config");
  assert.equal(new TextDecoder().decode(resource.data), "a\nb\n");
});

Deno.test("parseManifests reports all faults of all documents of all files in their order", () => {
  const bad = `${head("Service")}spec:\n  image: Nginx\n  replcas: 2\n---\nkind: x\n`;
  const { faults, resources } = parseManifests([
    { name: "b.yaml", text: bad },
    { name: "a.yaml", text: `${head("Volume")}---\n${head("Volume")}` },
  ]);
  assert.deepEqual(
    faults.map((fault) => formatFault(fault).split(": ").slice(0, 2).join(" ")),
    [
      "b.yaml:5:10 spec.image",
      "b.yaml:6:3 spec",
      "b.yaml:8:1 must have apiVersion",
      "b.yaml:8:1 must have metadata with a name",
      "b.yaml:8:7 kind",
      'a.yaml:5:1 volume "x" was already written at a.yaml:1:1',
    ],
  );
  assert.equal(resources.length, 1);
});

Deno.test("parseManifests knows where every part of a resource was written", () => {
  const { resources } = parse(
    `${head("Service")}spec:\n  image: nginx\n  secrets:\n    - a\n    - b\n`,
  );
  const place = resources[0]?.places?.get("task.secrets[1]");
  assert.deepEqual([place?.line, place?.column], [8, 7]);
  assert.equal(resources[0]?.source, "dir/a.yaml:1:1");
});
