/**
 * A worker as the daemon runs it, over a real connection: it is told what its node is to be, and acts.
 *
 * The manager's side is a gateway over a store that applies at once; how the other kind is started is
 * tested beside `serve`.
 */
import assert from "node:assert/strict";
import { DataDir } from "../../src/daemon/data_dir.ts";
import type { DaemonFlags } from "../../src/daemon/flags.ts";
import { prepareManager } from "../../src/daemon/role/change_kind.ts";
import { settleSettings } from "../../src/daemon/settings.ts";
import { startWorker } from "../../src/daemon/start_worker.ts";
import { noMetrics, realClock, silentLog, sleep } from "../../src/lib/mod.ts";
import { agentService } from "../../src/manager/sessions/agent_service.ts";
import { scene } from "../../src/manager/sessions/testing/scene.ts";
import { createRpcServer, formatAddress, parseAddress } from "../../src/rpc/mod.ts";

const FLAGS: DaemonFlags = {
  ...{ dataDir: null, nodeName: "n1", managerOnly: false, managers: [], token: "token" },
  ...{ listenAddr: null, raftAddr: null, advertiseAddr: null, metricsAddr: "off", socket: null },
  ...{ labels: {}, runtime: "fake", dockerHost: null, enablePprof: false },
  ...{ heartbeatTimeoutMs: null, electionTimeoutMs: null, leaderLeaseTimeoutMs: null },
  ...{ snapshotThreshold: null, trailingLogs: null, logLevel: "error", logFormat: "json" },
};

/** Files of the data directory. */
function filesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

Deno.test("worker removes what is left of a manager only when it is told that it is none", async () => {
  const { fixture, newGateway } = scene();
  const gateway = newGateway();
  const server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  server.addService(agentService(() => gateway));
  const address = formatAddress(await server.listen(parseAddress("127.0.0.1:0")));
  const path = await Deno.makeTempDir();
  try {
    using dataDir = await DataDir.open(path);
    const flags = { ...FLAGS, managers: [address] };
    const machine = { hostname: "n1", defaultSocket: `${path}/warren.sock` };
    const settings = settleSettings("worker", flags, null, { dataDir: path, machine });
    const parts = { dataDir, settings, log: silentLog, signal: new AbortController().signal };
    const nodeId = await (async () => {
      await using worker = await startWorker(parts);
      const node = fixture.view.nodeByName("n1");
      assert.ok(node);
      fixture.ok({ kind: "node.update", id: node.id, role: "hybrid" });
      const change = await worker.changed;
      assert.ok(change?.kind === "manager");
      assert.deepEqual([change.token, change.memberId], ["manager token", ""]);
      assert.deepEqual(change.managers, [address]);
      await prepareManager(dataDir, settings, change);
      return node.id;
    })();
    // As after a crash in the middle of the promotion: it starts as a worker, which is told again.
    const identity = await dataDir.identity();
    assert.ok(identity && identity.nodeId === nodeId);
    {
      await using worker = await startWorker(parts);
      assert.equal((await worker.changed)?.kind, "manager");
      assert.deepEqual(await dataDir.identity(), identity);
    }
    fixture.ok({ kind: "node.update", id: nodeId, role: "worker" });
    {
      await using _worker = await startWorker(parts);
      const untilMs = realClock.monoNow() + 10_000;
      while (filesIn(path).includes("node.json")) {
        assert.ok(realClock.monoNow() < untilMs, "it removes them soon");
        await sleep(realClock, 5);
      }
    }
    assert.deepEqual(filesIn(path), ["agent", "format", "lock"]);
  } finally {
    await gateway.stop();
    await server.stop();
    await Deno.remove(path, { recursive: true });
  }
});
