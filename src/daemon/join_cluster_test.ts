/** A join over real sockets: which manager is asked, what is told, and when it gives up. */
import assert from "node:assert/strict";
import { noMetrics, realClock, silentLog, WarrenError } from "../lib/mod.ts";
import {
  ClusterServiceService,
  type JoinManagerRequest,
  type JoinManagerResponse,
} from "../rpc/gen/warren/v1/cluster.ts";
import { createRpcServer, formatAddress, serve } from "../rpc/mod.ts";
import { joinCluster, type JoinParts } from "./join_cluster.ts";

/** A refused connection leaves a short timer of the transport's own behind. */
const REFUSED = { sanitizeOps: false, sanitizeResources: false };

const IDENTITY = { nodeId: "n".repeat(25), memberId: "m".repeat(25), credential: "c".repeat(64) };

function partsOf(managers: readonly string[], over: Partial<JoinParts["settings"]> = {}) {
  const settings = {
    advertiseAddr: null,
    hasAgent: false,
    labels: { zone: "a" },
    listenAddr: "127.0.0.1:12377",
    managers,
    nodeName: "m2",
    raftAddr: "127.0.0.1:0",
    raftAdvertiseAddr: null,
    token: "t",
    ...over,
  };
  const signal = new AbortController().signal;
  return { settings, identity: IDENTITY, log: silentLog, signal };
}

/** Runs `body` with a manager that answers as `answer` does. */
async function withManager(
  answer: (request: JoinManagerRequest) => JoinManagerResponse,
  body: (address: string) => Promise<void>,
): Promise<void> {
  await using server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  const { joinManager } = ClusterServiceService;
  server.addService(serve({ joinManager }, { joinManager: answer }));
  const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  await body(formatAddress(bound));
}

const JOINED: JoinManagerResponse = {
  clusterId: "c",
  dataKey: Buffer.from([1, 2, 3]),
  members: [
    { id: "other", nodeId: "x", raftAddress: "127.0.0.1:7" },
    { id: "unknown", nodeId: "y", raftAddress: "" },
    { id: IDENTITY.memberId, nodeId: IDENTITY.nodeId, raftAddress: "127.0.0.1:8" },
  ],
};

Deno.test(
  "joinCluster asks the next manager, and again while there is no leader",
  REFUSED,
  async () => {
    const requests: JoinManagerRequest[] = [];
    await withManager((request) => {
      requests.push(request);
      if (requests.length === 1) throw new WarrenError("NO_LEADER", "No leader");
      if (requests.length === 2) throw new WarrenError("UNKNOWN_OUTCOME", "The leader was lost");
      return JOINED;
    }, async (address) => {
      const joined = await joinCluster(partsOf(["127.0.0.1:1", address]));
      assert.deepEqual(joined, {
        clusterId: "c",
        dataKey: Uint8Array.of(1, 2, 3),
        members: [{ id: "other", address: "127.0.0.1:7" }],
      });
    });
    const [first, , third] = requests;
    assert.deepEqual(first, third, "the same request each time");
    const { nodeId, memberId, name, address, raftAddress, hasAgent } = first ?? assert.fail();
    assert.deepEqual([nodeId, memberId, name], [IDENTITY.nodeId, IDENTITY.memberId, "m2"]);
    // The port of Raft is chosen when it is bound: it is told later.
    assert.deepEqual([address, raftAddress, hasAgent], ["127.0.0.1:12377", "", false]);
  },
);

Deno.test("joinCluster gives up on what a manager refuses for good, and without a token", async () => {
  await withManager(() => {
    throw new WarrenError("TOKEN_REFUSED", "Bad token");
  }, async (address) => {
    await assert.rejects(joinCluster(partsOf([address])), { reason: "TOKEN_REFUSED" });
    await assert.rejects(joinCluster(partsOf([address], { token: null })), { reason: "USAGE" });
    await assert.rejects(joinCluster(partsOf([])), { reason: "USAGE" });
  });
});

Deno.test("joinCluster tells whoever answers for another port apart from a manager", async () => {
  await using server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  await assert.rejects(joinCluster(partsOf([formatAddress(bound)])), {
    reason: "UNKNOWN_METHOD",
    hint: /--listen-addr, not its --raft-addr/,
  });
});
