/**
 * Bad input below the command line: connections, frames and messages that no honest program sends, to
 * the API's socket, its port and the metrics port. Nobody else may notice.
 */
import assert from "node:assert/strict";
import { Prng } from "../../src/lib/mod.ts";
import {
  JoinRequest,
  JoinResponse,
  RelayRequest,
  SessionRequest,
  type TaskStatus,
} from "../../src/rpc/gen/warren/v1/agent.ts";
import { StreamEventsRequest } from "../../src/rpc/gen/warren/v1/event.ts";
import { ApplyManifestRequest } from "../../src/rpc/gen/warren/v1/manifest.ts";
import { UpdateNodeRequest } from "../../src/rpc/gen/warren/v1/node.ts";
import { CreateSecretRequest } from "../../src/rpc/gen/warren/v1/resource.ts";
import {
  CreateServiceRequest,
  ScaleServicesRequest,
  ServiceSpec,
} from "../../src/rpc/gen/warren/v1/service.ts";
import { ReadLogsRequest } from "../../src/rpc/gen/warren/v1/task.ts";
import { attacks } from "../harness/hostile/attacks.ts";
import { RawGrpc } from "../harness/hostile/raw_grpc.ts";
import { dial, HELLO, shout, type Target } from "../harness/hostile/raw_http2.ts";
import { assertQuietLog, assertUnharmed, portraitOf, rssOf } from "../harness/unharmed.ts";
import { until, WarrenDaemon } from "../harness/warren.ts";

/** gRPC status codes. */
const INVALID = 3;
const NOT_FOUND = 5;
const EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;

/** An honest call that must be answered while others misbehave. */
const LIST = "/warren.v1.ServiceService/ListServices";
const ANSWER_MS = 2_000;

async function startDaemon(): Promise<WarrenDaemon> {
  const warren = await WarrenDaemon.start({ flags: ["--runtime", "fake"] });
  const args = ["service", "create", "steady", "--image", "steady:1", "--replicas", "3"];
  const { code, stderr } = await warren.run(args);
  assert.equal(code, 0, stderr);
  return warren;
}

function targetsOf({ ready }: WarrenDaemon): readonly Target[] {
  const [hostname = "", port] = ready.listen_addr.split(":");
  return [
    { transport: "unix", path: ready.socket },
    { transport: "tcp", hostname, port: Number(port) },
  ];
}

async function assertAnswers(grpc: RawGrpc, after: string): Promise<void> {
  const startMs = performance.now();
  const { code, text } = await grpc.unary(LIST, new Uint8Array(0));
  assert.equal(code, 0, `after ${after}: ${text}`);
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < ANSWER_MS, `after ${after} an answer took ${elapsedMs} ms`);
}

Deno.test("connections that no honest client makes disturb nobody", async () => {
  await using warren = await startDaemon();
  const before = await portraitOf(warren);
  using grpc = new RawGrpc(warren.host);
  const seed = Number(Deno.env.get("WARREN_SEED") ?? 20261123);
  for (const target of targetsOf(warren)) {
    for (const attack of attacks(new Prng(seed))) {
      for (let at = 0; at < attack.times; at++) {
        await shout(target, attack.parts(at), attack.lingerMs);
      }
      await assertAnswers(grpc, `${attack.name} on ${target.transport} (seed ${seed})`);
    }
  }
  await assertUnharmed(warren, before);
});

Deno.test("a thousand idle connections leave room for others and are given back", async () => {
  await using warren = await startDaemon();
  const before = await portraitOf(warren);
  using grpc = new RawGrpc(warren.host);
  for (const target of targetsOf(warren)) {
    const idle: Deno.Conn[] = [];
    for (let at = 0; at < 1_000; at++) {
      const connection = await dial(target);
      if (at % 2 === 0) await connection.write(HELLO);
      idle.push(connection);
    }
    await assertAnswers(grpc, "a thousand connections");
    for (const connection of idle) connection.close();
    const files = async () =>
      (await Array.fromAsync(Deno.readDir(`/proc/${warren.pid}/fd`))).length;
    await until("the connections to be given back", async () => await files() < 200);
  }
  await assertUnharmed(warren, before);
});

/** Bytes of a length-delimited field. */
function field(number: number, ...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([number << 3 | 2, bytes.length, ...bytes]);
}

function createWith(parts: Parameters<typeof ServiceSpec.fromPartial>[0]): Uint8Array {
  const task = { image: "busybox", ...parts?.task };
  const spec = ServiceSpec.fromPartial({ name: "hostile", ...parts, task });
  return CreateServiceRequest.encode({ spec }).finish();
}

function applyOf(
  resources: Parameters<typeof ApplyManifestRequest.fromPartial>[0]["resources"],
): Uint8Array {
  return ApplyManifestRequest.encode(ApplyManifestRequest.fromPartial({ resources })).finish();
}

type Row = readonly [name: string, path: string, message: Uint8Array, code: number, says?: RegExp];

/** Messages to single calls, and how each must be refused. */
function messageRows(): readonly Row[] {
  const CREATE = "ServiceService/CreateService";
  const APPLY = "ManifestService/ApplyManifest";
  const GET = "ServiceService/GetService";
  const endless = Uint8Array.from([0x10, ...Array(12).fill(0xff)]);
  const secret = { $case: "secret" as const, value: { data: Buffer.alloc(0) } };
  const task = (parts: object) => createWith({ task: parts });
  return [
    ["a method that is not there", "ServiceService/Destroy", new Uint8Array(0), UNIMPLEMENTED],
    ["a service that is not there", "Nothing/Get", new Uint8Array(0), UNIMPLEMENTED],
    ["bytes that are no message", GET, Uint8Array.from([0xff, 0xff, 0xff]), INVALID],
    ["a text longer than the message", GET, Uint8Array.from([0x0a, 0xff, 0xff, 0x03]), INVALID],
    ["groups without end", GET, new Uint8Array(200_000).fill(0x0b), INVALID, /depth/],
    [
      "a number beyond 53 bits",
      "EventService/StreamEvents",
      Uint8Array.from([
        0x10,
        ...Array(8).fill(0xff),
        0x7f,
      ]),
      INVALID,
    ],
    ["a number that does not end", "EventService/StreamEvents", endless, INVALID],
    ["text that is no UTF-8", GET, field(1, 0xff, 0xfe, 0xc0, 0xaf), NOT_FOUND],
    ["a reference of a megabyte", GET, largeRef(), NOT_FOUND, /^.{1,400}$/],
    ["nine MiB", "SecretService/CreateSecret", nineMebibytes(), EXHAUSTED],
    ["a service without spec", CREATE, new Uint8Array(0), INVALID, /no spec/],
    ["an unknown mode", CREATE, createWith({ mode: "sometimes" }), INVALID, /1 fault/],
    ["an unknown runtime", CREATE, task({ runtime: "podman" }), INVALID],
    ["replicas beyond all bounds", CREATE, createWith({ replicas: 2 ** 32 - 1 }), INVALID],
    [
      "a ratio that is no number",
      CREATE,
      createWith({ update: { maxFailureRatio: NaN } }),
      INVALID,
    ],
    ["memory below nothing", CREATE, task({ limits: { memoryBytes: -5 } }), INVALID],
    ["a port beyond 16 bits", CREATE, task({ ports: [{ containerPort: 2 ** 31 }] }), INVALID],
    [
      "a file mode of anything",
      CREATE,
      task({ secrets: [{ name: "a", mode: 2 ** 32 - 1 }] }),
      INVALID,
    ],
    ["a name with a line end", CREATE, createWith({ name: "a\nb" }), INVALID, /a\\nb/],
    ["a name of letters that look alike", CREATE, createWith({ name: "wеb" }), INVALID],
    ["a stop in the past", CREATE, task({ stopTimeoutMs: -1 }), INVALID],
    ["a resource of no kind", APPLY, applyOf([{ name: "x" }]), INVALID],
    ["a thousand and one resources", APPLY, applyOf(Array(1_001).fill({ name: "x" })), INVALID],
    [
      "one name twice",
      APPLY,
      applyOf([{ name: "x", kind: secret }, { name: "x", kind: secret }]),
      INVALID,
    ],
    ["a label without a key", "NodeService/UpdateNode", nodeLabel(""), INVALID],
    ["a scale of nobody", "ServiceService/ScaleServices", scaleOf("ghost"), NOT_FOUND],
    ["a scale of everybody", "ServiceService/ScaleServices", scaleOfMany(), INVALID],
    ["events of no type", "EventService/StreamEvents", eventsOf("Service Exploded"), INVALID],
    [
      "more filters than one could want",
      "EventService/StreamEvents",
      eventsOf(...many("a.b")),
      INVALID,
    ],
    ["logs of nobody", "TaskService/ReadLogs", logsOf("ghost"), NOT_FOUND],
  ];
}

const many = (text: string) => Array<string>(2_000).fill(text);
const largeRef = () => {
  const head = [0x0a, ...[0x80, 0x80, 0x40]];
  return Uint8Array.from([...head, ...Array(2 ** 20).fill(0x61)]);
};
const nineMebibytes = () => {
  const data = Buffer.alloc(9 * 2 ** 20, 1);
  return CreateSecretRequest.encode(CreateSecretRequest.fromPartial({ name: "big", data }))
    .finish();
};
const nodeLabel = (key: string) => {
  const request = UpdateNodeRequest.fromPartial({ ref: "ghost", setLabels: { [key]: "x" } });
  return UpdateNodeRequest.encode({ ...request, ref: "" }).finish();
};
const scaleOf = (name: string) =>
  ScaleServicesRequest.encode(ScaleServicesRequest.fromPartial({ replicas: { [name]: 1 } }))
    .finish();
const scaleOfMany = () => {
  const replicas = Object.fromEntries(many("").map((_, at) => [`s${at}`, 1]));
  return ScaleServicesRequest.encode(ScaleServicesRequest.fromPartial({ replicas })).finish();
};
const eventsOf = (...types: readonly string[]) =>
  StreamEventsRequest.encode(StreamEventsRequest.fromPartial({ types: [...types] })).finish();
const logsOf = (ref: string) =>
  ReadLogsRequest.encode(ReadLogsRequest.fromPartial({ ref })).finish();

Deno.test("messages that mean nothing are refused with the code of the contract", async () => {
  await using warren = await startDaemon();
  const before = await portraitOf(warren);
  using grpc = new RawGrpc(warren.host);
  for (const [name, path, message, code, says] of messageRows()) {
    const answer = await grpc.unary(`/warren.v1.${path}`, message);
    assert.equal(answer.code, code, `${name}: ${answer.text}`);
    assert.ok(answer.text.length < 3_000, `${name}: ${answer.text.length} characters`);
    assert.ok(
      !/ {4}at |file:|undefined|NaN is|\[object/.test(answer.text),
      `${name}: ${answer.text}`,
    );
    if (says) assert.match(answer.text, says, name);
  }
  await assertUnharmed(warren, before);
});

const SESSION = "/warren.v1.AgentService/Session";
const RELAY = "/warren.v1.AgentService/Relay";
const description = {
  hostname: "h",
  os: "linux",
  arch: "amd64",
  runtimes: ["docker"],
  engine: "",
  milliCpus: 1_000,
  memoryBytes: 2 ** 30,
  version: "1",
};

const session = (kind: SessionRequest["kind"]) => SessionRequest.encode({ kind }).finish();
const relay = (kind: RelayRequest["kind"]) => RelayRequest.encode({ kind }).finish();
const hello = (nodeId: string, credential: string) =>
  session({ $case: "hello", value: { nodeId, credential, labels: {}, description } });
const relayOpen = (relayId: string, nodeId: string, credential: string) =>
  relay({ $case: "open", value: { relayId, nodeId, credential } });

Deno.test("callers without credentials are no agents, and silent ones are sent away", async () => {
  await using warren = await startDaemon();
  const before = await portraitOf(warren);
  const [{ id }] = await warren.json(["node", "list"]);
  using grpc = new RawGrpc(warren.host);
  const silent = Array.from({ length: 100 }, (_, at) => grpc.open(at % 2 ? SESSION : RELAY).answer);
  const bare = session({
    $case: "hello",
    value: { nodeId: id, credential: "", labels: {}, description: undefined },
  });
  const batch = session({ $case: "statuses", value: { statuses: [] } });
  const rows: readonly (readonly [name: string, path: string, code: number, ...Uint8Array[]])[] = [
    ["a session of nothing", SESSION, INVALID],
    ["a session that begins with a report", SESSION, INVALID, batch],
    ["a session of garbage", SESSION, INVALID, Uint8Array.from([0xff])],
    ["a hello of nobody", SESSION, UNAUTHENTICATED, hello("ghost", "x")],
    ["a hello in another's name", SESSION, UNAUTHENTICATED, hello(id, "guess")],
    ["a hello without credential", SESSION, UNAUTHENTICATED, bare],
    ["a hello of a megabyte", SESSION, UNAUTHENTICATED, hello("n".repeat(2 ** 20), "\u0000")],
    ["a relay of nothing", RELAY, INVALID],
    ["a relay that begins with output", RELAY, INVALID, relay(undefined)],
    ["a relay of nobody", RELAY, UNAUTHENTICATED, relayOpen("r", "ghost", "")],
    ["a relay in another's name", RELAY, UNAUTHENTICATED, relayOpen("r", id, "guess")],
  ];
  for (const [name, path, code, ...messages] of rows) {
    const answer = await grpc.stream(path, ...messages);
    assert.equal(answer.code, code, `${name}: ${answer.text}`);
    assert.ok(answer.text.length < 300, `${name}: ${answer.text.length} characters`);
  }
  for (const token of ["", "x", "\u0000", "W".repeat(2 ** 20), "WARREN-1-aaaa-bbbb"]) {
    const request = JoinRequest.encode({ token, name: "evil", labels: {}, description }).finish();
    const answer = await grpc.unary("/warren.v1.AgentService/Join", request);
    assert.equal(answer.code, UNAUTHENTICATED, answer.text);
  }
  for (const answer of await Promise.all(silent)) assert.equal(answer.code, INVALID, answer.text);
  await assertUnharmed(warren, before);
});

/** A node that joined by its token, as a hostile worker would. */
async function joinAs(warren: WarrenDaemon, grpc: RawGrpc, name: string): Promise<JoinResponse> {
  const token = (await warren.run(["cluster", "join-token", "worker", "-q"])).stdout.trim();
  const request = JoinRequest.encode({ token, name, labels: {}, description }).finish();
  const { code, text, messages } = await grpc.unary("/warren.v1.AgentService/Join", request);
  assert.equal(code, 0, text);
  return JoinResponse.decode(messages[0] ?? new Uint8Array(0));
}

/** A status as extreme as the wire allows. */
function wildStatus(taskId: string, state: string): TaskStatus {
  return {
    taskId,
    state,
    message: `\u009b\u007f${"m".repeat(2_000)}`,
    reason: "\u001b[31m\u009b\u202eR",
    exitCode: -(2 ** 31),
    restarts: 2 ** 32 - 1,
    health: "splendid",
    containerId: "c".repeat(1_000),
    ports: [{ containerPort: 2 ** 31, hostPort: 0, protocol: "\u0000" }],
    lastLines: Array(50).fill("l".repeat(1_000)),
    startedMs: Number.MAX_SAFE_INTEGER,
    atMs: Number.MIN_SAFE_INTEGER,
    sequence: Number.MAX_SAFE_INTEGER,
  };
}

const figures = {
  serviceName: "other",
  nodeName: "other",
  cpuSeconds: NaN,
  memoryBytes: -1,
  memoryLimitBytes: -1,
  networkReceiveBytes: Number.MIN_SAFE_INTEGER,
  networkTransmitBytes: 0,
  atMs: -1,
};

Deno.test("a hostile worker speaks for nobody but itself", async () => {
  await using warren = await startDaemon();
  using grpc = new RawGrpc(warren.host);
  const badName = await grpc.unary(
    "/warren.v1.AgentService/Join",
    JoinRequest.encode({
      token: (await warren.run(["cluster", "join-token", "worker", "-q"])).stdout.trim(),
      name: "ｗorker\u0007",
      labels: { "": "x" },
      description,
    }).finish(),
  );
  assert.equal(badName.code, INVALID, badName.text);
  const { nodeId, credential } = await joinAs(warren, grpc, "evil");
  const tasks = await warren.json(["task", "list"]);
  const stream = grpc.open(SESSION, hello(nodeId, credential));
  await until("the worker to be ready", async () => {
    const nodes: { id: string; status: string }[] = await warren.json(["node", "list"]);
    return nodes.some((node) => node.id === nodeId && node.status === "ready");
  });
  const before = await portraitOf(warren);
  const ids: string[] = [...tasks.map((task: { id: string }) => task.id), "ghost", "", "\u0000"];
  const states = ["failed", "completed", "orphaned", "running", "splendid", ""];
  const statuses = ids.flatMap((id) => states.map((state) => wildStatus(id, state)));
  for (let at = 0; at < 100; at++) {
    await stream.write(session({ $case: "statuses", value: { statuses } }));
    const stats = ids.map((taskId) => ({ ...figures, taskId }));
    await stream.write(session({ $case: "stats", value: { stats } }));
    await stream.write(session({ $case: "acknowledged", value: Number.MAX_SAFE_INTEGER }));
    await stream.write(session({ $case: "acknowledged", value: -1 }));
    await stream.write(session(undefined));
    await stream.write(hello(nodeId, credential));
  }
  for (let at = 0; at < 20_000; at++) {
    await stream.write(session({ $case: "heartbeat", value: {} }));
  }
  const relayed = await grpc.stream(RELAY, relayOpen("unknown", nodeId, credential));
  assert.equal(relayed.code, INVALID, relayed.text);
  await assertAnswers(grpc, "a storm of reports");
  await assertUnharmed(warren, before);
  const refusals = warren.lines.filter((line) => line.includes("statuses were refused"));
  assert.ok(refusals.length > 0 && refusals.length <= 100, `${refusals.length} lines of refusals`);
  const metrics = await (await fetch(`http://${warren.ready.metrics_addr}/metrics`)).text();
  assert.ok(!/NaN|evil/.test(metrics), "figures of a stranger are in the metrics");
  await stream.write(Uint8Array.from([0xff]));
  assert.equal((await stream.answer).code, INVALID);
  assertQuietLog(warren);
});

Deno.test("what a hostile worker says of its own tasks can be stored, shown and read", async () => {
  await using warren = await startDaemon();
  using grpc = new RawGrpc(warren.host);
  const { nodeId, credential } = await joinAs(warren, grpc, "evil");
  const stream = grpc.open(SESSION, hello(nodeId, credential));
  const args = [
    "service",
    "create",
    "lured",
    "--image",
    "x",
    "--constraint",
    "node.name==evil",
    "-d",
  ];
  const made = await warren.run(args);
  assert.equal(made.code, 0, made.stderr);
  const id = await until("the task to be given to it", async () => {
    const [task] = await warren.json(["task", "list", "--service", "lured"]);
    return task?.node === "evil" && task.id;
  });
  for (const [at, state] of ["preparing", "starting", "running", "failed"].entries()) {
    const wild = { ...wildStatus(id, state), sequence: 100 + at };
    await stream.write(session({ $case: "statuses", value: { statuses: [wild] } }));
    await until(`the task to be ${state}`, async () => {
      const task = await warren.json(["task", "inspect", id]);
      return task.state === state;
    });
    for (const words of [["task", "list"], ["service", "ps", "lured"], ["task", "inspect", id]]) {
      for (const form of ["table", "wide", "json", "yaml"]) {
        const shown = await warren.run([...words, "-o", form]);
        assert.equal(shown.code, 0, `${words.join(" ")} -o ${form}: ${shown.stderr}`);
        // deno-lint-ignore no-control-regex -- finding control characters is the purpose
        assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(shown.stdout), shown.stdout);
        assert.ok(shown.stdout.length < 20_000, `${shown.stdout.length} characters`);
      }
    }
  }
  const why = await warren.run(["why", "lured"]);
  assert.equal(why.code, 0, why.stderr);
  assertQuietLog(warren);
});

Deno.test("the metrics port answers those who ask and survives the others", async () => {
  await using warren = await startDaemon();
  const before = await rssOf(warren.pid);
  const [hostname = "", port] = warren.ready.metrics_addr.split(":");
  const target = { transport: "tcp", hostname, port: Number(port) } as const;
  const prng = new Prng(7);
  const noise = () => Uint8Array.from({ length: 5_000 }, () => prng.below(256));
  const text = (...lines: readonly string[]) =>
    new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const long = "x".repeat(1_000_000);
  const rows: readonly (readonly Uint8Array[])[] = [
    [noise()],
    [HELLO, noise()],
    [text("GET /metrics HTTP/1.1", "Host: x", "Content-Length: -1")],
    [text("POST /metrics HTTP/1.1", "Host: x", "Content-Length: 99999999999")],
    [text("GET /metrics HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"), text("zzzz")],
    [text("GET /../../etc/passwd HTTP/1.1", "Host: x")],
    [text("GET http://[::/metrics HTTP/1.1", "Host: x")],
    [text("GET /%00%ff%fe HTTP/1.1", "Host: x")],
    [text(`GET /${long} HTTP/1.1`, "Host: x")],
    [text("GET / HTTP/1.1", `X-Long: ${long}`)],
    [text("GET /metrics HTTP/1.1", ...Array(10_000).fill("X: y"))],
    [text("BREW /metrics HTTP/9.9")],
    [new TextEncoder().encode("GET /metrics HTT")],
  ];
  for (const parts of rows) {
    for (let at = 0; at < 5; at++) await shout(target, parts, 10);
  }
  const idle = await Promise.all(Array.from({ length: 500 }, () => dial(target)));
  const url = `http://${warren.ready.metrics_addr}`;
  const codes: Record<string, number> = {
    "/metrics": 200,
    "/health": 200,
    "/ready": 200,
    "/nothing": 404,
    "/debug/pprof/": 404,
  };
  for (const [path, status] of Object.entries(codes)) {
    const answer = await fetch(`${url}${path}`);
    assert.equal(answer.status, status, path);
    await answer.text();
  }
  const posted = await fetch(`${url}/metrics`, { method: "POST", body: long });
  assert.equal(posted.status, 405);
  await posted.text();
  for (const connection of idle) connection.close();
  assertQuietLog(warren);
  assert.ok(await rssOf(warren.pid) - before < 64 * 2 ** 20, "memory grew");
});
