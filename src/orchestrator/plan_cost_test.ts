/** What a pass looks at must not grow with the cluster, only with what changed. */
import assert from "node:assert/strict";
import { seededIds } from "../lib/mod.ts";
import type { Service } from "../model/mod.ts";
import { bigWorld } from "../../tests/harness/big_world.ts";
import { countingView } from "../../tests/harness/counting_view.ts";
import type { World } from "../../tests/harness/world.ts";
import type { Dirty } from "./dirty.ts";
import { plan } from "./plan.ts";

function looks(world: World, dirty: Dirty): number {
  const { view, count } = countingView(world.view);
  plan(view, dirty, { nowMs: world.nowMs, ids: seededIds(9) });
  return count();
}

function scaled(services: number): { world: World; service: Service } {
  const world = bigWorld({ nodes: 20, services, replicas: 4 });
  world.putService("s1", (spec) => ({ ...spec, mode: { kind: "replicated", replicas: 5 } }));
  return { world, service: world.service("s1") };
}

Deno.test("plan looks at nothing when nothing is dirty", () => {
  const world = bigWorld({ nodes: 20, services: 10, replicas: 4 });
  assert.equal(looks(world, world.dirty.take()), 0);
});

Deno.test("plan for one service looks at as much among many services as among few", () => {
  const few = scaled(5);
  const many = scaled(200);
  const atFew = looks(few.world, few.world.dirty.take());
  const atMany = looks(many.world, many.world.dirty.take());
  assert.ok(atFew > 10);
  assert.ok(atMany < 2 * atFew, `${atMany} looks instead of ${atFew}`);
});

Deno.test("plan after a task ended looks at its service and at tasks that wait, no others", () => {
  const many = bigWorld({ nodes: 20, services: 200, replicas: 4 });
  const [task] = many.tasks("s7");
  assert.ok(task);
  many.report(task, { state: "failed" });
  const few = bigWorld({ nodes: 20, services: 8, replicas: 4 });
  const [other] = few.tasks("s7");
  assert.ok(other);
  few.report(other, { state: "failed" });
  assert.equal(looks(many, many.dirty.take()), looks(few, few.dirty.take()));
});
