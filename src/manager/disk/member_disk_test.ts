import assert from "node:assert/strict";
import { Prng, WarrenError } from "../../lib/mod.ts";
import {
  batch,
  digestOf,
  DIR,
  entries,
  entry,
  GROUP,
  metaOf,
  open,
  stateAt,
} from "./testing/oracle.ts";
import { MemoryFs } from "./testing/memory_fs.ts";
import { MemberDisk } from "./member_disk.ts";

const HARD = { term: 2, vote: "b" };

Deno.test("MemberDisk gives back what was written, with a higher incarnation each time", () => {
  const fs = new MemoryFs();
  const first = open(fs);
  assert.equal(first.start.incarnation, 1);
  assert.deepEqual(first.start.restored.entries, []);
  first.disk.write([batch({ snapshot: { index: 0, term: 0, membership: GROUP } })]);
  first.disk.write([
    batch({ hard: HARD, entries: entries(1, 3, 1) }),
    batch({ entries: [entry(4, 2)] }),
  ]);
  first.disk.write([batch({ truncateFrom: 3, entries: entries(3, 4, 2) })]);
  first.disk.close();
  const { start } = open(fs);
  assert.equal(start.incarnation, 2);
  assert.equal(start.cutBytes, 0);
  assert.deepEqual(start.restored, {
    hard: HARD,
    snapshot: { index: 0, term: 0, membership: GROUP },
    base: { index: 0, term: 0 },
    entries: [...entries(1, 2, 1), ...entries(3, 4, 2)],
  });
});

Deno.test("MemberDisk makes all batches of one write durable with one sync, term and vote with two", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  let before = fs.syncs;
  disk.write([batch({ entries: [entry(1, 1)] }), batch({ entries: entries(2, 40, 1) })]);
  assert.equal(fs.syncs - before, 1);
  before = fs.syncs;
  disk.write([batch({ hard: HARD })]);
  assert.equal(fs.syncs - before, 2);
});

Deno.test("MemberDisk rolls over and removes what a snapshot in force makes needless", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  for (let index = 1; index <= 200; index++) {
    disk.write([batch({ entries: [entry(index, 1, 1_000)] })]);
  }
  const before = fs.paths().filter((path) => path.endsWith(".log")).length;
  assert.ok(before > 5, `${before} segments`);
  const draft = disk.beginSnapshot(metaOf(180, 1));
  draft.write(stateAt(180));
  draft.finish();
  disk.compact(180, 171);
  const left = fs.paths().filter((path) => path.endsWith(".log")).length;
  assert.ok(left <= 3, `${left} segments are left`);
  disk.close();
  const { start } = open(fs);
  assert.equal(start.restored.snapshot.index, 180);
  assert.ok(start.restored.base.index <= 170 && start.restored.base.index > 100);
  assert.equal(start.restored.entries.at(-1)?.index, 200);
});

Deno.test("MemberDisk takes a batch that is larger than a segment", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  disk.write([batch({ entries: [entry(1, 1)] }), batch({ entries: [entry(2, 1, 200_000)] })]);
  disk.write([batch({ entries: [entry(3, 1)] })]);
  disk.close();
  assert.deepEqual(open(fs).start.restored.entries.map(({ index }) => index), [1, 2, 3]);
});

Deno.test("MemberDisk reads a snapshot back in parts, verified, and null when it is gone", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  disk.write([batch({ entries: entries(1, 9, 1) })]);
  const state = stateAt(5);
  const draft = disk.beginSnapshot(metaOf(5, 1));
  for (let at = 0; at < state.length; at += 7_001) draft.write(state.subarray(at, at + 7_001));
  draft.finish();
  const file = disk.findSnapshot(5);
  assert.deepEqual(file, { meta: metaOf(5, 1), sizeBytes: state.length, digest: digestOf(state) });
  for (const [offset, maxBytes] of [[0, 10], [65_530, 20], [100_000, 1e6], [150_000, 5]] as const) {
    const bytes = disk.readSnapshot(5, { offset, maxBytes });
    assert.deepEqual(bytes, state.slice(offset, offset + maxBytes));
  }
  assert.equal(disk.readSnapshot(4, { offset: 0, maxBytes: 1 }), null);
  const path = fs.paths().find((name) => name.endsWith(".snapshot")) ?? "";
  fs.damage(path, (bytes) => {
    bytes[80_000] = (bytes[80_000] ?? 0) ^ 1;
    return bytes;
  });
  assert.throws(() => disk.readSnapshot(5, { offset: 70_000, maxBytes: 9 }), {
    reason: "DATA_CORRUPT",
  });
});

Deno.test("receiveSnapshot goes on after whole chunks, and refuses another digest", () => {
  const fs = new MemoryFs();
  const state = stateAt(50);
  const told = { digest: digestOf(state), sizeBytes: state.length };
  const first = open(fs);
  const draft = first.disk.receiveSnapshot(metaOf(50, 3), told);
  draft.write(state.subarray(0, 100_000));
  draft.abort();
  first.disk.close();
  const { disk } = open(fs);
  const wrong = disk.receiveSnapshot(metaOf(50, 3), told);
  assert.equal(wrong.offset, 65_536);
  wrong.write(new Uint8Array(state.length - wrong.offset));
  assert.throws(() => wrong.finish(told.digest), { reason: "DATA_CORRUPT" });
  const again = disk.receiveSnapshot(metaOf(50, 3), told);
  assert.equal(again.offset, 0);
  assert.throws(() => again.write(new Uint8Array(state.length + 1)), { reason: "DATA_CORRUPT" });
  again.write(state);
  again.finish(told.digest);
  disk.write([batch({ entries: entries(1, 9, 1) })]);
  disk.write([batch({ snapshot: metaOf(50, 3), entries: [entry(51, 3)] })]);
  disk.close();
  const { start } = open(fs);
  assert.deepEqual(start.restored.base, { index: 50, term: 3 });
  assert.deepEqual(start.restored.entries, [entry(51, 3)]);
});

Deno.test("MemberDisk is poisoned by a failed sync: nothing is acknowledged after it", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  disk.write([batch({ entries: [entry(1, 1)] })]);
  fs.fail("sync");
  assert.throws(() => disk.write([batch({ entries: [entry(2, 1)] })]), { reason: "DATA_CORRUPT" });
  const calls = fs.calls;
  assert.throws(() => disk.write([batch({ entries: [entry(2, 1)] })]), WarrenError);
  assert.throws(() => disk.clearDoubt(), WarrenError);
  disk.close();
  assert.equal(fs.calls, calls);
  const { start } = open(fs.crash("nothing", new Prng(1)));
  assert.deepEqual(start.restored.entries, [entry(1, 1)]);
});

Deno.test("MemberDisk waits for room without writing half a batch, and compacts meanwhile", () => {
  const fs = new MemoryFs();
  const { disk } = open(fs);
  while (disk.prepare());
  fs.capacityBytes = fs.usedBytes() + 10_000;
  let index = 0;
  const one = () => disk.write([batch({ entries: [entry(index + 1, 1, 3_000)] })]);
  while (one() === 1) index++;
  assert.ok(disk.isLow);
  assert.ok(index > 10, "the spare is used up first");
  const draft = disk.beginSnapshot(metaOf(index, 1));
  assert.throws(() => draft.write(stateAt(1)), { reason: "DISK_FULL" });
  const small = disk.beginSnapshot(metaOf(index, 1));
  small.write(new Uint8Array(100));
  small.finish();
  disk.compact(index, index + 1);
  assert.equal(one(), 1);
  disk.close();
  const { start } = open(fs.crash("nothing", new Prng(1)));
  assert.equal(start.restored.entries.at(-1)?.index, index + 1);
});

Deno.test("MemberDisk refuses the directory of another member", () => {
  const fs = new MemoryFs();
  open(fs).disk.close();
  assert.throws(() => MemberDisk.open(fs, { dir: DIR, memberId: "b" }), { reason: "DATA_CORRUPT" });
});

Deno.test("MemberDisk keeps the doubt about a cut batch until it is cleared", () => {
  const fs = new MemoryFs();
  const first = open(fs);
  first.disk.write([batch({ entries: [entry(1, 1)] })]);
  first.disk.write([batch({ entries: [entry(2, 1)] })]);
  const path = fs.paths().find((name) => name.endsWith(".log")) ?? "";
  fs.damage(path, (bytes) => {
    const last = bytes.findLastIndex((byte) => byte !== 0);
    bytes[last] = 0xff;
    return bytes;
  });
  const second = open(fs);
  assert.equal(second.start.restored.isInDoubt, true);
  assert.ok(second.start.cutBytes > 40);
  assert.deepEqual(second.start.restored.entries, [entry(1, 1)]);
  const third = open(fs);
  assert.equal(third.start.restored.isInDoubt, true);
  assert.equal(third.start.cutBytes, 0);
  third.disk.clearDoubt();
  assert.equal(open(fs).start.restored.isInDoubt, undefined);
});
