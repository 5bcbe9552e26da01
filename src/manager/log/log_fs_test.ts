/** Both file systems pass the contract; the one in memory also forgets what was not made durable. */
import assert from "node:assert/strict";
import { denoFs } from "./deno_fs.ts";
import { testLogFs } from "./testing/log_fs_contract.ts";
import { CrashedError, MemoryFs } from "./testing/memory_fs.ts";

testLogFs("denoFs", async () => {
  const dir = await Deno.makeTempDir();
  const dispose = () => Deno.remove(dir, { recursive: true });
  return { fs: denoFs, dir, [Symbol.asyncDispose]: dispose };
});

testLogFs("MemoryFs", () => {
  const dispose = () => Promise.resolve();
  return Promise.resolve({ fs: new MemoryFs(), dir: "/log", [Symbol.asyncDispose]: dispose });
});

Deno.test("denoFs makes files that only their owner can read", async () => {
  const dir = await Deno.makeTempDir();
  await denoFs.makeDir(`${dir}/log`);
  (await denoFs.create(`${dir}/log/a`)).close();
  assert.equal(((await Deno.stat(`${dir}/log`)).mode ?? 0) & 0o777, 0o700);
  assert.equal(((await Deno.stat(`${dir}/log/a`)).mode ?? 0) & 0o777, 0o600);
  await Deno.remove(dir, { recursive: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("MemoryFs loses what was not synced, or keeps it, as a crash may", async () => {
  for (const keepUnsynced of [true, false]) {
    const fs = new MemoryFs();
    const file = await fs.create("/log/a");
    await file.append(bytes("durable"));
    await file.sync();
    await fs.syncDir("/log");
    await file.append(bytes(" lost"));
    (await fs.create("/log/b")).close();
    const after = fs.crash({ keepUnsynced });
    assert.deepEqual(after.paths(), keepUnsynced ? ["/log/a", "/log/b"] : ["/log/a"]);
    const text = keepUnsynced ? "durable lost" : "durable";
    assert.deepEqual(await after.read("/log/a"), bytes(text));
    await assert.rejects(fs.read("/log/a"), CrashedError);
  }
});

Deno.test("MemoryFs stops within a write at the byte it was told", async () => {
  const fs = new MemoryFs();
  fs.crashAfter(3);
  const file = await fs.create("/log/a");
  await assert.rejects(file.append(bytes("12345")), CrashedError);
  await assert.rejects(file.sync(), CrashedError);
  const after = fs.crash({ keepUnsynced: true });
  assert.deepEqual(await after.read("/log/a"), bytes("123"));
});

Deno.test("MemoryFs fails syncs and appends as told, and then works again", async () => {
  const fs = new MemoryFs();
  const file = await fs.create("/log/a");
  fs.failSyncs(1);
  fs.failAppends(1);
  await assert.rejects(file.append(bytes("1234")), /no space/);
  await assert.rejects(file.sync(), /input\/output/);
  await file.append(bytes("5"));
  await file.sync();
  assert.deepEqual(await fs.read("/log/a"), bytes("125"));
  assert.deepEqual(fs.counts, { appends: 2, syncs: 2, bytes: 3 });
});
