/** Writes at a leader that may have been deposed without knowing it. */
import assert from "node:assert/strict";
import { realClock, WarrenError } from "../../lib/mod.ts";
import { asId, asIndex, type LogIndex, type NodeId } from "../../model/mod.ts";
import { serve, type StreamCall } from "../../rpc/mod.ts";
import { ConfigServiceService } from "../../rpc/gen/warren/v1/resource.ts";
import { propose, type ProposingCall } from "../propose.ts";
import { FakeConsensus } from "../testing/fake_consensus.ts";
import { routeCalls } from "./route_calls.ts";

const proposer = {
  propose: () => Promise.resolve({ ok: true as const, index: asIndex<LogIndex>(1) }),
};

function callOf(): StreamCall<unknown> {
  return {
    ...{ method: "ConfigService/RemoveConfig", peer: "local", requestId: "", isForwarded: false },
    signal: new AbortController().signal,
    write: () => Promise.resolve(),
  };
}

/** Calls `removeConfig`, implemented by `remove`, at the leader. */
async function removeAt(
  consensus: FakeConsensus,
  remove: (call: ProposingCall) => Promise<{ id: string }>,
): Promise<unknown> {
  const missing = () => {
    throw new WarrenError("UNKNOWN_METHOD", "not here");
  };
  const service = serve(ConfigServiceService, {
    createConfig: missing,
    getConfig: missing,
    listConfigs: missing,
    removeConfig: (_, call) => remove(call),
  });
  const parts = { consensus, clock: realClock, selfId: asId<NodeId>("self"), open: missing };
  using routed = routeCalls([service], parts);
  const methods = routed.services.flatMap(({ methods }) => methods);
  const method = methods.find(({ name }) => name === "removeConfig");
  return await method?.handler({ ref: "x" }, callOf());
}

Deno.test("routeCalls asks again on fresh state what a leader refused by its own state alone", async () => {
  const consensus = new FakeConsensus();
  const answer = await removeAt(consensus, () => {
    if (consensus.freshReads > 0) return Promise.resolve({ id: "x" });
    throw new WarrenError("CONFIG_NOT_FOUND", "not here yet");
  });
  assert.deepEqual(answer, { id: "x" });
});

Deno.test("routeCalls refuses nothing when the state cannot be made fresh", async () => {
  const consensus = new FakeConsensus();
  consensus.staleReason = new WarrenError("NO_LEADER", "nobody leads");
  const refused = removeAt(consensus, () => {
    throw new WarrenError("CONFIG_NOT_FOUND", "not here");
  });
  await assert.rejects(refused, { reason: "NO_LEADER" });
});

Deno.test("routeCalls lets stand what was proposed, without another check", async () => {
  const consensus = new FakeConsensus();
  const answer = await removeAt(consensus, async (call) => {
    await propose({ proposer }, [], call);
    return { id: "y" };
  });
  assert.deepEqual(answer, { id: "y" });
  assert.equal(consensus.freshReads, 0);
});
