import assert from "node:assert/strict";
import { monoMs, seededIds, wallMs } from "../lib/mod.ts";
import { asId, asIndex, type Node, type NodeId, type NodeStatus } from "../model/mod.ts";
import { Liveness, NODE_TIMEOUT_MS } from "./liveness.ts";

const ids = seededIds(1);
/** When each leader decided last. */
const decidedMs = new WeakMap<Liveness, number>();

function node(status: NodeStatus): Node {
  return {
    id: asId<NodeId>(ids.next()),
    name: "a",
    role: "worker",
    availability: "active",
    status,
    statusMessage: "",
    address: "",
    memberId: "",
    raftAddress: "",
    labels: {},
    description: {
      hostname: "a",
      os: "linux",
      arch: "amd64",
      runtimes: ["docker"],
      engine: "",
      resources: { milliCpus: 0, memoryBytes: 0 },
      version: "",
    },
    credentialHash: "",
    joinedMs: wallMs(0),
    updatedMs: wallMs(0),
    version: asIndex(1),
  };
}

/** Lets the leader decide in its rhythm until `nowMs`, and gives what it decides then. */
function statuses(liveness: Liveness, nodes: Node[], nowMs: number): (NodeStatus | undefined)[] {
  const fromMs = decidedMs.get(liveness);
  if (fromMs !== undefined) {
    for (let atMs = fromMs + 2_000; atMs < nowMs; atMs += 2_000) {
      liveness.decide(nodes, monoMs(atMs));
    }
  }
  decidedMs.set(liveness, nowMs);
  const { actions } = liveness.decide(nodes, monoMs(nowMs));
  return nodes.map(({ id }) => {
    const action = actions.find((one) => one.kind === "node.status" && one.id === id);
    return action?.kind === "node.status" ? action.status : undefined;
  });
}

Deno.test("Liveness makes a node ready when its session begins", () => {
  const liveness = new Liveness();
  const one = node("down");
  liveness.pulse(one.id, monoMs(0));
  assert.deepEqual(statuses(liveness, [one], 1), ["ready"]);
});

Deno.test("Liveness proposes nothing for a node that is what the store says", () => {
  const liveness = new Liveness();
  const one = node("ready");
  liveness.pulse(one.id, monoMs(0));
  assert.deepEqual(statuses(liveness, [one], NODE_TIMEOUT_MS - 1), [undefined]);
});

Deno.test("Liveness calls a node unknown when its session breaks, and down after the timeout", () => {
  const liveness = new Liveness();
  const one = node("ready");
  liveness.pulse(one.id, monoMs(0));
  liveness.lost(one.id);
  assert.deepEqual(statuses(liveness, [one], 101), ["unknown"]);
  assert.deepEqual(statuses(liveness, [one], NODE_TIMEOUT_MS), ["down"]);
});

Deno.test("Liveness calls a node down whose connection is open but silent", () => {
  const liveness = new Liveness();
  const one = node("ready");
  liveness.pulse(one.id, monoMs(0));
  assert.deepEqual(statuses(liveness, [one], NODE_TIMEOUT_MS), ["down"]);
});

Deno.test("Liveness gives a node it never heard of the whole timeout", () => {
  const liveness = new Liveness();
  const one = node("ready");
  assert.deepEqual(statuses(liveness, [one], 5_000), [undefined]);
  assert.deepEqual(statuses(liveness, [one], 5_000 + NODE_TIMEOUT_MS - 1), [undefined]);
  assert.deepEqual(statuses(liveness, [one], 5_000 + NODE_TIMEOUT_MS), ["down"]);
});

Deno.test("Liveness does not call a dead node unknown again", () => {
  const liveness = new Liveness();
  const one = node("down");
  assert.deepEqual(statuses(liveness, [one], 0), [undefined]);
});

Deno.test("Liveness asks to look again when the next node would time out, and soon anyway", () => {
  const liveness = new Liveness();
  const [early, late] = [node("ready"), node("ready")];
  liveness.pulse(early.id, monoMs(8_100));
  liveness.pulse(late.id, monoMs(8_900));
  assert.equal(liveness.decide([early, late], monoMs(9_000)).nextMs, 11_000);
  assert.equal(liveness.decide([early, late], monoMs(11_000)).nextMs, 13_000);
  assert.equal(liveness.decide([early, late], monoMs(13_000)).nextMs, 15_000);
  assert.equal(liveness.decide([early, late], monoMs(15_000)).nextMs, 17_000);
  const { nextMs } = liveness.decide([early, late], monoMs(17_000));
  assert.equal(nextMs, 8_100 + NODE_TIMEOUT_MS);
});

Deno.test("Liveness blames nobody for a time in which the leader itself stood still", () => {
  const liveness = new Liveness();
  const [here, gone] = [node("ready"), node("ready")];
  for (const { id } of [here, gone]) liveness.pulse(id, monoMs(0));
  assert.deepEqual(statuses(liveness, [here, gone], 1_000), [undefined, undefined]);
  const verdict = liveness.decide([here, gone], monoMs(61_000));
  assert.deepEqual([verdict.actions, verdict.standstillMs], [[], 60_000]);
  decidedMs.set(liveness, 61_000);
  liveness.pulse(here.id, monoMs(61_001));
  assert.deepEqual(statuses(liveness, [here, gone], 69_999), [undefined, undefined]);
  assert.deepEqual(statuses(liveness, [here, gone], 70_000), [undefined, "down"]);
});

Deno.test("Liveness keeps nothing of a node that was removed, even if its session ends later", () => {
  const liveness = new Liveness();
  const one = node("ready");
  liveness.pulse(one.id, monoMs(0));
  liveness.forget(one.id);
  liveness.lost(one.id);
  assert.deepEqual(statuses(liveness, [one], 5_000), [undefined], "as one never heard of");
});
