/** Services with values of the wrong type or range, unknown keys, and parts that disagree. */
import { type Row, serviceManifest } from "./row.ts";

/** Values that are not what a key wants, for several keys of each type. */
export function* typeRows(): Generator<Row> {
  const notIntegers = [
    "-1",
    "-0",
    "0.5",
    "1e3",
    "1e999",
    "010",
    "0x10",
    "0o10",
    "1_000",
    "99999999999999999999",
    '"3"',
    "yes",
    ".inf",
    ".nan",
    "",
    "~",
    "[1]",
    "{a: 1}",
    "2001-01-01",
    "+1",
  ];
  for (const value of notIntegers) {
    yield [
      `replicas of ${value || "nothing"}`,
      serviceManifest(`replicas: ${value}`),
      /spec.replicas: must be a whole number/,
      7,
    ];
  }
  for (const value of ["yes", "no", "on", "1", '"true"', "", "[]"]) {
    const volumes = `volumes: [{source: a, target: /a, readOnly: ${value}}]`;
    yield [
      `readOnly of ${value || "nothing"}`,
      serviceManifest(volumes),
      /readOnly: must be true or false/,
      7,
    ];
  }
  for (
    const value of [
      "soon",
      "-5s",
      "1e999",
      "10 s",
      "5y",
      "",
      "[5s]",
      "{s: 5}",
      "0x10",
      "9999999999999999999999s",
    ]
  ) {
    yield [
      `a stop timeout of ${value || "nothing"}`,
      serviceManifest(`stopTimeout: ${value}`),
      /spec.stopTimeout: must be/,
      7,
    ];
  }
  for (const value of ["much", "-64m", "64mm", "1e999", "", "[64m]", "1.5.5g", "1e30t"]) {
    yield [
      `memory of ${value || "nothing"}`,
      serviceManifest(`resources: {limits: {memory: ${value}}}`),
      /spec.resources.limits.memory: must be/,
      7,
    ];
  }
  for (const value of ["half", "-1", "1e999", "", "[1]", "9999999"]) {
    yield [
      `cpus of ${value || "nothing"}`,
      serviceManifest(`resources: {limits: {cpus: ${value}}}`),
      /spec.resources.limits.cpus: must be/,
      7,
    ];
  }
  for (const value of ["123", "true", "1.5", "", "~", "[a]", "{a: b}", "0x1F"]) {
    yield [
      `a hostname of ${value || "nothing"}`,
      serviceManifest(`hostname: ${value}`),
      /spec.hostname: must be text/,
      7,
    ];
  }
  for (const value of ["400", "0888", '"rw-r--r--"', "-1", "0o", "07777777", "[0]"]) {
    const secrets = `secrets: [{name: a, mode: ${value}}]`;
    yield [`a mode of ${value}`, serviceManifest(secrets), /mode: must be/, 7];
  }
  for (const value of ["5", "text", "[1, [2]]", "[a, {b: c}]", "[[]]"]) {
    yield [`an environment of ${value}`, serviceManifest(`env: ${value}`), /spec\.env/, 7];
  }
}

export function* serviceRows(): Generator<Row> {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["a misspelt key", "replcas: 3", /unknown key "replcas": did you mean replicas\?/],
    ["a key in other case", "healthcheck: {type: tcp}", /did you mean healthCheck\?/],
    ["a key of another system", "template: {a: b}", /unknown key "template": known are/],
    ["a key that objects have", "constructor: x", /unknown key "constructor"/],
    ["a key that objects inherit", "__proto__: {image: x}", /unknown key "__proto__"/],
    ["a variable that objects inherit", "env: {__proto__: x}", /must be a name of letters/],
    ["a number as key of the environment", "env: {1: x}", /must be a name of letters/],
    ["a variable without value", "env: {A: }", /spec.env.A: must be text/],
    ["a variable that is a list", "env: {A: [b]}", /spec.env.A: must be text/],
    ["a variable without name", "env: [{value: b}]", /spec.env\[0\]: must have name/],
    ["a variable twice", "env: [{name: A, value: 1}, {name: A, value: 2}]", /repeats the name "A"/],
    ["a variable with a source", "env: [{name: A, valueFrom: x}]", /unknown key "valueFrom"/],
    ["too many replicas", "replicas: 10001", /from 0 to 10,000, is 10,001/],
    ["a misspelt mode", "mode: replicatd", /did you mean replicated\?/],
    ["replicas of a global service", "{mode: global, replicas: 2}", /only for mode replicated/],
    ["completions without a job", "completions: 2", /only for mode job/],
    ["a job for ever", "{mode: job, restartPolicy: any}", /must be none or on-failure/],
    ["a port as number", "ports: [80]", /must be a map of/],
    ["a port as text", 'ports: ["8080:80"]', /spec.ports\[0\]: must be a map of/],
    ["a port without number", "ports: [{hostPort: 80}]", /must have containerPort/],
    ["port zero", "ports: [{containerPort: 0}]", /from 1 to 65,535/],
    ["port 65536", "ports: [{containerPort: 65536}]", /from 1 to 65,535, is 65,536/],
    ["a negative port", "ports: [{containerPort: 1, hostPort: -1}]", /whole number, is -1/],
    [
      "a host port twice",
      "ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9}]",
      /repeats the host port/,
    ],
    [
      "another protocol",
      "ports: [{containerPort: 1, protocol: sctp}]",
      /must be tcp or udp, is sctp/,
    ],
    [
      "an ingress port",
      "ports: [{containerPort: 1, publishMode: ingress}]",
      /not available yet: use host/,
    ],
    ["ports that are a map", "ports: {http: 80}", /must be a list of/],
    ["a check without type", "healthCheck: {path: /}", /must have type/],
    ["a check of another type", "healthCheck: {type: grpc, port: 1}", /must be http, tcp or exec/],
    ["a check without port", "healthCheck: {type: tcp}", /port: must be given/],
    [
      "a check of another host",
      'healthCheck: {type: http, endpoint: "http://evil.example:1/"}',
      /tasks are asked directly/,
    ],
    [
      "a check with a relative path",
      "healthCheck: {type: http, path: x, port: 1}",
      /a path beginning with/,
    ],
    [
      "a check that uses what it cannot",
      "healthCheck: {type: tcp, port: 1, command: x}",
      /does not use/,
    ],
    [
      "a check at every instant",
      "healthCheck: {type: tcp, port: 1, interval: 0s}",
      /interval: must be 10ms/,
    ],
    [
      "a check with no retries",
      "healthCheck: {type: tcp, port: 1, retries: 0}",
      /retries: must be/,
    ],
    ["a check without command", "healthCheck: {type: exec}", /command: must be given/],
    ["too little memory", "resources: {limits: {memory: 1m}}", /must be at least 6MiB/],
    [
      "limits below reservations",
      "resources: {limits: {cpus: 1}, reservations: {cpus: 2}}",
      /must not be below/,
    ],
    ["an unknown limit", "resources: {limits: {gpu: 1}}", /unknown key "gpu"/],
    ["cpus said twice", "resources: {limits: {cpus: 1, cpuShares: 1024}}", /says again/],
    [
      "memory said twice",
      "resources: {limits: {memory: 64m, memoryBytes: 1}}",
      /has both memory and memoryBytes/,
    ],
    [
      "a mount of a host path",
      "volumes: [{source: /etc, target: /x}]",
      /must be the name of a volume/,
    ],
    ["a mount of a host path in short", 'volumes: ["/etc:/x"]', /must be the name of a volume/],
    [
      "a mount that climbs",
      "volumes: [{source: a, target: /a/../../etc}]",
      /must not have \. or \.\./,
    ],
    [
      "a mount over the kernel's files",
      "volumes: [{source: a, target: /proc/sys}]",
      /must not be in \/proc/,
    ],
    ["a mount over the root", "volumes: [{source: a, target: /}]", /must be a path such as/],
    ["a mount without target", "volumes: [a]", /must be NAME:PATH/],
    ["two mounts at one place", 'volumes: ["a:/x", "b:/x"]', /repeats the target "\/x"/],
    ["a secret without name", "secrets: [{target: x}]", /must have name/],
    ["an empty secret name", 'secrets: [""]', /must be NAME or NAME:PATH/],
    ["a secret twice", "secrets: [a, a]", /repeats the target/],
    ["a secret over a device", 'secrets: ["a:/dev/null"]', /must not be in \/dev/],
    ["a constraint without comparison", "constraints: [node.labels.a]", /has neither == nor !=/],
    ["a constraint on nothing known", 'constraints: ["zone==a"]', /is none of node.labels/],
    ["a spread over nothing known", "spread: [zone]", /is none of node.labels/],
    ["an open quote in a command", 'command: "echo \'a"', /has an open '/],
    ["a pipe in a command", "command: a | b", /needs a shell/],
    ["a variable in a command", "command: echo $HOME", /needs a shell/],
    ["an empty program", "command: ['']", /must name a program/],
    ["a signal without SIG", "stopSignal: TERM", /must be the name of a signal/],
    ["an unknown signal", "stopSignal: SIGFOO", /must be the name of a signal/],
    ["a relative working directory", "workdir: srv", /must be an absolute path/],
    ["a user with a space", "user: a b", /must be a user/],
    ["an unknown restart policy", "restartPolicy: sometimes", /must be any, on-failure or none/],
    [
      "a restart policy with unknown keys",
      "restartPolicy: {condition: any, backoff: 1s}",
      /unknown key "backoff"/,
    ],
    ["an endless restart delay", "restartPolicy: {condition: any, delay: 1h}", /must be 0ms to 5m/],
    ["a ratio above one", "updateConfig: {maxFailureRatio: 1.5}", /must be from 0 to 1/],
    ["an update of none at a time", "updateConfig: {parallelism: 0}", /from 1 to 10,000/],
    [
      "an unknown update order",
      "updateConfig: {order: random}",
      /must be auto, start-first or stop-first/,
    ],
    ["an unknown runtime", "runtime: podman", /must be auto, docker or process/],
    ["a network", "networks: [blue]", /not available yet/],
    ["labels that disagree", "{labels: {a: [b]}}", /spec.labels.a: must be text/],
    ["a label with a space", "labels: {a b: c}", /printable characters without spaces/],
  ];
  for (const [name, line, fault] of rows) yield [name, withLine(line), fault, 7];
  const images = ["Nginx", "nginx:", "a b", "https://nginx", "nginx@sha256:12", "-x", "a//b"];
  for (const image of images) {
    const content = serviceManifest().replace("nginx:1.27", JSON.stringify(image));
    yield [`the image ${image}`, content, /spec.image: is no image reference/, 6];
  }
  yield [
    "a number as image",
    serviceManifest().replace("nginx:1.27", "1.27"),
    /write "1.27" in quotes/,
    6,
  ];
  yield [
    "no image",
    serviceManifest().replace("image: nginx:1.27", "replicas: 1"),
    /must be given/,
    6,
  ];
}

/** The line, or the keys of a flow map one under the other. */
function withLine(line: string): string {
  if (!line.startsWith("{")) return serviceManifest(line);
  const inner = line.slice(1, -1);
  const cut = inner.indexOf(", ");
  if (cut === -1) return serviceManifest(inner);
  return serviceManifest(inner.slice(cut + 2), inner.slice(0, cut));
}
