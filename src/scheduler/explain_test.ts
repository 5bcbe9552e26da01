/** The one line that says why no node takes a task. */
import assert from "node:assert/strict";
import { explainUnplaced, MAX_REFUSALS, type NodeRefusal } from "./explain.ts";
import type { RefusedNode } from "./filters/filter.ts";
import { World } from "../../tests/harness/world.ts";

const world = new World();
for (let at = 0; at < 30; at++) world.addNode(`n${at}`);

function refusals(...rows: readonly [filter: string, refused: Partial<RefusedNode>][]) {
  return rows.map(([filter, refused], at): NodeRefusal => ({
    node: world.node(`n${at}`),
    filter,
    refused: { message: "", change: "", ...refused },
  }));
}

Deno.test("explainUnplaced says that there are no nodes", () => {
  assert.equal(explainUnplaced([]).message, "no node is suitable: the cluster has no nodes");
});

Deno.test("explainUnplaced names the only node", () => {
  const { message } = explainUnplaced(refusals(["ready", { message: "is down" }]));
  assert.equal(message, "no node is suitable: n0 is down");
});

Deno.test("explainUnplaced counts equal reasons together, the most common first", () => {
  const message = "needs 4 cores and has 1.5 free";
  const unplaced = explainUnplaced(refusals(
    ["availability", { message: "is drained" }],
    ["resources", { message }],
    ["resources", { message }],
  ));
  assert.equal(
    unplaced.message,
    "no node is suitable: 2 of 3 need 4 cores and have 1.5 free; 1 is drained",
  );
});

Deno.test("explainUnplaced shows the nearest of nodes that lack different amounts", () => {
  const unplaced = explainUnplaced(refusals(
    ["resources", { message: "needs 4 cores and has 1 free", nearness: 0.25 }],
    ["resources", { message: "needs 4 cores and has 3 free", nearness: 0.75 }],
  ));
  assert.equal(
    unplaced.message,
    "no node is suitable: 2 of 2 need 4 cores and have 3 free (n1, the nearest)",
  );
  assert.equal(unplaced.refusals[0]?.nodeName, "n1");
});

Deno.test("explainUnplaced counts by what reasons have in common", () => {
  const common = "does not match node.labels.zone==eu";
  const unplaced = explainUnplaced(refusals(
    ["constraints", { message: `${common} (it is "us")`, common }],
    ["constraints", { message: `${common} (it is "asia")`, common }],
  ));
  assert.equal(
    unplaced.message,
    "no node is suitable: 2 of 2 do not match node.labels.zone==eu",
  );
});

Deno.test("explainUnplaced keeps line and list short on many nodes and reasons", () => {
  const rows = Array.from({ length: 30 }, (_, at): [string, Partial<RefusedNode>] => [
    `filter${at % 6}`,
    { message: "is unsuitable" },
  ]);
  const unplaced = explainUnplaced(refusals(...rows));
  assert.equal(unplaced.refusals.length, MAX_REFUSALS);
  assert.match(unplaced.message, /^no node is suitable: 5 of 30 .*; 10 for other reasons$/);
});
