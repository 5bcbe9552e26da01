/** Tasks, logs and exec over a real socket and store, with agents that say what a test wants. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import type { Task } from "../model/mod.ts";
import type { RelayRequest } from "../rpc/gen/warren/v1/agent.ts";
import type { ExecRequest, ReadLogsResponse } from "../rpc/gen/warren/v1/task.ts";
import {
  addNode,
  addTask,
  type ApiFixture,
  getService,
  report,
  wireSpec,
  withApi,
} from "./testing/api_fixture.ts";

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error.reason;
  }
  return "nothing failed";
}

/** Two running tasks of `web` on two nodes. */
async function twoTasks(api: ApiFixture) {
  await api.client.createService({ spec: wireSpec("web", { replicas: 2 }) });
  const nodes = [addNode(api, "a"), addNode(api, "b")] as const;
  const service = getService(api, "web");
  const run = (slot: number, at: 0 | 1) =>
    report(api, addTask(api, service, slot, nodes[at]), "running", { containerId: `c${slot}` });
  return { nodes, service, tasks: [run(1, 0), run(2, 1)] as const, run };
}

const log = (timeMs: number, text: string): RelayRequest => ({
  kind: {
    $case: "log",
    value: { taskId: "", taskName: "", stream: "stdout", timeMs, line: Buffer.from(text) },
  },
});

const shown = ({ taskName, stream, line }: ReadLogsResponse) => `${taskName} ${stream} ${line}`;
const LOGS = { ref: "web", follow: false, tail: undefined, sinceMs: 0 };

Deno.test("listTasks selects by service, node and state; getTask knows names", async () => {
  await withApi(async (api) => {
    const { client } = api;
    const { tasks: [first, second], service } = await twoTasks(api);
    report(api, second, "failed", { message: "exited with 1", lastLines: ["boom"] });
    addTask(api, service, 3, null);
    const list = async (over: object) => {
      const { tasks } = await client.listTasks({
        service: "",
        node: "",
        all: false,
        stale: false,
        ...over,
      });
      return tasks.map(({ serviceName, slot }) => `${serviceName}.${slot}`);
    };
    assert.deepEqual(await list({}), ["web.1", "web.3"]);
    assert.deepEqual(await list({ all: true }), ["web.1", "web.2", "web.3"]);
    assert.deepEqual(await list({ service: "web", node: "b", all: true }), ["web.2"]);
    assert.equal(await reasonOf(list({ service: "nope" })), "SERVICE_NOT_FOUND");
    const { task } = await client.getTask({ ref: "web.2" });
    assert.deepEqual([task?.id, task?.nodeName, task?.lastLines], [second.id, "b", ["boom"]]);
    assert.equal((await client.getTask({ ref: first.id.slice(0, 8) })).task?.id, first.id);
    assert.match(
      (await client.getTask({ ref: "web.3" })).task?.unplaced ?? "",
      /no node is suitable/,
    );
    await client.updateNode({
      ref: "b",
      availability: "",
      setLabels: {},
      removeLabels: [],
      name: "bb",
    });
    const renamed = await client.listTasks({ service: "", node: "bb", all: true, stale: false });
    assert.equal(renamed.tasks[0]?.nodeName, "bb");
  });
});

Deno.test("a slot's name means the task that is to run there", async () => {
  await withApi(async (api) => {
    const { tasks: [first], run } = await twoTasks(api);
    api.apply({ kind: "task.desire", id: first.id, desired: "shutdown" });
    report(api, first, "stopped");
    const next = run(1, 0);
    assert.equal((await api.client.getTask({ ref: "web.1" })).task?.id, next.id);
  });
});

Deno.test("a service's logs are merged by time; a node that is away is a notice", async () => {
  await withApi(async (api) => {
    const { nodes: [a, b] } = await twoTasks(api);
    api.relay = async function* (node) {
      for (const at of node === a.id ? [1, 4] : [2, 3]) {
        yield await Promise.resolve(log(at, `line ${at}`));
      }
    };
    const lines = await Array.fromAsync(api.client.readLogs(LOGS), shown);
    const expected = [
      "web.1 stdout line 1",
      "web.2 stdout line 2",
      "web.2 stdout line 3",
      "web.1 stdout line 4",
    ];
    assert.deepEqual(lines, expected);
    api.connected.delete(b.id);
    const some = await Array.fromAsync(api.client.readLogs(LOGS), shown);
    assert.deepEqual(some.slice(0, 2), ["web.1 stdout line 1", "web.1 stdout line 4"]);
    assert.match(some[2] ?? "", /^web\.2 notice Node .* is away$/);
    assert.equal(
      await reasonOf(Array.fromAsync(api.client.readLogs({ ...LOGS, ref: "web.2" }))),
      "NODE_UNREACHABLE",
    );
    assert.equal(
      await reasonOf(Array.fromAsync(api.client.readLogs({ ...LOGS, ref: "nope" }))),
      "SERVICE_NOT_FOUND",
    );
  });
});

Deno.test("following a service reads new tasks and new attempts, and ends with the service", async () => {
  await withApi(async (api) => {
    const { tasks, service, run } = await twoTasks(api);
    const ends = new Map<string, () => void>();
    api.relay = async function* (_node, order) {
      assert(order.$case === "logs");
      const { taskId, sinceMs } = order.value;
      const container = api.store.view.tasksOfService(service.id);
      const id = Array.from(container, (task) => task).find((task) => task.id === taskId)?.status
        .containerId;
      yield log(10, `${id} since ${sinceMs}`);
      await new Promise<void>((resolve) => ends.set(taskId, resolve));
    };
    const seen: string[] = [];
    const [first, second] = tasks;
    let extra: Task | undefined;
    for await (const line of api.client.readLogs({ ...LOGS, follow: true })) {
      seen.push(shown(line));
      if (seen.length === 2) {
        extra = run(3, 0);
      } else if (seen.length === 3) {
        ends.get(first.id)?.();
        report(api, first, "running", { restarts: 1, containerId: "c1-again" });
      } else if (seen.length === 4) {
        await api.client.removeService({ ref: "web" });
        for (const task of [first, second, extra]) if (task) ends.get(task.id)?.();
      }
    }
    assert.deepEqual(seen.slice(0, 2).sort(), [
      "web.1 stdout c1 since 0",
      "web.2 stdout c2 since 0",
    ]);
    assert.deepEqual(seen.slice(2), ["web.3 stdout c3 since 0", "web.1 stdout c1-again since 11"]);
  });
});

Deno.test("following goes on when a node that was away is back", async () => {
  await withApi(async (api) => {
    const { nodes: [, b], tasks: [first, second] } = await twoTasks(api);
    report(api, first, "failed");
    api.connected.delete(b.id);
    api.relay = async function* () {
      yield await Promise.resolve(log(1, "hello again"));
    };
    const seen: string[] = [];
    for await (const line of api.client.readLogs({ ...LOGS, follow: true })) {
      seen.push(shown(line));
      if (line.stream === "notice") {
        api.connected.add(b.id);
        report(api, second, "running");
      }
      if (seen.filter((text) => text.includes("hello")).length === 2) break;
    }
    assert.equal(seen.filter((text) => text.startsWith("web.2 notice")).length, 1);
    assert.equal(seen.filter((text) => text.startsWith("web.2 stdout")).length, 1);
  });
});

async function* execRequests(
  ref: string,
  ...inputs: readonly ExecRequest[]
): AsyncGenerator<ExecRequest> {
  const start = {
    ref,
    command: ["cat"],
    tty: false,
    stdin: true,
    env: {},
    user: "",
    workdir: "",
    columns: 0,
    rows: 0,
  };
  yield await Promise.resolve({ kind: { $case: "start", value: start } });
  yield* inputs;
}

const stdin = (text: string): ExecRequest => ({
  kind: { $case: "stdin", value: Buffer.from(text) },
});

Deno.test("exec carries input to the agent and output and exit code back", async () => {
  await withApi(async (api) => {
    await twoTasks(api);
    api.relay = async function* (_node, order, input) {
      assert(order.$case === "exec");
      while (input.length < 2) await new Promise((resolve) => setImmediate(resolve));
      for (const { kind } of input) {
        if (kind?.value.kind?.$case !== "stdin") continue;
        yield {
          kind: {
            $case: "exec",
            value: { kind: { $case: "stdout", value: kind.value.kind.value } },
          },
        };
      }
      yield { kind: { $case: "exec", value: { kind: { $case: "exitCode", value: 3 } } } };
    };
    const input = execRequests("web.2", stdin("a"), stdin("b"));
    const answers = await Array.fromAsync(
      api.client.exec(input),
      ({ kind }) => String(kind?.value),
    );
    assert.deepEqual(answers, ["a", "b", "3"]);
  });
});

Deno.test("exec ends although nothing more is typed, and says what went wrong", async () => {
  await withApi(async (api) => {
    const { tasks: [first] } = await twoTasks(api);
    const never = Promise.withResolvers<void>();
    async function* typing(ref: string): AsyncGenerator<ExecRequest> {
      yield* execRequests(ref);
      await never.promise;
    }
    api.relay = async function* () {
      yield await Promise.resolve<RelayRequest>({
        kind: { $case: "exec", value: { kind: { $case: "exitCode", value: 0 } } },
      });
    };
    assert.equal((await Array.fromAsync(api.client.exec(typing("web")))).length, 1);
    api.relay = async function* () {};
    assert.equal(
      await reasonOf(Array.fromAsync(api.client.exec(typing("web")))),
      "NODE_UNREACHABLE",
    );
    api.relay = async function* () {
      const value = { reason: "COMMAND_FAILED", message: "no such command", hint: "" };
      yield await Promise.resolve<RelayRequest>({ kind: { $case: "failure", value } });
    };
    assert.equal(await reasonOf(Array.fromAsync(api.client.exec(typing("web")))), "COMMAND_FAILED");
    report(api, first, "failed");
    assert.equal(
      await reasonOf(Array.fromAsync(api.client.exec(typing("web.1")))),
      "TASK_NOT_RUNNING",
    );
    assert.equal(
      await reasonOf(Array.fromAsync(api.client.exec((async function* () {})()))),
      "BAD_REQUEST",
    );
    never.resolve();
  });
});

Deno.test("stats are those of the tasks named, or of all", async () => {
  await withApi(async (api) => {
    const { tasks } = await twoTasks(api);
    api.stats = tasks.map(({ id }) => ({
      taskId: id,
      serviceName: "web",
      nodeName: "a",
      cpuSeconds: 1.5,
      memoryBytes: 2,
      memoryLimitBytes: 3,
      networkReceiveBytes: 4,
      networkTransmitBytes: 5,
      atMs: 6,
    }));
    assert.equal((await api.client.getTaskStats({ refs: [] })).stats.length, 2);
    assert.equal((await api.client.getTaskStats({ refs: ["web", "web.1"] })).stats.length, 2);
    const { stats } = await api.client.getTaskStats({ refs: ["web.2"] });
    assert.deepEqual(stats.map(({ taskId, cpuSeconds }) => [taskId, cpuSeconds]), [[
      tasks[1].id,
      1.5,
    ]]);
  });
});
