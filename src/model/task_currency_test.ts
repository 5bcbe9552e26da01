/** Which tasks of earlier revisions need no replacement. */
import assert from "node:assert/strict";
import { World } from "../../tests/harness/world.ts";
import type { Service, Task } from "./mod.ts";
import { currencyOf } from "./task_currency.ts";

function fixture(): { service: Service; task: Task } {
  const world = new World();
  world.addNode("a");
  world.putService("web", (spec) => ({
    ...spec,
    task: { ...spec.task, image: "app:1", env: { A: "1", B: "2" } },
  }));
  world.settle();
  const [task] = world.tasks("web");
  assert.ok(task);
  return { service: world.service("web"), task };
}

const ROWS: readonly [string, boolean, (service: Service, task: Task) => [Service, Task]][] = [
  ["a task of the present revision", true, (service, task) => [service, task]],
  ["a task of an older revision with another spec", false, (service, task) => [{
    ...service,
    revision: 2,
    spec: { ...service.spec, task: { ...service.spec.task, image: "app:2" } },
  }, task]],
  ["a task of an older revision with an equal spec", true, (service, task) => [
    { ...service, revision: 3 },
    { ...task, spec: { ...structuredClone(task.spec), env: { B: "2", A: "1" } } },
  ]],
  ["a task of an older revision with one variable more", false, (service, task) => [
    { ...service, revision: 3 },
    { ...task, spec: { ...task.spec, env: { ...task.spec.env, C: "3" } } },
  ]],
  ["an ended task of an older revision with an equal spec", false, (service, task) => [
    { ...service, revision: 3 },
    { ...task, status: { ...task.status, state: "failed" } },
  ]],
  ["a task from before a restart", false, (service, task) => [
    { ...service, restartCount: 1 },
    task,
  ]],
];

for (const [what, expected, change] of ROWS) {
  Deno.test(`currencyOf says ${expected} to ${what}`, () => {
    const { service, task } = fixture();
    const [present, asked] = change(service, task);
    assert.equal(currencyOf(present)(asked), expected);
  });
}
