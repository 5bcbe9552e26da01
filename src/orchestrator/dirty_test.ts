/** What the change feed marks for the next pass, and what it does not. */
import assert from "node:assert/strict";
import { wallMs } from "../lib/mod.ts";
import { World } from "../../tests/harness/world.ts";
import type { Dirty } from "./dirty.ts";

/** A settled world with service `web` of two tasks on nodes a and b, and nothing noted. */
function settled(): World {
  const world = new World();
  world.addNode("a");
  world.addNode("b");
  world.putService("web", (spec) => ({
    ...spec,
    task: { ...spec.task, image: "app:1" },
    mode: { kind: "replicated", replicas: 2 },
  }));
  world.settle();
  return world;
}

/** `web` when its service is noted, `a` and `b` for changed nodes, `+a` for nodes with more room. */
function named(world: World, dirty: Dirty): string {
  const nodeName = (id: unknown) =>
    [...world.view.nodes()].find((node) => node.id === id)?.name ?? "?";
  const serviceName = (id: unknown) =>
    [...world.view.services()].find((service) => service.id === id)?.spec.name ?? "?";
  return [
    ...[...dirty.services].map(serviceName),
    ...[...dirty.nodes].map(nodeName),
    ...[...(dirty.freed ?? [])].map((id) => `+${nodeName(id)}`),
    ...(dirty.full ? ["full"] : []),
  ].join(" ");
}

const ROWS: readonly [what: string, expected: string, change: (world: World) => void][] = [
  ["nothing", "", () => {}],
  ["a service that changed", "web", (world) =>
    world.putService("web", (spec) => ({
      ...spec,
      labels: { a: "b" },
    }))],
  ["a task that failed, and the room it leaves", "web +a", (world) => {
    const [task] = world.tasks("web");
    if (task) world.report(task, { state: "failed" });
  }],
  ["a task that is restarted", "web", (world) => {
    const [task] = world.tasks("web");
    if (task) world.report(task, { state: "restarting" });
  }],
  ["a task that is told to end", "web", (world) => {
    const [task] = world.tasks("web");
    if (task) world.apply({ kind: "task.desire", id: task.id, desired: "shutdown" });
  }],
  ["no task that only changed its health", "", (world) => {
    const [task] = world.tasks("web");
    if (task) world.report(task, { health: "healthy" });
  }],
  [
    "a node that is drained",
    "b",
    (world) => world.apply({ kind: "node.update", id: world.node("b").id, availability: "drain" }),
  ],
  [
    "a node that is down",
    "b",
    (world) =>
      world.apply({ kind: "node.status", id: world.node("b").id, status: "down", message: "" }),
  ],
  [
    "no node whose status message alone changed",
    "",
    (world) =>
      world.apply({ kind: "node.status", id: world.node("b").id, status: "ready", message: "x" }),
  ],
  ["a node that joined", "c", (world) => world.addNode("c")],
  [
    "a removed service, by the tasks that are to go",
    "?",
    (world) => world.apply({ kind: "service.remove", id: world.service("web").id }),
  ],
  ["no secret", "", (world) =>
    world.apply({
      kind: "volume.create",
      volume: {
        id: "v".repeat(25) as never,
        name: "data",
        labels: {},
        driver: "local",
        options: {},
        createdMs: world.nowMs,
        updatedMs: world.nowMs,
      },
    })],
];

for (const [what, expected, change] of ROWS) {
  Deno.test(`DirtySet notes ${what}`, () => {
    const world = settled();
    change(world);
    assert.equal(world.dirty.isEmpty, expected === "");
    assert.equal(named(world, world.dirty.take()), expected);
    assert.ok(world.dirty.isEmpty);
  });
}

Deno.test("DirtySet notes the service of a task that was given up before it had a node", () => {
  const world = settled();
  world.putService("web", (spec) => ({
    ...spec,
    mode: { kind: "replicated", replicas: 3 },
    placement: { ...spec.placement, constraints: ["node.name==z"] },
  }));
  world.converge();
  const [waiting] = [...world.view.pendingTasks()];
  assert.ok(waiting);
  world.apply(
    { kind: "task.desire", id: waiting.id, desired: "shutdown" },
    { kind: "task.remove", id: waiting.id },
  );
  assert.equal(named(world, world.dirty.take()), "web");
});

Deno.test("DirtySet takes back what a pass could not deal with", () => {
  const world = settled();
  world.dirty.markAll();
  world.addNode("c");
  const taken = world.dirty.take();
  world.dirty.restore(taken);
  assert.equal(named(world, world.dirty.take()), "c full");
});

Deno.test("DirtySet remembers the wish of each service until it is due or taken back", () => {
  const world = settled();
  const { id } = world.service("web");
  const { dirty } = world;
  dirty.noteWakes(new Map([[id, wallMs(5_000)]]));
  assert.equal(dirty.wakeAtMs, 5_000);
  dirty.markDue(wallMs(4_999));
  assert.ok(dirty.isEmpty);
  dirty.noteWakes(new Map([[id, null]]));
  assert.equal(dirty.wakeAtMs, null);
  dirty.noteWakes(new Map([[id, wallMs(6_000)]]));
  dirty.markDue(wallMs(6_000));
  assert.equal(named(world, dirty.take()), "web");
  assert.equal(dirty.wakeAtMs, null);
});
