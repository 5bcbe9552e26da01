/** The same requests to a disk in this thread and to one in a Worker, over the real file system. */
import assert from "node:assert/strict";
import { ManualClock, realClock, WarrenError } from "../../lib/mod.ts";
import { denoFs } from "./deno_fs.ts";
import type { Disk, DiskStart } from "./disk.ts";
import { startDiskWorker } from "./disk_worker_client.ts";
import { LocalDisk, ROOM_RETRY_MS } from "./local_disk.ts";
import { MemberDisk } from "./member_disk.ts";
import { MemoryFs } from "./testing/memory_fs.ts";
import { batch, digestOf, entries, entry, metaOf, open, stateAt } from "./testing/oracle.ts";

type Start = (dir: string) => Promise<{ disk: Disk; start: DiskStart }>;

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "warren-disk-" });
  try {
    await work(`${dir}/raft`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const STARTS: Readonly<Record<string, Start>> = {
  "LocalDisk": (dir) => {
    const { disk, start } = MemberDisk.open(denoFs, { dir, memberId: "a", segmentBytes: 65_536 });
    return Promise.resolve({ disk: new LocalDisk(disk, realClock), start });
  },
  "startDiskWorker": (dir) => startDiskWorker({ dir, memberId: "a", clusterId: "" }),
};

for (const [name, begin] of Object.entries(STARTS)) {
  Deno.test(`${name} leaves the bytes of a snapshot with their owner, a Buffer too`, () =>
    withDir(async (dir) => {
      const { disk } = await begin(dir);
      const state = Buffer.from(stateAt(150).buffer);
      const writer = await disk.receiveSnapshot(metaOf(150, 2), digestOf(state), state.length);
      await writer.write(state);
      assert.equal(state.length, 150_000);
      await writer.finish(digestOf(state));
      await disk.close();
    }));

  Deno.test(`${name} keeps log and snapshots over a restart`, () =>
    withDir(async (dir) => {
      const first = await begin(dir);
      assert.equal(first.start.incarnation, 1);
      await Promise.all([
        first.disk.write([batch({ hard: { term: 2, vote: "a" } })]),
        ...entries(1, 200, 2, 1_000).map((one) => first.disk.write([batch({ entries: [one] })])),
      ]);
      const state = stateAt(150);
      const writer = await first.disk.beginSnapshot(metaOf(150, 2));
      for (let at = 0; at < state.length; at += 50_000) {
        await writer.write(state.subarray(at, at + 50_000));
      }
      await writer.finish();
      await first.disk.compact(150, 140);
      const file = await first.disk.findSnapshot(150);
      assert.deepEqual(file, { meta: metaOf(150, 2), sizeBytes: 150_000, digest: digestOf(state) });
      assert.deepEqual(
        await first.disk.readSnapshot(150, 65_000, 1_000),
        state.slice(65_000, 66_000),
      );
      assert.equal(await first.disk.readSnapshot(7, 0, 1), null);
      await first.disk.close();
      await first.disk.close();
      await assert.rejects(first.disk.write([]), { reason: "STOPPING" });

      const second = await begin(dir);
      assert.equal(second.start.incarnation, 2);
      assert.deepEqual(second.start.restored.hard, { term: 2, vote: "a" });
      assert.deepEqual(second.start.restored.entries.at(-1), entry(200, 2, 1_000));
      const told = { digest: digestOf(stateAt(300)), meta: metaOf(300, 3) };
      const half = await second.disk.receiveSnapshot(told.meta, told.digest, 150_000);
      await half.write(stateAt(300).subarray(0, 70_000));
      await half.abort();
      const rest = await second.disk.receiveSnapshot(told.meta, told.digest, 150_000);
      await assert.rejects(half.write(new Uint8Array(1)), { reason: "SESSION_REPLACED" });
      await rest.write(stateAt(300).subarray(rest.offset));
      await rest.finish(told.digest);
      await second.disk.write([batch({ snapshot: told.meta })]);
      await second.disk.close();

      const third = await begin(dir);
      assert.deepEqual(third.start.restored.snapshot, told.meta);
      assert.deepEqual(third.start.restored.entries, []);
      await third.disk.close();
    }));

  Deno.test(`${name} names the file that it cannot read`, () =>
    withDir(async (dir) => {
      await (await begin(dir)).disk.close();
      const name = [...Deno.readDirSync(dir)].find((file) => file.name.endsWith(".log"))?.name;
      await Deno.truncate(`${dir}/${name}`, 9_000);
      await assert.rejects(
        (async () => await begin(dir))(),
        (error) =>
          error instanceof WarrenError && error.reason === "DATA_CORRUPT" &&
          error.message.includes(`${dir}/${name}`) &&
          error.hint?.includes("warren node rm") === true,
      );
    }));
}

Deno.test("LocalDisk lets a write wait for room, tells of it, and goes on when there is some", async () => {
  const fs = new MemoryFs();
  const clock = new ManualClock();
  const disk = new LocalDisk(open(fs).disk, clock);
  const told: boolean[] = [];
  disk.onSpace((isLow) => told.push(isLow));
  fs.capacityBytes = fs.usedBytes() + 5_000;
  const done: number[] = [];
  const writes = entries(1, 20, 1, 3_000).map(async (one) => {
    await disk.write([batch({ entries: [one] })]);
    done.push(one.index);
  });
  await clock.advance(ROOM_RETRY_MS * 3);
  assert.ok(done.length > 3 && done.length < 20, `${done.length} writes fit`);
  assert.deepEqual(told, [true]);
  fs.capacityBytes = Infinity;
  await clock.advance(ROOM_RETRY_MS + 100);
  await Promise.all(writes);
  assert.deepEqual(done, entries(1, 20, 1).map(({ index }) => index));
  assert.deepEqual(told, [true, false]);
  await disk.close();
  assert.equal(clock.pending, 0);
  assert.equal(open(fs).start.restored.entries.length, 20);
});

Deno.test("LocalDisk seals when nothing is written for a while, and then rests", async () => {
  const fs = new MemoryFs();
  const clock = new ManualClock();
  const member = open(fs).disk;
  const disk = new LocalDisk(member, clock);
  await disk.write([batch({ entries: [entry(1, 1)] })]);
  assert.equal(member.isSealed, false);
  await clock.advance(200);
  assert.equal(member.isSealed, true);
  assert.equal(clock.pending, 0);
  const { syncs } = fs;
  await clock.advance(10_000);
  assert.equal(fs.syncs, syncs);
  await disk.close();
});
