/**
 * An agent and two managers over real connections, whose leadership moves: what is said on the wire.
 *
 * Both managers share one state, as replicas do; consensus itself has tests of its own.
 */
import assert from "node:assert/strict";
import {
  type Agent,
  channelLink,
  FakeRuntime,
  MemoryFiles,
  memoryState,
  type RoleOrder,
  startAgent,
} from "../../src/agent/mod.ts";
import { noMetrics, Prng, realClock, silentLog, sleep } from "../../src/lib/mod.ts";
import type { AgentGateway } from "../../src/manager/sessions/agent_gateway.ts";
import { agentService } from "../../src/manager/sessions/agent_service.ts";
import { scene } from "../../src/manager/sessions/testing/scene.ts";
import { createRpcServer, formatAddress, openChannel, parseAddress } from "../../src/rpc/mod.ts";

/** A server of agents that leads while it has a gateway. */
class Manager {
  readonly server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  gateway: AgentGateway | null = null;
  address = "";

  async start(): Promise<this> {
    this.server.addService(agentService(() => this.gateway));
    this.address = formatAddress(await this.server.listen(parseAddress("127.0.0.1:0")));
    return this;
  }

  async lose(): Promise<void> {
    const { gateway } = this;
    this.gateway = null;
    await gateway?.stop();
  }
}

/** Waits for `isTrue`; fails after `limitMs`. Answers how long it took, in milliseconds. */
async function until(isTrue: () => boolean, limitMs: number, what: string): Promise<number> {
  const startMs = realClock.monoNow();
  while (!isTrue()) {
    assert.ok(realClock.monoNow() - startMs < limitMs, `${what} within ${limitMs} ms`);
    await sleep(realClock, 5);
  }
  return realClock.monoNow() - startMs;
}

function startTestAgent(
  runtime: FakeRuntime,
  managers: readonly string[],
  onRole: (order: RoleOrder) => void,
): Promise<Agent> {
  return startAgent({
    config: { managers, nodeName: "n1", labels: {}, token: "token" },
    runtimes: [{ choice: "docker", runtime }],
    describe: () =>
      Promise.resolve({
        ...{ hostname: "n1", os: "linux", arch: "amd64", runtimes: ["docker"], engine: "fake" },
        ...{ resources: { milliCpus: 1_000, memoryBytes: 2 ** 30 }, version: "0" },
      }),
    connect: (address) => channelLink(openChannel(parseAddress(address))),
    identity: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    state: memoryState(),
    files: () => new MemoryFiles(),
    probes: { ask: () => Promise.resolve("") },
    bootId: "boot",
    clock: realClock,
    prng: new Prng(1),
    log: silentLog,
    metrics: noMetrics,
    onRole,
    signal: new AbortController().signal,
  });
}

Deno.test("agent goes with the leadership, tells what was not committed, and runs on", async () => {
  const { fixture, newGateway, cut } = scene();
  const [one, two] = [await new Manager().start(), await new Manager().start()];
  try {
    for (const [name, { address }] of [["m1", one], ["m2", two]] as const) {
      fixture.addNode(name, { role: "manager", address });
    }
    one.gateway = newGateway();
    const runtime = new FakeRuntime({ clock: realClock });
    const roles: string[] = [];
    await using agent = await startTestAgent(runtime, [one.address], (order) => {
      roles.push(`${order.role} ${order.managerToken}`);
    });
    await agent.connected;
    assert.deepEqual(agent.managers, [one.address, two.address], "it was told of the other one");
    const node = fixture.view.nodeByName("n1");
    assert.ok(node);
    const service = fixture.addService("web");
    const first = fixture.addTask(service, node, 1);
    const state = (id: typeof first.id) => fixture.view.task(id)?.status.state;
    await until(() => state(first.id) === "running", 5_000, "the first task runs");
    cut.isCut = true;
    const second = fixture.addTask(service, node, 2);
    await until(() => runtime.runningCount === 2, 5_000, "the second task runs");
    const before = [...runtime.calls].filter((call) => /^(create|start|stop|remove)/.test(call));

    for (const [from, to] of [[one, two], [two, one], [one, two]] as const) {
      await from.lose();
      await sleep(realClock, 600); // as an election takes
      assert.ok(!agent.isConnected);
      cut.isCut = false;
      to.gateway = newGateway();
      await until(() => agent.isConnected, 1_000, "a session with the new leader");
    }
    await until(() => state(second.id) === "running", 5_000, "what was not committed is told");
    const after = [...runtime.calls].filter((call) => /^(create|start|stop|remove)/.test(call));
    assert.deepEqual(after, before, "no task was touched");

    fixture.ok({ kind: "node.update", id: node.id, role: "hybrid" });
    await until(() => roles.at(-1) === "hybrid manager token", 2_000, "the agent is told its role");
    assert.equal(roles[0], "worker ");
  } finally {
    for (const manager of [one, two]) {
      await manager.lose();
      await manager.server.stop();
    }
  }
});
