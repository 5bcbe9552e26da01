import assert from "node:assert/strict";
import { countText, formatApplied, formatPlan, planJson } from "./render.ts";

const PAINT = (text: string) => text;
const CHANGES = [
  { kind: "volume", name: "data", action: "create", diff: [] },
  {
    kind: "service",
    name: "web",
    action: "replace",
    diff: [
      { path: "task.image", before: "a", after: "b\u001b[2J" },
      { path: "task.env.X", before: undefined, after: "1" },
      { path: "labels.l", before: "x", after: undefined },
    ],
  },
  { kind: "secret", name: "s", action: "unchanged", diff: [] },
  { kind: "config", name: "c", action: "delete", diff: [] },
];
const PLACEMENTS = [
  { service: "web", slot: 1, node: "node-1", message: "" },
  { service: "web", slot: 2, node: "node-1", message: "" },
  { service: "web", slot: 3, node: "", message: "no node is suitable" },
];

Deno.test("formatPlan shows each change with its differences, then places, then a count", () => {
  assert.equal(
    formatPlan({ changes: CHANGES, placements: PLACEMENTS }, PAINT),
    [
      "+ volume data",
      "± service web (new tasks)",
      "    image: a -> b [2J",
      "    env.X: 1",
      "    labels.l: x -> none",
      "= secret s unchanged",
      "- config c",
      "! web.3 has no node: no node is suitable",
      "  web would run on node-1 (2)",
      "1 to create, 1 to replace, 1 to delete, 1 unchanged",
      "",
    ].join("\n"),
  );
});

Deno.test("countText says when there is nothing to change", () => {
  assert.equal(countText(CHANGES.slice(2, 3)), "Nothing to change");
});

Deno.test("formatApplied prints unchanged for what stayed", () => {
  assert.equal(
    formatApplied(CHANGES, PAINT),
    "volume/data created\nservice/web updated\nsecret/s unchanged\nconfig/c deleted\n",
  );
});

Deno.test("planJson has null where nothing was or will be", () => {
  const json = JSON.parse(JSON.stringify(planJson({ changes: CHANGES, placements: PLACEMENTS })));
  assert.deepEqual(json.changes[1].diff[1], { path: "task.env.X", before: null, after: "1" });
  assert.deepEqual(json.placements[2], {
    service: "web",
    slot: 3,
    node: null,
    message: "no node is suitable",
  });
});
