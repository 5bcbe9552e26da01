/** ManifestService over a real socket and store. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import type { Resource } from "../rpc/gen/warren/v1/manifest.ts";
import type { ServiceSpec } from "../rpc/gen/warren/v1/service.ts";
import { getService, wireSpec, withApi } from "./testing/api_fixture.ts";

function resource(name: string, kind: Resource["kind"], line = 1): Resource {
  return { name, labels: {}, source: `app.yaml:${line}:1`, kind };
}

function service(name: string, over: Partial<ServiceSpec> = {}, secret = ""): Resource {
  const spec = wireSpec(name, over);
  if (secret !== "" && spec.task) {
    spec.task.secrets = [{ name: secret, target: "", uid: 0, gid: 0, mode: 0 }];
    spec.task.mounts = [{ volume: "data", target: "/data", readOnly: false }];
  }
  return resource(name, { $case: "service", value: spec }, 10);
}

const secret = (name: string, text: string) =>
  resource(name, { $case: "secret", value: { data: Buffer.from(text) } }, 20);
const config = (name: string, text: string) =>
  resource(name, { $case: "config", value: { data: Buffer.from(text) } }, 30);
const volume = (name: string, options: Record<string, string> = {}) =>
  resource(name, { $case: "volume", value: { driver: "", options } }, 40);

const app = (image = "nginx:1", password = "hunter2") => [
  service("web", image === "" ? {} : { labels: { image } }, "pw"),
  secret("pw", password),
  config("c", "text"),
  volume("data"),
];

const NO_STACK = { stack: "", prune: false };
const brief = ({ changes }: { changes: { kind: string; name: string; action: string }[] }) =>
  changes.map(({ kind, name, action }) => `${action} ${kind} ${name}`);

async function failure(work: Promise<unknown>): Promise<WarrenError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error;
  }
  throw new Error("it did not fail");
}

Deno.test("applyManifest makes everything as one change; a second apply proposes nothing", async () => {
  await withApi(async ({ client, proposals, store, context }) => {
    const request = { resources: app(), ...NO_STACK };
    const first = await client.applyManifest(request);
    assert.deepEqual(brief(first).sort(), [
      "create config c",
      "create secret pw",
      "create service web",
      "create volume data",
    ]);
    assert.equal(proposals.length, 1);
    assert.equal(proposals[0]?.[0]?.kind, "check.unchanged");
    const stored = store.view.secretByName("pw");
    assert(stored);
    const opened = await context.sealer.open({ purpose: "secret", name: "pw" }, stored.sealed);
    assert.equal(new TextDecoder().decode(opened), "hunter2");
    const second = await client.applyManifest(request);
    assert.deepEqual([...new Set(second.changes.map(({ action }) => action))], ["unchanged"]);
    assert.equal(proposals.length, 1);
    assert(!JSON.stringify([first, second, proposals]).includes("hunter2"));
  });
});

Deno.test("planManifest says what apply would do, with placements, and changes nothing", async () => {
  await withApi(async ({ client, proposals }) => {
    await client.applyManifest({ resources: app(), ...NO_STACK });
    const before = proposals.length;
    const plan = await client.planManifest({ resources: app("new", "other"), ...NO_STACK });
    const actions = brief(plan);
    assert(
      actions.includes("update service web") && actions.includes("update secret pw"),
      String(actions),
    );
    const diff = plan.changes.find(({ kind }) => kind === "service")?.diff;
    assert.deepEqual(diff, [{ path: "labels.image", before: "nginx:1", after: "new" }]);
    assert.deepEqual(plan.placements, [{ service: "web", slot: 1, node: "a", message: "" }]);
    assert(!JSON.stringify(plan).includes("other"));
    assert.equal(proposals.length, before);
  });
});

Deno.test("all faults of all resources come together and nothing is changed", async () => {
  await withApi(async ({ client, proposals }) => {
    const resources = [
      service("Web!", { mode: "replicatd" }),
      service("api", {}, "missing"),
      secret("bad name", "x"),
      resource("what", undefined, 50),
    ];
    const error = await failure(client.applyManifest({ resources, ...NO_STACK }));
    assert.equal(error.reason, "INVALID_MANIFEST");
    const places = new Set(error.faults?.map(({ path }) => path));
    assert.deepEqual([...places].sort(), ["app.yaml:10:1", "app.yaml:20:1", "app.yaml:50:1"]);
    assert((error.faults?.length ?? 0) >= 5);
    assert.equal(proposals.length, 0);
  });
});

Deno.test("a change in the middle is noticed and everything is planned anew", async () => {
  await withApi(async (api) => {
    const { client } = api;
    await client.applyManifest({ resources: app(), ...NO_STACK });
    let races = 2;
    api.beforeApply = () => {
      if (races-- <= 0) return;
      const { id, spec } = getService(api, "web");
      api.apply({ kind: "service.update", id, spec: { ...spec, labels: { race: String(races) } } });
    };
    const { changes } = await client.applyManifest({ resources: app("newer"), ...NO_STACK });
    const diff = changes.find(({ kind }) => kind === "service")?.diff.map(({ path }) => path);
    assert.deepEqual(diff?.sort(), ["labels.image", "labels.race"]);
    assert.deepEqual(getService(api, "web").spec.labels, { image: "newer" });
    api.beforeApply = () => {
      const { id, spec } = getService(api, "web");
      const labels = { race: String(Math.random()) };
      api.apply({ kind: "service.update", id, spec: { ...spec, labels } });
    };
    const error = await failure(client.applyManifest({ resources: app("last"), ...NO_STACK }));
    assert.equal(error.reason, "VERSION_CONFLICT");
  });
});

Deno.test("a stack is marked and pruned, without touching what is not in it", async () => {
  await withApi(async ({ client, store }) => {
    await client.createService({ spec: wireSpec("other") });
    const stack = { stack: "shop", prune: true };
    await client.applyManifest({ resources: [...app(), service("old")], ...stack });
    assert.equal(store.view.serviceByName("web")?.spec.labels["warren.stack"], "shop");
    const pruned = await client.applyManifest({
      resources: [volume("data"), service("web")],
      ...stack,
    });
    assert.deepEqual(brief(pruned).sort(), [
      "delete config c",
      "delete secret pw",
      "delete service old",
      "replace service web",
      "unchanged volume data",
    ]);
    const names = Array.from(store.view.services(), ({ spec }) => spec.name);
    assert.deepEqual(names.sort(), ["other", "web"]);
    assert.equal(store.view.secretByName("pw"), undefined);
  });
});

Deno.test("a secret's data changes its revision, its labels alone do not", async () => {
  await withApi(async ({ client, store }) => {
    const apply = (text: string, labels: Record<string, string>) =>
      client.applyManifest({ resources: [{ ...secret("pw", text), labels }], ...NO_STACK });
    await apply("one", {});
    await apply("one", { a: "1" });
    assert.equal(store.view.secretByName("pw")?.revision, 1);
    await apply("two", { a: "1" });
    assert.equal(store.view.secretByName("pw")?.revision, 2);
  });
});
