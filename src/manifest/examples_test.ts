/** Every example, and every manifest shown in the documentation, can be applied as it is. */
import assert from "node:assert/strict";
import type { CurrentState } from "./change.ts";
import { parseManifests } from "./parse.ts";
import { formatFault } from "./place.ts";
import { planManifests } from "./plan.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = [
  "examples/nginx-service.yaml",
  "examples/complete-app.yaml",
  "examples/hello/hello.yaml",
];

const EMPTY: CurrentState = {
  findService: () => undefined,
  findSecret: () => undefined,
  findConfig: () => undefined,
  findVolume: () => undefined,
  list: () => [],
};

/** What planning the manifests creates; fails on any fault. */
function created(name: string, text: string): readonly string[] {
  const { resources, faults } = parseManifests([{ name, text }]);
  assert.deepEqual(faults.map(formatFault), []);
  const plan = planManifests(resources, EMPTY, { stack: "example", prune: false });
  assert.deepEqual(plan.faults, []);
  return plan.changes.map(({ action, kind }) => `${action} ${kind}`);
}

for (const path of EXAMPLES) {
  Deno.test(`planManifests creates all of ${path}`, async () => {
    const actions = created(path, await Deno.readTextFile(new URL(path, ROOT)));
    assert.ok(actions.length > 0 && actions.every((action) => action.startsWith("create ")));
    if (!path.includes("complete")) return;
    assert.deepEqual(actions, [
      "create volume",
      "create config",
      "create secret",
      "create service",
    ]);
  });
}

Deno.test("planManifests creates the manifests of docs/manifests.md", async () => {
  const page = await Deno.readTextFile(new URL("docs/manifests.md", ROOT));
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = ""]) => yaml);
  assert.ok(blocks.length > 0);
  for (const yaml of blocks) assert.ok(created("docs/manifests.md", yaml).length > 0);
});
