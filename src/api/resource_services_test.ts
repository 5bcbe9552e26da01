/** Nodes, secrets, configs, volumes, the cluster and events over a real socket and store. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import type { Event } from "../rpc/gen/warren/v1/event.ts";
import { addNode, getService, wireSpec, withApi } from "./testing/api_fixture.ts";

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return error.reason;
  }
  return "nothing failed";
}

Deno.test("a secret is sealed before it is proposed and its data comes out nowhere", async () => {
  await withApi(async ({ client, proposals, store, context }) => {
    const data = Buffer.from("hunter2-hunter2");
    const { secret } = await client.createSecret({ name: "pw", data, labels: { a: "b" } });
    assert(secret);
    assert.deepEqual([secret.sizeBytes, secret.revision, secret.labels], [15, 1, { a: "b" }]);
    const stored = store.view.secretByName("pw");
    assert(stored);
    const everything = JSON.stringify([
      proposals,
      await client.getSecret({ ref: "pw" }),
      await client.listSecrets({}),
      await Array.fromAsync(client.streamEvents({ ...ALL, noFollow: true })),
    ]);
    assert(!everything.includes("hunter2"));
    assert(!everything.includes(data.toString("base64")));
    const opened = await context.sealer.open({ purpose: "secret", name: "pw" }, stored.sealed);
    assert.equal(new TextDecoder().decode(opened), "hunter2-hunter2");
    assert.equal(
      await reasonOf(client.createSecret({ name: "pw", data, labels: {} })),
      "SECRET_NAME_TAKEN",
    );
    const big = { name: "big", data: Buffer.alloc(600_000), labels: {} };
    assert.equal(await reasonOf(client.createSecret(big)), "INVALID_SPEC");
  });
});

Deno.test("a secret in use names its services and cannot be removed", async () => {
  await withApi(async ({ client }) => {
    await client.createSecret({ name: "pw", data: Buffer.from("x"), labels: {} });
    const spec = wireSpec("web");
    assert(spec.task);
    spec.task.secrets = [{ name: "pw", target: "", uid: 0, gid: 0, mode: 0 }];
    await client.createService({ spec });
    assert.deepEqual((await client.getSecret({ ref: "pw" })).usedBy, ["web"]);
    assert.equal(await reasonOf(client.removeSecret({ ref: "pw" })), "SECRET_IN_USE");
    await client.removeService({ ref: "web" });
    const { id } = await client.removeSecret({ ref: "pw" });
    assert.equal(id.length, 25);
    assert.equal(await reasonOf(client.getSecret({ ref: "pw" })), "SECRET_NOT_FOUND");
  });
});

Deno.test("a config keeps binary data; lists are without it", async () => {
  await withApi(async ({ client }) => {
    const data = Buffer.from([0, 255, 10, 13, 0]);
    const { config } = await client.createConfig({ name: "c", data, labels: {} });
    assert.equal(config?.data.length, 0);
    const got = await client.getConfig({ ref: "c" });
    assert.deepEqual(got.config?.data, data);
    const { configs } = await client.listConfigs({});
    assert.deepEqual(configs.map((one) => [one.name, one.sizeBytes, one.data.length]), [[
      "c",
      5,
      0,
    ]]);
    await client.removeConfig({ ref: "c" });
    assert.equal(await reasonOf(client.getConfig({ ref: "c" })), "CONFIG_NOT_FOUND");
  });
});

Deno.test("a volume has the local driver unless told otherwise", async () => {
  await withApi(async ({ client }) => {
    const wanted = { name: "v", driver: "", options: {}, labels: {} };
    assert.equal((await client.createVolume(wanted)).volume?.driver, "local");
    assert.equal(
      await reasonOf(client.createVolume({ ...wanted, name: "w", driver: "nfs9" })),
      "INVALID_SPEC",
    );
    await client.removeVolume({ ref: "v" });
    assert.deepEqual((await client.listVolumes({})).volumes, []);
  });
});

Deno.test("a node is updated with labels, availability and name; every fault is told", async () => {
  await withApi(async (api) => {
    const { client } = api;
    addNode(api, "a");
    const change = {
      ref: "a",
      availability: "drain",
      setLabels: { zone: "1" },
      removeLabels: [],
      name: "b",
    };
    const { node } = await client.updateNode(change);
    assert.deepEqual([node?.name, node?.availability, node?.labels], ["b", "drain", { zone: "1" }]);
    const removed = { ref: "b", availability: "", setLabels: {}, removeLabels: ["zone"], name: "" };
    assert.deepEqual((await client.updateNode(removed)).node?.labels, {});
    try {
      await client.updateNode({ ...change, ref: "b", availability: "drian", name: "!" });
      assert.fail("it was accepted");
    } catch (error) {
      assert(error instanceof WarrenError);
      assert.deepEqual(error.faults?.map(({ path }) => path), ["availability", "name"]);
    }
  });
});

Deno.test("a ready node is removed only by force", async () => {
  await withApi(async (api) => {
    const { client } = api;
    addNode(api, "a");
    assert.equal(await reasonOf(client.removeNode({ ref: "a", force: false })), "NODE_NOT_DOWN");
    await client.removeNode({ ref: "a", force: true });
    assert.deepEqual((await client.listNodes({ stale: false })).nodes, []);
  });
});

Deno.test("a removal that is repeated after a lost answer finds that it was done", async () => {
  await withApi(async (api) => {
    const { client } = api;
    addNode(api, "a");
    const again = { requestId: "once" };
    await client.removeNode({ ref: "a", force: true }, again);
    assert.equal((await client.removeNode({ ref: "a", force: true }, again)).id, "a");
    const gone = client.removeNode({ ref: "a", force: true }, { requestId: "another" });
    assert.equal(await reasonOf(gone), "NODE_NOT_FOUND");
  });
});

Deno.test("a join token is stable until it is rotated", async () => {
  await withApi(async ({ client }) => {
    const token = async (rotate: boolean) =>
      (await client.getJoinToken({ role: "worker", rotate })).token;
    const first = await token(false);
    assert.match(first, /^WRN1-worker-/);
    assert.equal(await token(false), first);
    const second = await token(true);
    assert.notEqual(second, first);
    assert.equal(await token(false), second);
    assert.equal(
      await reasonOf(client.getJoinToken({ role: "boss", rotate: false })),
      "BAD_REQUEST",
    );
    assert.equal((await client.getClusterInfo({})).clusterId.length, 25);
  });
});

const ALL = {
  types: [],
  afterIndex: 0,
  sinceMs: 0,
  fromStart: true,
  filters: {},
  noFollow: false,
};

Deno.test("events are filtered by type, wildcard and attribute, and resume after an index", async () => {
  await withApi(async (api) => {
    const { client } = api;
    addNode(api, "a");
    await client.createService({ spec: wireSpec("web") });
    await client.createService({ spec: wireSpec("db") });
    await client.removeService({ ref: "db" });
    const read = async (over: object) => {
      const request = { ...ALL, noFollow: true, ...over };
      const events: Event[] = [];
      for await (const { event } of client.streamEvents(request)) if (event) events.push(event);
      return events;
    };
    const names = async (over: object) => (await read(over)).map(({ type }) => type);
    assert.deepEqual(await names({ types: ["service.deleted"] }), ["service.deleted"]);
    const all = await read({ types: ["service.*"] });
    assert.equal(all.length, 3);
    const attribute = Object.entries(all[0]?.attributes ?? {}).find(([, value]) => value === "web");
    assert(attribute, "the name is an attribute");
    const filters = Object.fromEntries([attribute]);
    assert.deepEqual(await names({ types: ["service.*"], filters }), ["service.created"]);
    const after = { fromStart: false, afterIndex: all[1]?.index };
    assert.deepEqual(await names(after), ["service.deleted"]);
    assert.deepEqual(await names({ fromStart: false }), []);
    assert.equal(await reasonOf(read({ types: ["service..x"] })), "BAD_REQUEST");
  });
});

Deno.test("events are followed as they happen, until the reader leaves", async () => {
  await withApi(async (api) => {
    const { client, context } = api;
    const request = { ...ALL, fromStart: false, types: ["service.*"] };
    const stream = client.streamEvents(request)[Symbol.asyncIterator]();
    const next = stream.next();
    while (context.events.readers === 0) await new Promise((resolve) => setImmediate(resolve));
    await client.createService({ spec: wireSpec("web") });
    const { value } = await next;
    assert.equal(value?.event?.type, "service.created");
    assert.equal(value?.event?.index, getService(api, "web").version);
    await stream.return?.();
    while (context.events.readers > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
