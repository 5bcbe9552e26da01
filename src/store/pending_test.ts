/** The list of waiting tasks in the store and in an overlay. */
import assert from "node:assert/strict";
import { World } from "../../tests/harness/world.ts";
import { OverlayView } from "./mod.ts";

/** A world whose service asks for a node that is not there. */
function waiting(): World {
  const world = new World();
  world.putService("web", (spec) => ({
    ...spec,
    task: { ...spec.task, image: "app:1" },
    mode: { kind: "replicated", replicas: 3 },
  }));
  world.converge();
  return world;
}

Deno.test("pendingTasks lists what waits for a node, and nothing that was placed or told to end", () => {
  const world = waiting();
  assert.equal([...world.view.pendingTasks()].length, 3);
  world.putService("web", (spec) => ({ ...spec, mode: { kind: "replicated", replicas: 2 } }));
  world.converge();
  assert.equal([...world.view.pendingTasks()].length, 2);
  world.addNode("a");
  world.converge();
  assert.deepEqual([...world.view.pendingTasks()], []);
});

Deno.test("pendingTasks of an overlay follows what was laid on it", () => {
  const world = waiting();
  const nodeId = world.addNode("a");
  const overlay = new OverlayView(world.view, world.nowMs);
  const [first, second] = [...overlay.pendingTasks()];
  assert.ok(first && second);
  overlay.lay({ kind: "task.place", id: first.id, nodeId });
  overlay.lay({ kind: "task.desire", id: second.id, desired: "shutdown" });
  assert.equal([...overlay.pendingTasks()].length, 1);
  assert.equal([...world.view.pendingTasks()].length, 3);
});
