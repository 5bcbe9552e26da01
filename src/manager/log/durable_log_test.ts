/**
 * The durable log under crashes at every byte, failing disks and damaged files. The rule: what was
 * acknowledged is there after any crash, in order, and nothing is there that was never appended.
 */
import assert from "node:assert/strict";
import { WarrenError } from "../../lib/mod.ts";
import { DurableLog } from "./durable_log.ts";
import type { LogFs } from "./log_fs.ts";
import { MemoryFs } from "./testing/memory_fs.ts";

const DIR = "/log";

function entry(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What a start finds: the state of the snapshot and the entries after it. */
class Found {
  snapshotIndex = 0;
  texts: string[] = [];
  lastIndex = 0;

  restore(index: number, state: Uint8Array): void {
    this.snapshotIndex = index;
    this.texts = JSON.parse(new TextDecoder().decode(state));
    this.lastIndex = index;
  }

  replay({ index, bytes }: { readonly index: number; readonly bytes: Uint8Array }): void {
    assert.equal(index, this.lastIndex + 1, "entries come without gaps");
    this.lastIndex = index;
    this.texts.push(new TextDecoder().decode(bytes));
  }
}

async function open(fs: LogFs): Promise<{ log: DurableLog; found: Found }> {
  const found = new Found();
  const log = await DurableLog.open(fs, DIR, found);
  assert.equal(log.lastIndex, found.lastIndex);
  return { log, found };
}

async function assertCorrupt(work: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert(error instanceof WarrenError);
    assert.equal(error.reason, "DATA_CORRUPT");
    assert.match(error.message, pattern);
    return true;
  });
}

/** A snapshot here is the list of all texts so far. */
function chunksOf(texts: readonly string[]): readonly Uint8Array[] {
  return [entry(JSON.stringify(texts))];
}

/** Appends batches and takes snapshots, noting what was acknowledged, until done or crashed. */
async function work(log: DurableLog, known: readonly string[], acknowledged: string[]) {
  const all = [...known];
  for (const [at, size] of [1, 3, 2, 1, 4, 1, 2].entries()) {
    const batch = Array.from({ length: size }, (_, number) => `entry ${all.length + number}`);
    all.push(...batch);
    await log.append(batch.map(entry));
    acknowledged.push(...batch);
    if (at % 3 !== 1) continue;
    await log.roll();
    await log.saveSnapshot(log.lastIndex, chunksOf(all));
  }
  await log.close();
}

Deno.test("DurableLog finds again what was appended", async () => {
  const fs = new MemoryFs();
  const { log, found } = await open(fs);
  assert.deepEqual(found.texts, []);
  await log.append([entry("a"), entry("b")]);
  await log.append([entry("c")]);
  assert.equal(log.lastIndex, 3);
  await log.close();
  const again = await open(fs);
  assert.deepEqual(again.found.texts, ["a", "b", "c"]);
  assert.equal(again.log.cutBytes, 0);
  await again.log.append([entry("d")]);
  await again.log.close();
  assert.deepEqual((await open(fs)).found.texts, ["a", "b", "c", "d"]);
});

Deno.test("DurableLog writes and syncs a batch once", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  const { appends, syncs } = fs.counts;
  await log.append(Array.from({ length: 100 }, (_, at) => entry(`entry ${at}`)));
  assert.equal(fs.counts.appends, appends + 1);
  assert.equal(fs.counts.syncs, syncs + 1);
  await log.close();
});

Deno.test("DurableLog drops what a snapshot replaces", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a"), entry("b")]);
  await log.roll();
  await log.saveSnapshot(2, chunksOf(["a", "b"]));
  await log.append([entry("c")]);
  assert.deepEqual(fs.paths(), [
    "/log/0000000000000002.snapshot",
    "/log/0000000000000003.log",
  ]);
  await log.roll();
  await log.saveSnapshot(3, chunksOf(["a", "b", "c"]));
  await log.close();
  assert.deepEqual(fs.paths(), [
    "/log/0000000000000003.snapshot",
    "/log/0000000000000004.log",
  ]);
  const { found } = await open(fs);
  assert.equal(found.snapshotIndex, 3);
  assert.deepEqual(found.texts, ["a", "b", "c"]);
});

Deno.test("DurableLog goes on while a snapshot is written, and keeps what came meanwhile", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  await log.roll();
  const saving = log.saveSnapshot(1, chunksOf(["a"]));
  await log.append([entry("b")]);
  await log.append([entry("c")]);
  await saving;
  await log.close();
  const { found } = await open(fs);
  assert.equal(found.snapshotIndex, 1);
  assert.deepEqual(found.texts, ["a", "b", "c"]);
});

Deno.test("DurableLog reads on over several segments when no snapshot was finished", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  for (const text of ["a", "b", "c"]) {
    await log.append([entry(text)]);
    await log.roll();
    await log.roll();
  }
  await log.close();
  assert.equal(fs.paths().length, 4, "an empty segment is not followed by another");
  assert.deepEqual((await open(fs)).found.texts, ["a", "b", "c"]);
});

/** Bytes that the whole of `work` writes on an empty disk. */
async function bytesOfWork(): Promise<number> {
  const fs = new MemoryFs();
  await work((await open(fs)).log, [], []);
  return fs.counts.bytes;
}

Deno.test("DurableLog keeps every acknowledged entry through a crash at every byte", async () => {
  const total = await bytesOfWork();
  assert(total > 500, "the work is worth it");
  for (let at = 0; at < total; at++) {
    for (const keepUnsynced of [true, false]) {
      const fs = new MemoryFs();
      fs.crashAfter(at);
      const acknowledged: string[] = [];
      await assert.rejects(open(fs).then(({ log }) => work(log, [], acknowledged)));
      const disk = fs.crash({ keepUnsynced });
      const { log, found } = await open(disk);
      const where = `crash after ${at} bytes, unsynced ${keepUnsynced ? "kept" : "lost"}`;
      assert.deepEqual(found.texts.slice(0, acknowledged.length), acknowledged, where);
      assert.deepEqual(found.texts, found.texts.map((_, number) => `entry ${number}`), where);
      assert(found.texts.length <= acknowledged.length + 4, "at most the unanswered batch more");
      await work(log, found.texts, []);
      assert.equal((await open(disk)).found.texts.length, found.texts.length + 14, where);
    }
  }
});

Deno.test("DurableLog survives a second crash during recovery", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  const damaged = fs.crash({ keepUnsynced: true });
  const [path = ""] = damaged.paths();
  damaged.damage(path, (bytes) => new Uint8Array([...bytes, 0xff, 0x57, 1, 2]));
  const first = await open(damaged);
  assert.equal(first.log.cutBytes, 4);
  const again = await open(damaged.crash({ keepUnsynced: false }));
  assert.deepEqual(again.found.texts, ["a"]);
  assert.equal(again.log.cutBytes, 0, "the cut was made durable");
});

Deno.test("DurableLog is poisoned by a failed sync and retries nothing", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  fs.failSyncs(1);
  await assertCorrupt(log.append([entry("b")]), /Cannot write the log: input\/output error/);
  const { appends } = fs.counts;
  await assertCorrupt(log.append([entry("c")]), /input\/output error/);
  await assertCorrupt(log.roll(), /input\/output error/);
  assert.equal(fs.counts.appends, appends, "nothing more is written");
  assert(log.fault);
  await log.close();
  for (const keepUnsynced of [true, false]) {
    const { found } = await open(fs.crash({ keepUnsynced }));
    assert.deepEqual(found.texts, keepUnsynced ? ["a", "b"] : ["a"]);
  }
});

Deno.test("DurableLog is poisoned by a full disk, and the torn batch is cut at the next start", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  fs.failAppends(1);
  await assertCorrupt(log.append([entry("b".repeat(500))]), /no space left/);
  await log.close();
  const again = await open(fs.crash({ keepUnsynced: true }));
  assert.deepEqual(again.found.texts, ["a"]);
  assert(again.log.cutBytes > 0);
  await again.log.append([entry("c")]);
  await again.log.close();
});

Deno.test("DurableLog is not poisoned by a snapshot that fails", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  await log.roll();
  fs.failAppends(1);
  await assert.rejects(log.saveSnapshot(1, chunksOf(["a"])), /no space/);
  await log.append([entry("b")]);
  await log.close();
  assert(fs.paths().some((path) => path.endsWith(".snapshot.new")));
  const { found } = await open(fs);
  assert.deepEqual(found.texts, ["a", "b"]);
  assert(!fs.paths().some((path) => path.endsWith(".new")), "what was unfinished is gone");
});

Deno.test("DurableLog that was closed finds damage even in its last batch", async () => {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a")]);
  await log.append([entry("last")]);
  await log.close();
  const [path = ""] = fs.paths();
  const text = new TextDecoder("latin1").decode(await fs.read(path));
  const at = text.indexOf("last");
  fs.damage(path, (bytes) => bytes.with(at, 0x58));
  await assertCorrupt(open(fs), /"\/log\/0000000000000001\.log" at byte \d+: a batch is damaged/);
});

/** A log of three segments under a snapshot of the first two entries. */
async function segmented(): Promise<MemoryFs> {
  const fs = new MemoryFs();
  const { log } = await open(fs);
  await log.append([entry("a"), entry("b")]);
  await log.roll();
  await log.saveSnapshot(2, chunksOf(["a", "b"]));
  await log.append([entry("c")]);
  await log.roll();
  await log.append([entry("d")]);
  await log.roll();
  await log.append([entry("e")]);
  await log.close();
  assert.deepEqual((await open(fs)).found.texts, ["a", "b", "c", "d", "e"]);
  return fs;
}

Deno.test("DurableLog refuses a log with a missing file", async () => {
  for (const name of ["0000000000000003.log", "0000000000000004.log"]) {
    const fs = await segmented();
    await fs.remove(`${DIR}/${name}`);
    await assertCorrupt(open(fs), /are missing|does not follow/);
  }
  const fs = await segmented();
  for (const at of [3, 4, 5]) await fs.remove(`${DIR}/000000000000000${at}.log`);
  await assertCorrupt(open(fs), /the log file after the snapshot at 2 is missing/);
  const other = await segmented();
  await other.remove(`${DIR}/0000000000000002.snapshot`);
  await assertCorrupt(open(other), /entries 1 to 2 are missing/);
});

Deno.test("DurableLog refuses a file under the name of another, or of another log", async () => {
  const fs = await segmented();
  await fs.rename(`${DIR}/0000000000000005.log`, `${DIR}/0000000000000006.log`);
  await assertCorrupt(open(fs), /it begins with entry 5, unlike its name/);
  const other = new MemoryFs();
  const { log } = await open(other);
  for (const text of ["1", "2", "3", "4"]) await log.append([entry(text)]);
  await log.roll();
  await log.append([entry("5")]);
  await log.close();
  const foreign = await other.read(`${DIR}/0000000000000005.log`);
  const mixed = await segmented();
  mixed.damage(`${DIR}/0000000000000005.log`, () => foreign);
  await assertCorrupt(open(mixed), /does not follow "\/log\/0000000000000004\.log"/);
});

Deno.test("DurableLog refuses a damaged snapshot", async () => {
  const fs = await segmented();
  fs.damage(`${DIR}/0000000000000002.snapshot`, (bytes) => bytes.with(30, 0));
  await assertCorrupt(open(fs), /0000000000000002\.snapshot" at byte 24: it is damaged/);
});

Deno.test("DurableLog finds any one damaged byte of a closed log", async () => {
  const fresh = await segmented();
  const paths = fresh.paths();
  for (const path of paths) {
    const { length } = await fresh.read(path);
    for (let at = 0; at < length; at++) {
      const fs = await segmented();
      fs.damage(path, (bytes) => bytes.with(at, (bytes[at] ?? 0) ^ 0xff));
      const found = await open(fs).then(({ found }) => found.texts, (error: unknown) => error);
      // Only the closing frame may look torn; it holds nothing.
      if (Array.isArray(found)) assert.deepEqual(found, ["a", "b", "c", "d", "e"]);
      else assert(found instanceof WarrenError && found.reason === "DATA_CORRUPT", `${path}:${at}`);
    }
  }
});
