/** Server and channel against each other over real Unix sockets, with the cluster and watch messages. */
import assert from "node:assert/strict";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  BugError,
  type Log,
  type LogFields,
  type Metrics,
  noMetrics,
  realClock,
  silentLog,
  WarrenError,
} from "../lib/mod.ts";
import { ClusterServiceService, GetJoinTokenRequest } from "./gen/warren/v1/cluster.ts";
import { TaskServiceService } from "./gen/warren/v1/task.ts";
import {
  type Channel,
  createRpcServer,
  type Handlers,
  openChannel,
  type RpcAddress,
  type RpcLimits,
  type RpcServer,
  serve,
} from "./mod.ts";

type Cluster = Handlers<typeof ClusterServiceService>;
type Task = Handlers<typeof TaskServiceService>;

interface Setup {
  readonly cluster?: Partial<Cluster>;
  readonly task?: Partial<Task>;
  readonly log?: Log;
  readonly metrics?: Metrics;
  readonly limits?: Partial<RpcLimits>;
}

interface Fixture {
  readonly server: RpcServer;
  readonly channel: Channel;
  readonly address: RpcAddress;
}

const missing = () => Promise.reject(new WarrenError("UNKNOWN_METHOD", "Not in this test"));
const INFO = {
  clusterId: "c",
  leaderId: "",
  leaderAddress: "",
  managers: [],
  raft: undefined,
  version: "0",
  createdMs: 5,
};

async function withServer(setup: Setup, body: (fixture: Fixture) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const address: RpcAddress = { kind: "unix", path: `${folder}/api.sock` };
  const { log = silentLog, metrics = noMetrics, limits } = setup;
  await using server = createRpcServer({
    log,
    metrics,
    clock: realClock,
    ...(limits && { limits }),
  });
  server.addService(serve(ClusterServiceService, {
    getClusterInfo: missing,
    getJoinToken: missing,
    joinManager: missing,
    transferLeader: missing,
    backup: missing,
    ...setup.cluster,
  }));
  server.addService(serve(TaskServiceService, {
    listTasks: missing,
    getTask: missing,
    readLogs: missing,
    exec: missing,
    getTaskStats: missing,
    ...setup.task,
  }));
  await server.listen(address);
  const channel = openChannel(address);
  try {
    await body({ server, channel, address });
  } finally {
    channel.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

const LOGS = { ref: "web", follow: true, tail: undefined, sinceMs: 0 };
const line = (at: number, bytes = 10) => ({
  taskId: String(at),
  taskName: "web.1",
  stream: "stdout",
  timeMs: at,
  line: Buffer.alloc(bytes, 65),
});

async function failure(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error;
  }
  throw new Error("it did not fail");
}

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** A connection that was refused leaves a short timer of the transport's own behind; those tests come last. */
const REFUSED = { sanitizeOps: false, sanitizeResources: false };

Deno.test("a unary call carries request, request id and response", async () => {
  const seen: string[] = [];
  const cluster: Partial<Cluster> = {
    getJoinToken: ({ role, rotate }, call) => {
      seen.push(role, String(rotate), call.method, call.peer, call.requestId);
      return Promise.resolve({ token: "T" });
    },
  };
  await withServer({ cluster }, async ({ channel }) => {
    const request = { role: "worker", rotate: true };
    const options = { requestId: "req-1", timeoutMs: 5_000 };
    const answer = await channel.unary(ClusterServiceService.getJoinToken, request, options);
    assert.deepEqual(answer, { token: "T" });
    assert.deepEqual(seen, ["worker", "true", "ClusterService/GetJoinToken", "local", "req-1"]);
  });
});

Deno.test("an error arrives with its reason, hint, faults and every character of its message", async () => {
  const message = 'Cannot create "wéb\n%41 \ud800": 100 % wrong';
  const faults = [{ path: "task.image", message: "must be given" }];
  const cluster: Partial<Cluster> = {
    getClusterInfo: () =>
      Promise.reject(new WarrenError("INVALID_SPEC", message, { hint: "look", faults })),
  };
  await withServer({ cluster }, async ({ channel }) => {
    const error = await failure(channel.unary(ClusterServiceService.getClusterInfo, {}));
    assert.equal(error.reason, "INVALID_SPEC");
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.equal(error.message, message.toWellFormed());
    assert.equal(error.hint, "look");
    assert.deepEqual(error.faults, faults);
  });
});

Deno.test("an error with thousands of faults arrives cut, with the rest counted", async () => {
  const faults = Array.from(
    { length: 5_000 },
    (_, at) => ({ path: `f[${at}]`, message: "é".repeat(99) }),
  );
  const cluster: Partial<Cluster> = {
    getClusterInfo: () =>
      Promise.reject(new WarrenError("INVALID_SPEC", "m".repeat(50_000), { faults })),
  };
  await withServer({ cluster }, async ({ channel }) => {
    const error = await failure(channel.unary(ClusterServiceService.getClusterInfo, {}));
    assert.equal(error.reason, "INVALID_SPEC");
    assert.equal(error.message.length, 2_000);
    const count = error.faults?.length ?? 0;
    assert(count > 20, `${count} faults`);
    assert.equal(error.faults?.at(-1)?.message, `${5_000 - (count - 1)} more faults`);
  });
});

Deno.test("a bug is logged with its stack and answered without its text", async () => {
  const lines: LogFields[] = [];
  const log: Log = {
    ...silentLog,
    error: (_, fields) => void lines.push(fields ?? {}),
    child: () => log,
  };
  const cluster: Partial<Cluster> = {
    getClusterInfo: () => Promise.reject(new BugError("internal fault: secret-ish detail")),
    getJoinToken: () => {
      throw new TypeError("cannot read undefined of secret-ish");
    },
  };
  await withServer({ cluster, log }, async ({ channel }) => {
    const calls = [
      channel.unary(ClusterServiceService.getClusterInfo, {}),
      channel.unary(ClusterServiceService.getJoinToken, { role: "", rotate: false }),
    ];
    for (const call of calls) {
      const error = await failure(call);
      assert.equal(error.code, "INTERNAL");
      assert(!error.message.includes("secret-ish"));
    }
    assert.equal(lines.length, 2);
    const stacks = lines.map(({ error }) => String(error)).sort();
    assert.match(stacks[0] ?? "", /^BugError: internal fault[^]*rpc_test\.ts/);
    assert.match(stacks[1] ?? "", /^TypeError: cannot read[^]*rpc_test\.ts/);
  });
});

Deno.test("bytes that are no message are refused as INVALID_ARGUMENT and harm nothing", async () => {
  const cluster: Partial<Cluster> = { getClusterInfo: () => Promise.resolve(INFO) };
  await withServer({ cluster }, async ({ channel, address }) => {
    assert(address.kind === "unix");
    const raw = new Client(`unix:${address.path}`, credentials.createInsecure());
    const send = (path: string, bytes: Buffer) =>
      new Promise<ServiceError | null>((resolve) => {
        const same = (value: Buffer) => value;
        raw.makeUnaryRequest(path, same, same, bytes, new Metadata(), (error) => resolve(error));
      });
    const join = "/warren.v1.ClusterService/GetJoinToken";
    const get = "/warren.v1.TaskService/ListTasks";
    const logs = "/warren.v1.TaskService/ReadLogs";
    const tooBig = Buffer.from([0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    const nested = Buffer.alloc(200_000, 0x0b);
    const cases: [string, Buffer][] = [
      [join, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
      [join, Buffer.from([0x0a, 0x05, 0x41])],
      [join, Buffer.from([0xff])],
      [get, nested],
      [logs, tooBig],
      [logs, Buffer.from([0x0a])],
    ];
    for (const [path, bytes] of cases) {
      assert.equal((await send(path, bytes))?.code, 3, `${path} ${bytes.subarray(0, 8).toHex()}`);
    }
    assert.equal((await send("/warren.v1.ClusterService/Nope", Buffer.alloc(0)))?.code, 12);
    raw.close();
    assert.equal((await channel.unary(ClusterServiceService.getClusterInfo, {})).createdMs, 5);
  });
});

Deno.test("connections that speak something else, or break off, harm nobody", async () => {
  const open = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const cluster: Partial<Cluster> = { getClusterInfo: () => INFO };
  const task: Partial<Task> = {
    readLogs: async (_, call) => {
      open.resolve();
      call.signal.addEventListener("abort", () => ended.resolve());
      for (let at = 0;; at++) await call.write(line(at, 16_000));
    },
  };
  await withServer({ cluster, task }, async ({ channel, address }) => {
    assert(address.kind === "unix");
    const { path } = address;
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const garbage = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\0".repeat(1_000),
      preface,
      preface + "x".repeat(9_000),
    ];
    for (const text of garbage) {
      const socket = await Deno.connect({ transport: "unix", path });
      await socket.write(new TextEncoder().encode(text));
      socket.close();
    }
    const reader = `import { Client, credentials } from "@grpc/grpc-js";
      const client = new Client("unix:${path}", credentials.createInsecure());
      const same = (value) => value;
      const path = "/warren.v1.TaskService/ReadLogs";
      client.makeServerStreamRequest(path, same, same, Buffer.alloc(0)).on("data", () => {});`;
    const args = ["run", "-A", "--cached-only", "--ext=js", "-"];
    const options = { args, stdin: "piped", stdout: "null", stderr: "null" } as const;
    const other = new Deno.Command(Deno.execPath(), options).spawn();
    const input = other.stdin.getWriter();
    await input.write(new TextEncoder().encode(reader));
    await input.close();
    await open.promise;
    other.kill("SIGKILL");
    await other.status;
    await ended.promise;
    assert.equal((await channel.unary(ClusterServiceService.getClusterInfo, {})).clusterId, "c");
  });
});

Deno.test("a message beyond the limit is refused as RESOURCE_EXHAUSTED", async () => {
  const cluster: Partial<Cluster> = { getJoinToken: () => Promise.resolve({ token: "" }) };
  await withServer({ cluster, limits: { maxRequestBytes: 1_000 } }, async ({ channel }) => {
    const request = GetJoinTokenRequest.fromPartial({ role: "x".repeat(2_000) });
    const error = await failure(channel.unary(ClusterServiceService.getJoinToken, request));
    assert.equal(error.code, "RESOURCE_EXHAUSTED");
  });
});

Deno.test("a stream delivers in order, and leaving the loop aborts the handler", async () => {
  const gone = Promise.withResolvers<unknown>();
  const task: Partial<Task> = {
    readLogs: async (_, call) => {
      call.signal.addEventListener("abort", () => gone.resolve(call.signal.reason));
      for (let at = 1;; at++) await call.write(line(at));
    },
  };
  await withServer({ task }, async ({ channel }) => {
    const times: number[] = [];
    for await (const { timeMs } of channel.serverStream(TaskServiceService.readLogs, LOGS)) {
      times.push(timeMs);
      if (times.length === 100) break;
    }
    assert.deepEqual(times, Array.from({ length: 100 }, (_, at) => at + 1));
    const reason = await gone.promise;
    assert(reason instanceof WarrenError && reason.reason === "ABORTED_BY_USER");
  });
});

Deno.test("a handler that returns while it still waits for input ends the call", async () => {
  const task: Partial<Task> = {
    exec: async (requests, call) => {
      const input = requests[Symbol.asyncIterator]();
      const waiting = input.next();
      await call.write({ kind: { $case: "exitCode", value: 0 } });
      await input.return?.();
      assert.equal((await waiting).done, true);
    },
  };
  await withServer({ task }, async ({ channel }) => {
    const call = channel.bidi(TaskServiceService.exec);
    assert.equal((await Array.fromAsync(call.responses)).length, 1);
  });
});

Deno.test("a reader that stops reading stops the writer within a bound", async () => {
  let written = 0;
  const stalled = Promise.withResolvers<void>();
  const task: Partial<Task> = {
    readLogs: async (_, call) => {
      for (let at = 1; at <= 2_000; at++) {
        const wrote = call.write(line(at, 16_384));
        const cancel = realClock.after(300, () => stalled.resolve());
        await wrote;
        cancel();
        written = at;
      }
    },
  };
  await withServer({ task }, async ({ channel }) => {
    const stream = channel.serverStream(TaskServiceService.readLogs, LOGS)[Symbol.asyncIterator]();
    await stream.next();
    await stalled.promise;
    assert(written < 1_000, `${written} messages of 16 KiB were written ahead`);
    let read = 1;
    for (let next = await stream.next(); !next.done; next = await stream.next()) read++;
    assert.equal(read, 2_000);
  });
});

Deno.test("a two-way stream echoes, ends with the caller's last word and carries an error", async () => {
  const task: Partial<Task> = {
    exec: async (requests, call) => {
      for await (const { kind } of requests) {
        if (kind?.$case !== "stdin") continue;
        if (kind.value.toString() === "fail") throw new WarrenError("TASK_NOT_RUNNING", "It ended");
        await call.write({ kind: { $case: "stdout", value: kind.value } });
      }
      await call.write({ kind: { $case: "exitCode", value: 7 } });
    },
  };
  const stdin = (text: string) => ({ kind: { $case: "stdin" as const, value: Buffer.from(text) } });
  await withServer({ task }, async ({ channel }) => {
    const good = channel.bidi(TaskServiceService.exec);
    await good.write(stdin("a"));
    await good.write(stdin("b"));
    good.end();
    const seen: string[] = [];
    for await (const { kind } of good.responses) seen.push(String(kind?.value));
    assert.deepEqual(seen, ["a", "b", "7"]);
    await assert.rejects(good.write(stdin("late")), { reason: "ABORTED_BY_USER" });

    const bad = channel.bidi(TaskServiceService.exec);
    await bad.write(stdin("a"));
    await bad.write(stdin("fail"));
    await assert.rejects(Array.fromAsync(bad.responses), { reason: "TASK_NOT_RUNNING" });
  });
});

Deno.test("calls beyond the server's bound are refused as TOO_MANY", async () => {
  const release = Promise.withResolvers<void>();
  const cluster: Partial<Cluster> = {
    getClusterInfo: async () => {
      await release.promise;
      return INFO;
    },
  };
  await withServer({ cluster, limits: { maxCalls: 3 } }, async ({ channel }) => {
    const calls = Array.from(
      { length: 5 },
      () =>
        channel.unary(ClusterServiceService.getClusterInfo, {}).then(() => "OK", (error) => {
          release.resolve();
          return error.reason;
        }),
    );
    assert.deepEqual((await Promise.all(calls)).sort(), ["OK", "OK", "OK", "TOO_MANY", "TOO_MANY"]);
  });
});

Deno.test("calls are counted by method and status", async () => {
  const seen: string[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    counter: () => ({ add: (_, labels) => void seen.push(`${labels?.method} ${labels?.status}`) }),
  };
  const cluster: Partial<Cluster> = { getClusterInfo: () => Promise.resolve(INFO) };
  await withServer({ cluster, metrics }, async ({ channel }) => {
    await channel.unary(ClusterServiceService.getClusterInfo, {});
    await failure(channel.unary(ClusterServiceService.getJoinToken, { role: "", rotate: false }));
    assert.deepEqual(seen, [
      "ClusterService/GetClusterInfo OK",
      "ClusterService/GetJoinToken UNIMPLEMENTED",
    ]);
  });
});

Deno.test("a socket of a dead process is replaced, of a live one refused, and a file left alone", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/deep/api.sock`;
  const make = () => createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  await using live = make();
  await live.listen({ kind: "unix", path });
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o660);
  await using second = make();
  assert.equal((await failure(second.listen({ kind: "unix", path }))).reason, "DATA_DIR_IN_USE");
  await live.stop();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);

  const dead = `${folder}/dead.sock`;
  const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(dead)} }); Deno.exit(0);`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  assert((await Deno.lstat(dead)).isSocket);
  await second.listen({ kind: "unix", path: dead });

  await Deno.writeTextFile(`${folder}/file`, "mine");
  await using third = make();
  const error = await failure(third.listen({ kind: "unix", path: `${folder}/file` }));
  assert.equal(error.reason, "DATA_DIR_UNUSABLE");
  await second.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("plain TCP is offered on loopback only, and a port in use is named", async () => {
  await using server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  const remote = await failure(server.listen({ kind: "tcp", host: "0.0.0.0", port: 0 }));
  assert.match(remote.hint ?? "", /remote listening arrives with TLS/);
  const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  assert(bound.kind === "tcp" && bound.port > 0);
  await using other = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  assert.equal((await failure(other.listen(bound))).reason, "PORT_IN_USE");
});

Deno.test(
  "an abort, a deadline and a missing manager each say what they are",
  REFUSED,
  async () => {
    const task: Partial<Task> = {
      getTask: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      exec: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    };
    await withServer({ task }, async ({ channel, server }) => {
      const abort = new AbortController();
      const call = channel.unary(TaskServiceService.getTask, { ref: "" }, { signal: abort.signal });
      abort.abort();
      assert.equal((await failure(call)).reason, "ABORTED_BY_USER");
      const late = channel.unary(TaskServiceService.getTask, { ref: "" }, { timeoutMs: 50 });
      assert.equal((await failure(late)).reason, "DEADLINE_PASSED");
      const bidi = channel.bidi(TaskServiceService.exec, { signal: AbortSignal.timeout(20) });
      assert.equal((await failure(first(bidi.responses))).reason, "ABORTED_BY_USER");
      while (server.activeCalls > 0) await new Promise((resolve) => setImmediate(resolve));
    });
    const nobody = openChannel({ kind: "unix", path: "/nonexistent/warren.sock" });
    const error = await failure(nobody.unary(ClusterServiceService.getClusterInfo, {}));
    assert.equal(error.reason, "CLUSTER_UNREACHABLE");
    assert.match(error.message, /at unix:\/\/\/nonexistent\/warren\.sock: .*ENOENT/);
    assert(error.hint);
    nobody.close();
  },
);

Deno.test("stopping ends streams with STOPPING and lets single calls finish", REFUSED, async () => {
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const cluster: Partial<Cluster> = {
    getClusterInfo: async () => {
      started.resolve();
      await release.promise;
      return INFO;
    },
  };
  const task: Partial<Task> = {
    readLogs: async (_, call) => {
      await call.write(line(1));
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
    },
  };
  await withServer({ cluster, task }, async ({ channel, server }) => {
    const stream = channel.serverStream(TaskServiceService.readLogs, LOGS)[Symbol.asyncIterator]();
    await stream.next();
    const single = channel.unary(ClusterServiceService.getClusterInfo, {});
    await started.promise;
    const stopped = server.stop();
    const end = await failure(stream.next());
    assert.equal(end.reason, "STOPPING");
    release.resolve();
    assert.equal((await single).clusterId, "c");
    await stopped;
    const after = await failure(channel.unary(ClusterServiceService.getClusterInfo, {}));
    assert.equal(after.reason, "CLUSTER_UNREACHABLE");
  });
});
