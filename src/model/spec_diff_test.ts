/** What counts as a change, how it is printed, and what it asks of the running tasks. */
import assert from "node:assert/strict";
import { DEFAULT_TASK, defaultHealthCheck, defaultServiceSpec } from "./defaults.ts";
import type { PortSpec, ServiceSpec, TaskSpec } from "./service.ts";
import { diffSpecs, diffTexts, specChange } from "./spec_diff.ts";

const WEB: ServiceSpec = {
  ...defaultServiceSpec("web"),
  task: { ...DEFAULT_TASK, image: "nginx:1", env: { A: "1", B: "2" } },
};

function withTask(task: Partial<TaskSpec>): ServiceSpec {
  return { ...WEB, task: { ...WEB.task, ...task } };
}

function port(containerPort: number, hostPort: number): PortSpec {
  return { name: "", containerPort, hostPort, protocol: "tcp", publishMode: "host" };
}

function limited(milliCpus: number, memoryBytes: number): ServiceSpec {
  const limits = { milliCpus, memoryBytes };
  return withTask({ resources: { ...WEB.task.resources, limits } });
}

const tcp = defaultHealthCheck({ kind: "tcp", port: 80 });

const rows: readonly (readonly [string, ServiceSpec, ServiceSpec, string, readonly string[]])[] = [
  ["an equal spec", WEB, structuredClone(WEB), "none", []],
  ["another image", WEB, withTask({ image: "nginx:2" }), "replace", [
    "task.image: nginx:1 -> nginx:2",
  ]],
  ["variables", WEB, withTask({ env: { C: "", A: "x" } }), "replace", [
    "task.env.A: 1 -> x",
    "task.env.B: 2 -> null",
    "task.env.C: null -> ",
  ]],
  ["variables in another order", WEB, withTask({ env: { B: "2", A: "1" } }), "none", []],
  ["replicas", WEB, { ...WEB, mode: { kind: "replicated", replicas: 3 } }, "in_place", [
    "mode.replicas: 1 -> 3",
  ]],
  ["the mode", WEB, { ...WEB, mode: { kind: "global" } }, "replace", [
    "mode.kind: replicated -> global",
    "mode.replicas: 1 -> null",
  ]],
  ["a higher limit", limited(0, 2 ** 26), limited(500, 2 ** 27), "in_place", [
    "task.resources.limits.milliCpus: 0 -> 500",
    "task.resources.limits.memoryBytes: 67108864 -> 134217728",
  ]],
  ["a limit taken away", limited(0, 2 ** 26), limited(0, 0), "replace", [
    "task.resources.limits.memoryBytes: 67108864 -> 0",
  ]],
  ["the stop timeout", WEB, withTask({ stopTimeoutMs: 1 }), "in_place", [
    "task.stopTimeoutMs: 10000 -> 1",
  ]],
  ["the command", WEB, withTask({ command: ["a", "b"] }), "replace", [
    'task.command: [] -> ["a","b"]',
  ]],
  [
    "ports in another order",
    withTask({ ports: [port(80, 8080), port(81, 8081)] }),
    withTask({ ports: [port(81, 8081), port(80, 8080)] }),
    "none",
    [],
  ],
  [
    "one host port of several",
    withTask({ ports: [port(80, 8080), port(81, 8081)] }),
    withTask({ ports: [port(81, 9), port(80, 8080)] }),
    "replace",
    ["task.ports[81/tcp].hostPort: 8081 -> 9"],
  ],
  [
    "one more mapping of the same port",
    withTask({ ports: [port(80, 8080)] }),
    withTask({ ports: [port(80, 8080), port(80, 8081)] }),
    "replace",
    [
      'task.ports[80/tcp #2]: null -> {"name":"","containerPort":80,"hostPort":8081,' +
      '"protocol":"tcp","publishMode":"host"}',
    ],
  ],
  ["a health check where none was", WEB, withTask({ health: tcp }), "replace", [
    `task.health: null -> ${JSON.stringify(tcp)}`,
  ]],
  [
    "the rhythm of a check",
    withTask({ health: tcp }),
    withTask({ health: { ...tcp, retries: 9 } }),
    "replace",
    ["task.health.retries: 3 -> 9"],
  ],
  [
    "labels and rollout",
    WEB,
    {
      ...WEB,
      labels: { "a b": "c" },
      update: { ...WEB.update, parallelism: 2 },
      placement: { ...WEB.placement, constraints: ["node.arch==arm64"] },
    },
    "in_place",
    [
      'labels["a b"]: null -> c',
      "placement.constraints[node.arch==arm64]: null -> node.arch==arm64",
      "update.parallelism: 1 -> 2",
    ],
  ],
  ["a key of all objects", withTask({ env: {} }), withTask({ env: { toString: "x" } }), "replace", [
    "task.env.toString: null -> x",
  ]],
];

for (const [name, before, after, change, diffs] of rows) {
  Deno.test(`diffSpecs sees ${name}`, () => {
    const found = diffSpecs(before, after).map((d) => `${d.path}: ${d.before} -> ${d.after}`);
    assert.deepEqual(found, diffs);
    assert.equal(specChange(before, after), change);
    assert.equal(specChange(after, after), "none");
  });
}

Deno.test("diffSpecs cuts long values and says how long they are", () => {
  const [diff] = diffSpecs(WEB, withTask({ image: "x".repeat(100_000) }));
  assert.equal(diff?.after, `${"x".repeat(1_000)}… (100000 characters)`);
});

Deno.test("diffTexts compares labels", () => {
  assert.deepEqual(diffTexts("labels", { a: "1" }, { a: "1", b: "2" }), [
    { path: "labels.b", before: null, after: "2" },
  ]);
});
