import assert from "node:assert/strict";
import { aService, aTask } from "../testing/samples.ts";
import { explain } from "./why.ts";

Deno.test("explain says that nothing is wrong when nothing is", () => {
  const service = aService({ desired: 1, running: 1 });
  const tasks = [aTask({ state: "running" })];
  assert.deepEqual(explain({ service, waitingFor: "", tasks }), [
    "web: 1 of 1 task running; nothing is wrong",
  ]);
});

Deno.test("explain names each node's refusal and the smallest change that helps", () => {
  const refusal = {
    nodeId: "n",
    nodeName: "node-1",
    filter: "resources",
    message: "needs 4 cores, 1.5 free",
    change: "lower --reserve-cpus to 1.5",
  };
  const task = aTask({
    state: "pending",
    nodeName: "",
    unplaced: "no node is suitable",
    refusals: [refusal],
  });
  const [head, waiting, text] = explain({
    service: aService(),
    waitingFor: "a node for web.1",
    tasks: [task],
  });
  assert.equal(head, "web: 0 of 1 task running");
  assert.equal(waiting, "Waiting for: a node for web.1");
  assert.equal(
    text,
    "web.1: no node is suitable\n  node-1: needs 4 cores, 1.5 free; to place it here, " +
      "lower --reserve-cpus to 1.5",
  );
});

Deno.test("explain shows the last failure of a task with its last output", () => {
  const task = aTask({ state: "failed", message: "exited with 1", lastLines: ["boom"] });
  const [text] = explain({ service: null, waitingFor: "", tasks: [task] });
  assert.equal(text, "web.1 on node-1: exited with 1 [failed]\n  its last output:\n  | boom");
});

Deno.test("explain shows ten troubled tasks and counts the rest", () => {
  const tasks = Array.from(
    { length: 15 },
    (_, slot) => aTask({ id: `t${slot}`, slot, state: "failed" }),
  );
  const lines = explain({ service: aService({ desired: 15 }), waitingFor: "", tasks });
  assert.equal(lines.length, 12);
  assert.equal(lines.at(-1), "and 5 more tasks");
});
