import assert from "node:assert/strict";
import { monoMs, seededIds, wallMs } from "../lib/mod.ts";
import { asId, asIndex, type Node, type NodeId, type NodeStatus } from "../model/mod.ts";
import { Liveness, NODE_TIMEOUT_MS } from "./liveness.ts";

const ids = seededIds(1);

function node(status: NodeStatus): Node {
  return {
    id: asId<NodeId>(ids.next()),
    name: "a",
    role: "worker",
    availability: "active",
    status,
    statusMessage: "",
    address: "",
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

function statuses(liveness: Liveness, nodes: Node[], nowMs: number): (NodeStatus | undefined)[] {
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
  liveness.lost(one.id, monoMs(100));
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

Deno.test("Liveness asks to look again when the next node would time out", () => {
  const liveness = new Liveness();
  const [early, late] = [node("ready"), node("ready")];
  liveness.pulse(early.id, monoMs(100));
  liveness.pulse(late.id, monoMs(900));
  assert.equal(liveness.decide([early, late], monoMs(1_000)).nextMs, 100 + NODE_TIMEOUT_MS);
});
