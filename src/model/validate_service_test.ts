/**
 * Tables of good and bad specs: each row changes one thing of a good spec and names the faults.
 */
import assert from "node:assert/strict";
import { DEFAULT_TASK, defaultHealthCheck, defaultServiceSpec } from "./defaults.ts";
import type { HealthProbe } from "./health.ts";
import type { FileRef, PortSpec, ServiceSpec, TaskSpec } from "./service.ts";
import { fillHealthPort } from "./validate/health.ts";
import { validateServiceSpec } from "./validate_service.ts";

const GOOD: ServiceSpec = {
  ...defaultServiceSpec("web"),
  task: { ...DEFAULT_TASK, image: "nginx:1.27" },
};

function withTask(task: Partial<TaskSpec>): ServiceSpec {
  return { ...GOOD, task: { ...GOOD.task, ...task } };
}

function faultsOf(spec: ServiceSpec): readonly string[] {
  return validateServiceSpec(spec).map(({ path, message }) => `${path}: ${message}`);
}

function port(part: Partial<PortSpec> = {}): PortSpec {
  const base = { name: "", containerPort: 80, hostPort: 0, protocol: "tcp", publishMode: "host" };
  return { ...base, ...part } as PortSpec;
}

function file(part: Partial<FileRef> = {}): FileRef {
  return { name: "db", target: "db", uid: 0, gid: 0, mode: 0o444, ...part };
}

function http(part: Record<string, unknown> = {}): HealthProbe {
  const base = { kind: "http", path: "/", port: 80, scheme: "http", headers: {} };
  return { ...base, statusMin: 200, statusMax: 399, ...part } as HealthProbe;
}

function healthy(probe: HealthProbe): ServiceSpec {
  return withTask({ health: defaultHealthCheck(probe) });
}

const goodImages = [
  "nginx",
  "nginx:1.27-alpine",
  "library/nginx",
  "localhost:5000/team/app:v1",
  "registry.example.com/a/b_c/d--e:1",
  "[::1]:5000/app",
  `app@sha256:${"a".repeat(64)}`,
  `app:1@sha256:${"0".repeat(64)}`,
  `sha256:${"f".repeat(64)}`,
  "f".repeat(64),
];

for (const image of goodImages) {
  Deno.test(`validateServiceSpec takes the image ${image.slice(0, 40)}`, () => {
    assert.deepEqual(faultsOf(withTask({ image })), []);
  });
}

const badImages: readonly (readonly [string, RegExp])[] = [
  ["", /must be given/],
  ["Nginx", /"Nginx" must be lower-case/],
  ["nginx:", /the tag ""/],
  ["nginx:a b", /the tag "a b"/],
  ["a@b@c", /more than one @/],
  ["nginx@sha256:12", /64 hexadecimal/],
  ["https://nginx", /is no registry host/],
  ["-bad.host/app", /"-bad.host" is no registry host/],
  ["a//b", /"" must be lower-case/],
  [":1", /the name is missing/],
  ["nginx\u0000", /control character U\+0000/],
  ["a".repeat(513), /at most 512 characters/],
  [`a${"-".repeat(200)}`, /must be lower-case/],
  [`${"a.".repeat(120)}!/b`, /is no registry host/],
];

for (const [image, expected] of badImages) {
  Deno.test(`validateServiceSpec refuses the image ${JSON.stringify(image.slice(0, 20))}`, () => {
    const [fault = "", ...more] = faultsOf(withTask({ image }));
    assert.match(fault, expected);
    assert.deepEqual(more, []);
  });
}

const good: Readonly<Record<string, ServiceSpec>> = {
  "no replicas": { ...GOOD, mode: { kind: "replicated", replicas: 0 } },
  "a global service": { ...GOOD, mode: { kind: "global" } },
  "a job that is tried again when it fails": {
    ...withTask({ restart: { ...DEFAULT_TASK.restart, condition: "on-failure" } }),
    mode: { kind: "job", completions: 3, parallelism: 1 },
  },
  "a process without image": withTask({ image: "", runtime: "process", command: ["/bin/true"] }),
  "a small process": withTask({
    runtime: "process",
    resources: { ...DEFAULT_TASK.resources, limits: { milliCpus: 1, memoryBytes: 4 * 2 ** 20 } },
  }),
  "lines in a variable": withTask({ env: { CERT: "a\nb\tc\r\n", "discovery.type": "" } }),
  "one port over tcp and udp": withTask({ ports: [port(), port({ protocol: "udp" })] }),
  "one container port on two host ports": withTask({
    ports: [port({ hostPort: 8080 }), port({ hostPort: 8081 })],
  }),
  "identity": withTask({
    user: "1000:1000",
    workdir: "/srv",
    hostname: "a-1.b",
    stopSignal: "SIGRTMIN+3",
  }),
  "files": withTask({
    mounts: [{ volume: "data", target: "/var/lib/data", readOnly: false }],
    secrets: [file(), file({ target: "/etc/app/db" })],
    configs: [file({ name: "app.conf", target: "/etc/app/app.conf" })],
  }),
  "an http check": healthy(http({ headers: { Host: "a" } })),
  "an exec check": healthy({ kind: "exec", command: ["true"] }),
  "placement": {
    ...GOOD,
    placement: {
      constraints: ["node.labels.zone == eu"],
      spread: ["node.labels.zone"],
      maxPerNode: 2,
    },
  },
};

for (const [name, spec] of Object.entries(good)) {
  Deno.test(`validateServiceSpec takes ${name}`, () => assert.deepEqual(faultsOf(spec), []));
}

const long = "x".repeat(131_072);
const update = (part: Partial<ServiceSpec["update"]>) => ({
  ...GOOD,
  update: { ...GOOD.update, ...part },
});
const placed = (part: Partial<ServiceSpec["placement"]>) => ({
  ...GOOD,
  placement: { ...GOOD.placement, ...part },
});
const amounts = (limits: [number, number], reservations: [number, number] = [0, 0]) =>
  withTask({
    resources: {
      limits: { milliCpus: limits[0], memoryBytes: limits[1] },
      reservations: { milliCpus: reservations[0], memoryBytes: reservations[1] },
    },
  });

const bad: readonly (readonly [string, ServiceSpec, readonly RegExp[]])[] = [
  ["an empty name", { ...GOOD, name: "" }, [/^name: must be 1 to 63 .*, is empty$/]],
  ["an upper-case name", { ...GOOD, name: "Web" }, [/^name: .*is "Web"$/]],
  ["a long name", { ...GOOD, name: "a".repeat(64) }, [/^name:/]],
  ["a name with a line end", { ...GOOD, name: "web\n" }, [/^name: .*is "web\\n"$/]],
  ["too many replicas", { ...GOOD, mode: { kind: "replicated", replicas: 10_001 } }, [
    /^mode.replicas: must be a whole number from 0 to 10,000, is 10,001$/,
  ]],
  ["half a replica", { ...GOOD, mode: { kind: "replicated", replicas: 0.5 } }, [/is 0.5$/]],
  ["minus no replicas", { ...GOOD, mode: { kind: "replicated", replicas: -0 } }, [
    /^mode.replicas/,
  ]],
  ["a job that never ends", { ...GOOD, mode: { kind: "job", completions: 0, parallelism: 1 } }, [
    /^mode.completions: /,
    /^task.restart.condition: must be none or on-failure/,
  ]],
  ["a process without command", withTask({ image: "", runtime: "process" }), [
    /^task.command: must be/,
  ]],
  ["a bad variable name", withTask({ env: { "A B": "1", "1A": "x", "": "" } }), [
    /^task.env\["A B"\]/,
    /^task.env.1A/,
    /^task.env\[""\]: .*is empty$/,
  ]],
  ["NUL in a variable", withTask({ env: { A: "a\0b" } }), [/^task.env.A: .*U\+0000/]],
  ["a huge variable", withTask({ env: { A: long } }), [
    /^task.env.A: must be at most 131,071 bytes/,
  ]],
  [
    "a huge environment",
    withTask({
      env: Object.fromEntries("ABCDE".split("").map((key) => [key, "é".repeat(60_000)])),
    }),
    [/^task.env: must be at most 512KiB altogether/],
  ],
  ["a huge argument", withTask({ command: ["a", long] }), [/^task.command\[1\]: must be at most/]],
  ["an empty program", withTask({ command: ["", "x"] }), [
    /^task.command\[0\]: must name a program/,
  ]],
  ["a bad identity", withTask({ user: "a b", workdir: "srv", hostname: "-", stopSignal: "TERM" }), [
    /^task.user/,
    /^task.hostname/,
    /^task.workdir/,
    /^task.stopSignal: must be the name of a signal.*"TERM"$/,
  ]],
  ["too little memory", amounts([0, 5 * 2 ** 20]), [/must be at least 6MiB, is 5MiB$/]],
  ["limits below reservations", amounts([500, 2 ** 25], [1_000, 2 ** 26]), [
    /^task.resources.limits.milliCpus: must not be below/,
    /^task.resources.limits.memoryBytes: must not be below/,
  ]],
  ["absurd resources", amounts([NaN, Infinity]), [
    /milliCpus: .*is NaN$/,
    /memoryBytes: .*is Infinity$/,
  ]],
  ["ports out of range", withTask({ ports: [port({ containerPort: 0, hostPort: 65_536 })] }), [
    /^task.ports\[0\].containerPort: must be a whole number from 1 to 65,535, is 0$/,
    /^task.ports\[0\].hostPort: /,
  ]],
  ["an ingress port", withTask({ ports: [port({ publishMode: "ingress" })] }), [
    /^task.ports\[0\].publishMode: ingress is not available yet: use host$/,
  ]],
  [
    "ports twice",
    withTask({
      ports: [
        port({ hostPort: 80, name: "a" }),
        port({ hostPort: 80, containerPort: 81, name: "a" }),
        port(),
        port(),
      ],
    }),
    [
      /^task.ports\[1\]: repeats the name "a" of task.ports\[0\]/,
      /^task.ports\[1\].hostPort: repeats the host port "80\/tcp"/,
      /^task.ports\[3\].containerPort: repeats the container port/,
    ],
  ],
  ["a network", withTask({ networks: ["blue"] }), [/^task.networks: .*not available yet/]],
  ["a check without port", healthy(http({ port: 0 })), [/^task.health.probe.port: must be given/]],
  ["a bad http check", healthy(http({ path: "a b", statusMin: 400, headers: { "A:": "\n" } })), [
    /^task.health.probe.path/,
    /^task.health.probe.headers\["A:"\]: must be the name/,
    /^task.health.probe.headers\["A:"\]: must not contain/,
    /^task.health.probe.statusMin: must not be above/,
  ]],
  ["an empty exec check", healthy({ kind: "exec", command: [] }), [/command: must be given/]],
  [
    "a check without pause",
    withTask({ health: { ...defaultHealthCheck(http()), intervalMs: 0, retries: 0 } }),
    [/^task.health.intervalMs: must be 10ms to 1d, is 0ms$/, /^task.health.retries/],
  ],
  [
    "bad mounts",
    withTask({
      mounts: [
        { volume: "/srv", target: "/a", readOnly: false },
        { volume: "data", target: "b/../c", readOnly: false },
        { volume: "data", target: "/proc/1", readOnly: false },
        { volume: "data", target: "/", readOnly: false },
        { volume: "data", target: "/run/secrets/x", readOnly: false },
        { volume: "data", target: "/a", readOnly: true },
      ],
    }),
    [
      /^task.mounts\[0\].volume: must be the name of a volume, is the host path "\/srv"$/,
      /^task.mounts\[1\].target: must not have \. or \.\./,
      /^task.mounts\[2\].target: must not be in \/proc/,
      /^task.mounts\[3\].target: must be a path such as/,
      /^task.mounts\[4\].target: must not be in \/run\/secrets/,
      /^task.mounts\[5\].target: repeats the target "\/a" of task.mounts\[0\].target/,
    ],
  ],
  [
    "bad files",
    withTask({
      secrets: [file({ name: "a b", mode: 0o1000 }), file({ uid: -1 })],
      configs: [file({ target: "/run/secrets/db" }), file({ target: "" })],
    }),
    [
      /^task.secrets\[0\].name/,
      /^task.secrets\[0\].mode: must be 0000 to 0777, is 1000$/,
      /^task.secrets\[1\].uid/,
      /^task.configs\[1\].target: .*is empty$/,
      /^task.secrets\[1\].target: repeats/,
      /^task.configs\[0\].target: repeats the target "\/run\/secrets\/db"/,
    ],
  ],
  [
    "bad placement",
    placed({ constraints: ["zone", "node.x==1"], spread: ["zone"], maxPerNode: -1 }),
    [
      /^placement.maxPerNode/,
      /^placement.constraints\[0\]: "zone" has neither == nor !=/,
      /^placement.constraints\[1\]/,
      /^placement.spread\[0\]/,
    ],
  ],
  ["a bad rollout", update({ parallelism: 0, delayMs: 1e12, maxFailureRatio: NaN }), [
    /^update.parallelism/,
    /^update.delayMs: must be 0ms to 1d/,
    /^update.maxFailureRatio: must be from 0 to 1, is NaN$/,
  ]],
  ["bad labels", { ...GOOD, labels: { "a b": "", b: "\u009b" } }, [
    /^labels\["a b"\]/,
    /^labels.b: /,
  ]],
];

for (const [name, spec, expected] of bad) {
  Deno.test(`validateServiceSpec refuses ${name}`, () => {
    const faults = faultsOf(spec);
    assert.equal(faults.length, expected.length, faults.join("\n"));
    expected.forEach((pattern, at) => assert.match(faults[at] ?? "", pattern));
  });
}

Deno.test("fillHealthPort takes the port of the only published tcp port", () => {
  const spec = healthy(http({ port: 0 }));
  const ports = [port({ containerPort: 8080 }), port({ containerPort: 53, protocol: "udp" })];
  const filled = fillHealthPort({ ...spec, task: { ...spec.task, ports } });
  const probe = filled.task.health?.probe;
  assert.equal(probe?.kind === "http" && probe.port, 8080);
});

Deno.test("fillHealthPort leaves a spec alone that names a port or publishes several", () => {
  const named = healthy(http({ port: 9 }));
  assert.equal(fillHealthPort(named), named);
  const spec = healthy(http({ port: 0 }));
  const two = { ...spec, task: { ...spec.task, ports: [port(), port({ containerPort: 81 })] } };
  assert.equal(fillHealthPort(two), two);
});
