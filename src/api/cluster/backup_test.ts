import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { asId, type NodeId } from "../../model/mod.ts";
import { Store } from "../../store/mod.ts";
import { routeOf } from "../route/methods.ts";
import { type ApiFixture, wireSpec, withApi } from "../testing/api_fixture.ts";
import { Backups } from "./backup.ts";

async function backUp({ client }: ApiFixture) {
  const pieces: Uint8Array[] = [];
  const heads = [];
  const ends = [];
  for await (const { part } of client.backup({})) {
    if (part?.$case === "header") heads.push(part.value);
    else if (part?.$case === "end") ends.push(part.value);
    else if (part) pieces.push(part.value);
  }
  const state = new Uint8Array(await new Blob(pieces.map((piece) => piece.slice())).arrayBuffer());
  const [header, ...otherHeads] = heads;
  const [end, ...otherEnds] = ends;
  assert(header && end);
  assert.deepEqual([otherHeads, otherEnds], [[], []]);
  return { header, pieces, state, end };
}

Deno.test("Backup sends a state that another store restores to the same", async () => {
  await withApi(async (api) => {
    const { client, store } = api;
    await client.createService({ spec: wireSpec("web") });
    await client.createSecret({ name: "key", data: Buffer.from("x"), labels: {} });
    // A row that is larger than one message of the backup.
    await client.createConfig({ name: "big", data: Buffer.alloc(900_000, 65), labels: {} });
    const { header, pieces, state, end } = await backUp(api);
    assert.equal(header.clusterId, store.view.cluster()?.id);
    assert.equal(header.index, store.view.index);
    assert.deepEqual(Buffer.from(header.dataKey), Buffer.from(api.consensus.dataKey()));
    assert.ok(pieces.length > 1 && pieces.every(({ length }) => length <= 512 * 1024));
    assert.equal(end.sizeBytes, state.length);
    assert.equal(end.sha256.toString("hex"), createHash("sha256").update(state).digest("hex"));
    const other = new Store();
    other.restore(state);
    assert.equal(other.digest(), store.digest());
  });
});

Deno.test("Backup is served by every manager, from fresh state", () => {
  assert.equal(routeOf("backup"), "read");
});

Deno.test("Backups holds the state of the moment it began, and lets only two go on at a time", async () => {
  await withApi(async ({ context, apply, store }) => {
    const backups = new Backups(context);
    const gate = Promise.withResolvers<void>();
    const texts: string[] = [];
    const { signal } = new AbortController();
    const send = () =>
      backups.send({
        signal,
        write: async ({ part }) => {
          await gate.promise;
          if (part?.$case === "piece") texts.push(part.value.toString());
        },
      });
    const running = [send(), send()];
    await assert.rejects(send(), { reason: "TOO_MANY" });
    const before = store.view.index;
    apply({ kind: "cluster.leader", id: asId<NodeId>(context.ids.next()), term: 3 });
    gate.resolve();
    await Promise.all(running);
    assert.ok(store.view.index > before);
    assert.deepEqual(texts.map((text) => text.includes(`["warren-state",1,${before},`)), [
      true,
      true,
    ]);
    assert.ok(texts.every((text) => !text.includes('"term":3')));
    await send();
  });
});
