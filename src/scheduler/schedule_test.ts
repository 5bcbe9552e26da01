/** Where tasks end up: spreading, load, volumes and reasons. */
import assert from "node:assert/strict";
import type { ServiceSpec } from "../model/mod.ts";
import { World } from "../../tests/harness/world.ts";

/** Nodes of the live tasks of a service, in order of their slots. */
function placed(world: World, name: string): string {
  const names = [...world.view.nodes()].map((node) => [node.id, node.name] as const);
  const byId = new Map<string, string>(names);
  return world.tasks(name).filter(({ desired }) => desired === "running")
    .map(({ nodeId }) => byId.get(nodeId ?? "") ?? "-").join(" ");
}

function replicas(count: number, edit: (spec: ServiceSpec) => ServiceSpec = (spec) => spec) {
  return (spec: ServiceSpec): ServiceSpec =>
    edit({
      ...spec,
      task: { ...spec.task, image: "app:1" },
      mode: { kind: "replicated", replicas: count },
    });
}

Deno.test("Placer spreads over nodes before it looks at load", () => {
  const world = new World();
  for (const name of ["a", "b", "c"]) world.addNode(name);
  world.putService("web", replicas(7));
  world.converge();
  assert.equal(placed(world, "web"), "a b c a b c a");
});

Deno.test("Placer takes the least loaded of nodes with equally many tasks of the service", () => {
  const world = new World();
  for (const name of ["a", "b"]) world.addNode(name);
  const heavy = { milliCpus: 2_000, memoryBytes: 0 };
  world.putService(
    "one",
    replicas(1, (spec) => ({
      ...spec,
      task: { ...spec.task, resources: { limits: heavy, reservations: heavy } },
    })),
  );
  world.converge();
  world.putService("two", replicas(1));
  world.converge();
  assert.equal(placed(world, "one"), "a");
  assert.equal(placed(world, "two"), "b");
});

Deno.test("Placer spreads over several labels in the order of their importance", () => {
  const world = new World();
  world.addNode("a", { labels: { zone: "1", rack: "x" } });
  world.addNode("b", { labels: { zone: "1", rack: "y" } });
  world.addNode("c", { labels: { zone: "2", rack: "x" } });
  world.addNode("d");
  world.putService(
    "web",
    replicas(6, (spec) => ({
      ...spec,
      placement: { ...spec.placement, spread: ["node.labels.zone", "node.labels.rack"] },
    })),
  );
  world.converge();
  assert.equal(placed(world, "web"), "a d c b d c");
});

Deno.test("Placer counts only tasks that stay, so a rollout ends up spread", () => {
  const world = new World();
  for (const name of ["a", "b", "c"]) world.addNode(name);
  world.putService("web", replicas(6));
  world.settle();
  world.putService("web", (spec) => ({ ...spec, task: { ...spec.task, image: "app:2" } }));
  world.settle();
  assert.deepEqual(placed(world, "web").split(" ").sort().join(" "), "a a b b c c");
});

Deno.test("Placer keeps the tasks that share a new local volume together", () => {
  const world = new World();
  for (const name of ["a", "b"]) world.addNode(name);
  world.putService(
    "db",
    replicas(2, (spec) => ({
      ...spec,
      task: { ...spec.task, mounts: [{ volume: "data", target: "/data", readOnly: false }] },
    })),
  );
  world.converge();
  assert.equal(placed(world, "db"), "a a");
});

Deno.test("Placer gives waiting tasks of a service the detailed reason only a few times", () => {
  const world = new World();
  world.addNode("a");
  world.putService(
    "web",
    replicas(20, (spec) => ({
      ...spec,
      placement: { ...spec.placement, constraints: ["node.name==z"] },
    })),
  );
  world.converge();
  const waiting = world.tasks("web");
  assert.equal(waiting.filter(({ unplaced }) => unplaced?.message).length, 20);
  assert.equal(waiting.filter(({ unplaced }) => unplaced?.refusals.length).length, 5);
});
