/** Two managers over real sockets: what a follower answers itself and what the leader answers for it. */
import assert from "node:assert/strict";
import { noMetrics, realClock, silentLog, WarrenError } from "../../lib/mod.ts";
import { asId, type NodeId } from "../../model/mod.ts";
import {
  type Channel,
  createRpcServer,
  type Handlers,
  openChannel,
  type RpcAddress,
  serve,
} from "../../rpc/mod.ts";
import { type ReadLogsResponse, TaskServiceService } from "../../rpc/gen/warren/v1/task.ts";
import { FakeConsensus } from "../testing/fake_consensus.ts";
import { routeCalls } from "./route_calls.ts";

type TaskHandlers = {
  -readonly [Name in keyof typeof TaskServiceService]?: Handlers<typeof TaskServiceService>[Name];
};

interface Manager {
  readonly consensus: FakeConsensus;
  readonly channel: Channel;
  readonly opened: Channel[];
  handlers: TaskHandlers;
}

const LEADER = asId<NodeId>("leader");
const SELF = asId<NodeId>("self");

/** Runs `body` with a leader and a follower that know of each other. */
async function withTwo(body: (leader: Manager, follower: Manager) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  const addresses = ["leader", "follower"].map((name): RpcAddress => {
    return { kind: "unix", path: `${folder}/${name}.sock` };
  });
  const [leader, follower] = await Promise.all(addresses.map((at) => startManager(at, stack)));
  assert(leader && follower);
  follower.consensus.setLeader(false, { id: LEADER, address: leader.channel.address });
  leader.consensus.setLeader(true, { id: LEADER, address: leader.channel.address });
  await body(leader, follower);
  await stack.disposeAsync();
  await Deno.remove(folder, { recursive: true });
}

async function startManager(address: RpcAddress, stack: AsyncDisposableStack): Promise<Manager> {
  const consensus = new FakeConsensus();
  const server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  const opened: Channel[] = [];
  const manager: Manager = { consensus, opened, handlers: {}, channel: openChannel(address) };
  const missing = () => {
    throw new WarrenError("UNKNOWN_METHOD", "not here");
  };
  const service = serve(TaskServiceService, {
    listTasks: (request, call) => (manager.handlers.listTasks ?? missing)(request, call),
    getTask: (request, call) => (manager.handlers.getTask ?? missing)(request, call),
    readLogs: (request, call) => (manager.handlers.readLogs ?? missing)(request, call),
    exec: (requests, call) => (manager.handlers.exec ?? missing)(requests, call),
    getTaskStats: (request, call) => (manager.handlers.getTaskStats ?? missing)(request, call),
  });
  const open = (to: string) => {
    const channel = openChannel({ kind: "unix", path: to.replace("unix://", "") });
    opened.push(channel);
    return channel;
  };
  const routed = routeCalls([service], { consensus, clock: realClock, open, selfId: SELF });
  for (const one of routed.services) server.addService(one);
  await server.listen(address);
  stack.defer(() => server.stop());
  stack.defer(() => routed[Symbol.dispose]());
  stack.defer(() => manager.channel.close());
  return manager;
}

async function faultOf(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error;
  }
  return new WarrenError("UNKNOWN_FAULT", "nothing failed");
}

const { getTask, getTaskStats, readLogs, exec } = TaskServiceService;
const LOGS = { ref: "web", follow: true, sinceMs: 0 };

function line(text: string): ReadLogsResponse {
  return { taskId: "t", taskName: "web.1", stream: "stdout", timeMs: 0, line: Buffer.from(text) };
}

Deno.test("routeCalls lets reads wait until they are fresh, and stale ones not", async () => {
  await withTwo(async (_leader, follower) => {
    follower.handlers.getTask = () => ({ task: undefined });
    await follower.channel.unary(getTask, { ref: "a" });
    assert.equal(follower.consensus.freshReads, 1);
    follower.consensus.staleReason = new WarrenError("NO_LEADER", "No leader");
    const fault = await faultOf(follower.channel.unary(getTask, { ref: "a" }));
    assert.equal(fault.reason, "NO_LEADER");
    await follower.channel.unary(getTask, { ref: "a", stale: true });
  });
});

Deno.test("routeCalls sends a call on to the leader with its request id, once", async () => {
  await withTwo(async (leader, follower) => {
    const seen: string[] = [];
    leader.handlers.getTaskStats = ({ refs }, { requestId, isForwarded }) => {
      seen.push(`${refs} ${requestId} ${isForwarded}`);
      return { stats: [] };
    };
    await follower.channel.unary(getTaskStats, { refs: ["web"] }, { requestId: "r1" });
    assert.deepEqual(seen, ["web r1 true"]);
    // The follower's leader does not lead and knows of no other: it does not send the call on again.
    leader.consensus.setLeader(false, { id: LEADER, address: "unix:///nowhere" });
    const fault = await faultOf(
      follower.channel.unary(getTaskStats, { refs: [] }, { isForwarded: true }),
    );
    assert.equal(fault.reason, "NO_LEADER");
  });
});

Deno.test("routeCalls passes the leader's errors through unchanged", async () => {
  await withTwo(async (leader, follower) => {
    leader.handlers.getTaskStats = () => {
      throw new WarrenError("SERVICE_NOT_FOUND", "There is no such service", { hint: "look" });
    };
    const { reason, message, hint } = await faultOf(
      follower.channel.unary(getTaskStats, { refs: [] }),
    );
    assert.deepEqual([reason, message, hint], [
      "SERVICE_NOT_FOUND",
      "There is no such service",
      "look",
    ]);
  });
});

Deno.test("routeCalls waits through an election and asks who leads then", async () => {
  await withTwo(async (leader, follower) => {
    leader.handlers.getTaskStats = () => ({ stats: [] });
    follower.handlers.getTaskStats = () => ({ stats: [] });
    // It was elected a moment ago and has not caught up: it does not call itself meanwhile.
    follower.consensus.setLeader(false, { id: SELF, address: "unix:///nowhere" });
    const asked = follower.channel.unary(getTaskStats, { refs: [] });
    follower.consensus.setLeader(true, { id: SELF, address: "unix:///nowhere" });
    await asked;
    assert.equal(follower.opened.length, 0, "it leads itself now");
  });
});

Deno.test("routeCalls goes on at the new leader when a handler has handed over", async () => {
  await withTwo(async (leader, follower) => {
    follower.handlers.getTaskStats = () => {
      follower.consensus.setLeader(false, { id: LEADER, address: leader.channel.address });
      throw new WarrenError("NO_LEADER", "Leadership has moved away");
    };
    let count = 0;
    leader.handlers.getTaskStats = () => {
      count++;
      return { stats: [] };
    };
    follower.consensus.setLeader(true, null);
    await follower.channel.unary(getTaskStats, { refs: [] });
    assert.equal(count, 1);
  });
});

Deno.test("routeCalls carries a stream, and ends it when leadership moves", async () => {
  await withTwo(async (leader, follower) => {
    const ended = Promise.withResolvers<void>();
    leader.handlers.readLogs = async (_request, call) => {
      await call.write(line("one"));
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
      ended.resolve();
    };
    const seen: string[] = [];
    const fault = await faultOf((async () => {
      for await (const { line } of follower.channel.serverStream(readLogs, LOGS)) {
        seen.push(line.toString());
        follower.consensus.setLeader(false, { id: asId<NodeId>("other"), address: "unix:///x" });
      }
    })());
    assert.deepEqual([seen, fault.reason], [["one"], "NO_LEADER"]);
    await ended.promise;
  });
});

Deno.test("routeCalls ends a stream of a leader that leads no more", async () => {
  await withTwo(async (leader) => {
    leader.handlers.readLogs = async (_request, call) => {
      await call.write(line("one"));
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
    };
    const fault = await faultOf((async () => {
      for await (const _ of leader.channel.serverStream(readLogs, LOGS)) {
        leader.consensus.setLeader(false, null);
      }
    })());
    assert.equal(fault.reason, "NO_LEADER");
  });
});

Deno.test("routeCalls carries both ways of a stream, and that its caller goes away", async () => {
  await withTwo(async (leader, follower) => {
    const ended = Promise.withResolvers<void>();
    leader.handlers.exec = async (requests, call) => {
      call.signal.addEventListener("abort", () => ended.resolve());
      for await (const { kind } of requests) {
        if (kind?.$case !== "stdin") continue;
        await call.write({ kind: { $case: "stdout", value: kind.value } });
      }
      await call.write({ kind: { $case: "exitCode", value: 3 } });
    };
    const call = follower.channel.bidi(exec);
    const answers = call.responses[Symbol.asyncIterator]();
    await call.write({ kind: { $case: "stdin", value: Buffer.from("ho") } });
    const first = (await answers.next()).value;
    assert.equal(first?.kind?.$case === "stdout" && first.kind.value.toString(), "ho");
    call.end();
    assert.deepEqual((await answers.next()).value, { kind: { $case: "exitCode", value: 3 } });
    assert.equal((await answers.next()).done, true);
    const left = follower.channel.bidi(exec);
    await left.write({ kind: { $case: "stdin", value: Buffer.from("ho") } });
    await left.responses[Symbol.asyncIterator]().next();
    left.cancel();
    await ended.promise;
    // What the transport still tells of the cancelled call is taken in before the test ends.
    await faultOf(left.responses[Symbol.asyncIterator]().next());
  });
});
