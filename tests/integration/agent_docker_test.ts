/**
 * The agent against a real Docker engine, with a manager in memory: what only an engine can show.
 *
 * Each test has a cluster id of its own, and removes every container that carries it.
 */
import assert from "node:assert/strict";
import { noMetrics, Prng, realClock, silentLog } from "../../src/lib/mod.ts";
import { asId, defaultHealthCheck, type NodeId, type TaskSpec } from "../../src/model/mod.ts";
import { type Agent, memoryState, startAgent } from "../../src/agent/mod.ts";
import { describeNode } from "../../src/agent/describe.ts";
import { findMemoryPlace } from "../../src/agent/files/memory_place.ts";
import { MountedFiles } from "../../src/agent/files/secrets_mount.ts";
import { networkProbes } from "../../src/agent/probe/probe_io.ts";
import { createDockerRuntime } from "../../src/agent/runtime/docker.ts";
import { assignedMessage, TestManager } from "../../src/agent/session/testing.ts";
import type { Assignment } from "../../src/agent/task/assignment.ts";
import { testAssignment } from "../../src/agent/task/testing.ts";
import { containersOf, docker, removeLabelled, testImage } from "../harness/docker.ts";

const isUp = await docker("version").then(() => true, () => false);
const SOCKET = "/var/run/docker.sock";

/** A node with a real engine, and its manager. */
class Node implements AsyncDisposable {
  readonly manager = new TestManager(`test-${crypto.randomUUID()}`);
  readonly folder = Deno.makeTempDirSync();
  readonly state = memoryState();
  image = "";
  agent: Agent | undefined;
  readonly #memory = findMemoryPlace({ nodeId: "node1", runFolder: this.folder });
  #files: MountedFiles | undefined;

  async start(socket = SOCKET): Promise<void> {
    this.image = await testImage();
    const runtime = createDockerRuntime({ address: `unix://${socket}` });
    const runtimes = [{ choice: "docker", runtime }] as const;
    const identity = {
      nodeId: asId<NodeId>("node1"),
      credential: "c",
      clusterId: this.manager.clusterId,
    };
    this.agent = await startAgent({
      config: { managers: ["m:1"], nodeName: "node", labels: {}, token: null },
      runtimes,
      describe: (signal) => describeNode(runtimes, signal),
      connect: this.manager.connect,
      identity: { load: () => Promise.resolve(identity), save: () => Promise.resolve() },
      state: this.state,
      files: () => this.#files = new MountedFiles(this.#memory, `${this.folder}/configs`),
      probes: networkProbes,
      bootId: "boot",
      clock: realClock,
      prng: new Prng(1),
      log: silentLog,
      metrics: noMetrics,
      signal: new AbortController().signal,
    });
    await this.agent.connected;
  }

  task(id: string, command: readonly string[], spec: Partial<TaskSpec> = {}): Assignment {
    return testAssignment(id, { image: this.image, command, stopTimeoutMs: 500, ...spec });
  }

  assign(...tasks: readonly Assignment[]): void {
    const update = tasks.map((task) => assignedMessage(task, this.manager.statuses.get(task.id)));
    this.manager.assign({ full: true, update });
  }

  async until(id: string, state: string) {
    const known = () => this.manager.statuses.get(id);
    await until(
      () => known()?.state === state,
      () => `${id} is ${known()?.state}: ${known()?.message}`,
    );
    const status = known();
    assert.ok(status);
    return status;
  }

  async stop(): Promise<void> {
    await this.agent?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await removeLabelled(this.manager.clusterId);
    for (const id of this.manager.statuses.keys()) await this.#files?.remove(id);
    await this.#memory.release();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function until(
  condition: () => boolean | Promise<boolean>,
  why: () => string,
): Promise<void> {
  const startedMs = Date.now();
  while (!(await condition())) {
    if (Date.now() - startedMs > 20_000) assert.fail(why());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function dockerTest(name: string, body: (node: Node) => Promise<void>): void {
  Deno.test({
    name: `Agent on Docker ${name}`,
    ignore: !isUp,
    async fn() {
      await using node = new Node();
      await node.start();
      await body(node);
    },
  });
}

const sh = (script: string) => ["sh", "-c", script];

dockerTest(
  "gives a task its secret from memory, read-only, and takes it away at the end",
  async (node) => {
    const ref = { name: "key", target: "key", uid: 0, gid: 0, mode: 0o400 };
    const script =
      "cat /run/secrets/key; (echo x > /run/secrets/key) 2>/dev/null || echo kept; sleep 100";
    const task = {
      ...node.task("t1", sh(script), { secrets: [ref] }),
      secrets: [{ ref, data: new TextEncoder().encode("s3cret\n") }],
    };
    node.assign(task);
    const { containerId } = await node.until("t1", "running");
    await until(
      async () => (await docker("logs", containerId)) === "s3cret\nkept",
      () => "no output",
    );
    const source = await docker("inspect", "-f", "{{(index .Mounts 0).Source}}", containerId);
    const kind = await new Deno.Command("stat", { args: ["-f", "-c", "%T", source] }).output();
    assert.match(new TextDecoder().decode(kind.stdout), /tmpfs|ramfs/);
    assert.ok(!(await docker("inspect", containerId)).includes("s3cret"));
    node.assign({ ...task, desired: "shutdown" });
    await node.until("t1", "stopped");
    await until(
      () => Deno.stat(source).then(() => false, () => true),
      () => "the secret is still there",
    );
  },
);

dockerTest("restarts a crashed container and tells its last words", async (node) => {
  node.assign(node.task("t1", sh("echo no config >&2; exit 3")));
  const status = await node.until("t1", "restarting");
  assert.match(status.message, /exited with code 3; restart 1 after 1s/);
  assert.deepEqual(status.lastLines, ["no config"]);
  await until(() => (node.manager.statuses.get("t1")?.restarts ?? 0) >= 1, () => "no restart");
  await until(
    async () => (await containersOf(node.manager.clusterId)).length === 1,
    () => "leftovers",
  );
});

dockerTest("says in plain words why a task cannot run", async (node) => {
  using listener = Deno.listen({ port: 0 });
  const restart = { condition: "none", delayMs: 0, maxAttempts: 0, windowMs: 0 } as const;
  const port = {
    name: "",
    containerPort: 80,
    hostPort: listener.addr.port,
    protocol: "tcp",
    publishMode: "host",
  } as const;
  node.assign(
    node.task("t1", ["/no/such/program"], { restart }),
    node.task("t2", ["sleep", "100"], { restart, ports: [port] }),
    node.task("t3", ["sleep", "100"], { restart, image: "127.0.0.1:1/absent:1" }),
    node.task("t4", sh("a=xxxxxxxx; while true; do a=$a$a; done"), {
      restart,
      resources: {
        limits: { milliCpus: 0, memoryBytes: 32 * 2 ** 20 },
        reservations: { milliCpus: 0, memoryBytes: 0 },
      },
    }),
  );
  const expected = {
    t1: ["COMMAND_FAILED", /Cannot run "\/no\/such\/program": no such file or directory/],
    t2: ["PORT_IN_USE", /Port \d+ of this node is in use by process deno/],
    t3: ["IMAGE_PULL_FAILED", /the registry 127.0.0.1:1 refused the connection/],
    t4: ["OUT_OF_MEMORY", /more than its memory limit of 32MiB/],
  } as const;
  for (const [id, [reason, message]] of Object.entries(expected)) {
    const status = await node.until(id, "failed");
    assert.equal(status.reason, reason, status.message);
    assert.match(status.message, message);
  }
});

dockerTest(
  "counts a task as running once it answers, and probes it at its own address",
  async (node) => {
    const probe = {
      kind: "http",
      path: "/",
      port: 8000,
      scheme: "http",
      headers: {},
      statusMin: 200,
      statusMax: 399,
    } as const;
    const health = { ...defaultHealthCheck(probe), intervalMs: 1_000 };
    node.assign(
      node.task("t1", sh("sleep 0.4; echo ok > /tmp/index.html; httpd -f -p 8000 -h /tmp"), {
        health,
      }),
    );
    await node.until("t1", "starting");
    const status = await node.until("t1", "running");
    assert.equal(status.health, "healthy");
  },
);

dockerTest("goes on after a kill of the agent without touching what runs", async (node) => {
  node.assign(node.task("t1", ["sleep", "100"]), node.task("t2", sh("sleep 1; exit 1")));
  const before = await node.until("t1", "running");
  await node.until("t2", "running");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await node.stop();
  await until(async () => {
    const { containerId } = node.manager.statuses.get("t2") ?? {};
    return await docker("inspect", "-f", "{{.State.Status}}", containerId ?? "") === "exited";
  }, () => "t2 runs on");
  await node.start();
  node.assign(node.task("t1", ["sleep", "100"]), node.task("t2", sh("sleep 1; exit 1")));
  await until(
    () => (node.manager.statuses.get("t2")?.restarts ?? 0) >= 1,
    () => "t2 was not restarted",
  );
  const started = await docker(
    "inspect",
    "-f",
    "{{.State.StartedAt}} {{.State.Status}}",
    before.containerId,
  );
  assert.match(started, /running$/);
  assert.equal(node.manager.statuses.get("t1")?.restarts, 0);
  assert.equal(node.manager.statuses.get("t1")?.containerId, before.containerId);
});

dockerTest("removes every trace of tasks that are gone", async (node) => {
  node.assign(node.task("t1", ["sleep", "100"]), node.task("t2", ["sleep", "100"]));
  await node.until("t1", "running");
  await node.until("t2", "running");
  node.assign();
  await until(
    async () => (await containersOf(node.manager.clusterId)).length === 0,
    () => "containers are left",
  );
});

Deno.test({
  name: "Agent on Docker outlives a restart of the engine",
  ignore: !isUp,
  async fn() {
    await using node = new Node();
    const path = `${node.folder}/engine.sock`;
    await using engine = new Proxy(path);
    await node.start(path);
    node.assign(node.task("t1", ["sleep", "100"]));
    const before = await node.until("t1", "running");
    engine.cut();
    await until(() => node.agent?.trouble !== "", () => "the agent did not notice");
    await docker("kill", before.containerId);
    node.manager.assign({ update: [assignedMessage(node.task("t2", ["sleep", "100"]))] });
    engine.restore();
    await until(() => node.agent?.trouble === "", () => `still in trouble: ${node.agent?.trouble}`);
    await node.until("t2", "running");
    await until(
      () => (node.manager.statuses.get("t1")?.restarts ?? 0) === 1,
      () => "t1 was not restarted",
    );
    assert.equal(node.manager.statuses.get("t2")?.restarts, 0);
  },
});

/** Stands between the agent and the engine, and can be cut like an engine that restarts. */
class Proxy implements AsyncDisposable {
  readonly #open = new Set<Deno.UnixConn>();
  readonly #work = new Set<Promise<void>>();
  readonly #path: string;
  #listener: Deno.UnixListener | undefined;

  constructor(path: string) {
    this.#path = path;
    this.restore();
  }

  restore(): void {
    const listener = Deno.listen({ transport: "unix", path: this.#path });
    this.#listener = listener;
    this.#run(async () => {
      for await (const near of listener) {
        const far = await Deno.connect({ transport: "unix", path: SOCKET });
        this.#run(() => this.#pipe(near, far));
        this.#run(() => this.#pipe(far, near));
      }
    });
  }

  cut(): void {
    this.#listener?.close();
    for (const conn of this.#open) close(conn);
    this.#open.clear();
    Deno.removeSync(this.#path);
  }

  async #pipe(from: Deno.UnixConn, to: Deno.UnixConn): Promise<void> {
    this.#open.add(from);
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        for (let at = 0; at < read;) at += await to.write(buffer.subarray(at, read));
      }
    } finally {
      close(from);
      close(to);
      this.#open.delete(from);
    }
  }

  #run(work: () => Promise<void>): void {
    const running = work().catch(() => {}).finally(() => this.#work.delete(running));
    this.#work.add(running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await Promise.all(this.#work);
  }
}

function close(conn: Deno.UnixConn): void {
  try {
    conn.close();
  } catch {
    return; // closed already by the other direction
  }
}
