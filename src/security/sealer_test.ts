/** Sealing: round trip, binding to purpose and name, tampering, and the life of the key file. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import type { Sealed } from "../model/mod.ts";
import { DATA_KEY_BYTES, openDataKey } from "./data_key.ts";
import { openSealer, type SealContext, Sealer } from "./sealer.ts";

const CONTEXT: SealContext = { purpose: "secret", name: "db" };

function key(fill: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(DATA_KEY_BYTES).fill(fill);
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function assertRefused(work: Promise<unknown>, reason: string): Promise<WarrenError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  assert(error instanceof WarrenError, "an operating error is thrown");
  assert.equal(error.reason, reason);
  return error;
}

async function inTempDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("Sealer opens what it sealed, empty and large data included", async () => {
  const sealer = await Sealer.fromKey(key(1));
  for (const size of [0, 1, 16, 4_096, 500 * 1024]) {
    const data = new Uint8Array(size).map((_, at) => at % 251);
    const sealed = await sealer.seal(CONTEXT, data);
    assert.deepEqual(await sealer.open(CONTEXT, sealed), data);
  }
});

Deno.test("Sealer makes another box each time and shows nothing of the data", async () => {
  const sealer = await Sealer.fromKey(key(1));
  const first = await sealer.seal(CONTEXT, bytes("hunter2"));
  const second = await sealer.seal(CONTEXT, bytes("hunter2"));
  assert.notEqual(first.box, second.box);
  assert.notEqual(first.nonce, second.nonce);
  assert(!atob(first.box).includes("hunter2"));
});

Deno.test("Sealer refuses a box under another name or purpose", async () => {
  const sealer = await Sealer.fromKey(key(1));
  const sealed = await sealer.seal(CONTEXT, bytes("hunter2"));
  await assertRefused(sealer.open({ ...CONTEXT, name: "db2" }, sealed), "UNSEAL_FAILED");
  await assertRefused(sealer.open({ ...CONTEXT, purpose: "join-token" }, sealed), "UNSEAL_FAILED");
});

Deno.test("Sealer refuses a box that was changed, cut or is not base64", async () => {
  const sealer = await Sealer.fromKey(key(1));
  const sealed = await sealer.seal(CONTEXT, bytes("hunter2"));
  const flipped = Uint8Array.fromBase64(sealed.box);
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const faulty: Sealed[] = [
    { ...sealed, box: flipped.toBase64() },
    { ...sealed, box: sealed.box.slice(0, 8) },
    { ...sealed, box: "" },
    { ...sealed, box: "%%%" },
    { ...sealed, nonce: "AAAA" },
    { ...sealed, nonce: "" },
  ];
  for (const box of faulty) {
    const error = await assertRefused(sealer.open(CONTEXT, box), "UNSEAL_FAILED");
    assert(!error.message.includes("hunter2"));
  }
});

Deno.test("Sealer refuses a box of another key and says so", async () => {
  const one = await Sealer.fromKey(key(1));
  const two = await Sealer.fromKey(key(2));
  assert.notEqual(one.keyId, two.keyId);
  const error = await assertRefused(
    two.open(CONTEXT, await one.seal(CONTEXT, bytes("x"))),
    "UNSEAL_FAILED",
  );
  assert.match(error.message, /another data key/);
});

Deno.test("Sealer.fromKey wipes the raw key", async () => {
  const raw = key(7);
  await Sealer.fromKey(raw);
  assert.deepEqual(raw, key(0));
});

Deno.test("openSealer makes a key once, readable by its owner alone, and finds it again", async () => {
  await inTempDir(async (dir) => {
    const first = await openSealer(dir, { create: true });
    const sealed = await first.seal(CONTEXT, bytes("kept"));
    const again = await openSealer(dir, { create: false });
    assert.deepEqual(await again.open(CONTEXT, sealed), bytes("kept"));
    const { mode, size } = await Deno.stat(`${dir}/keys/data.key`);
    assert.equal((mode ?? 0) & 0o777, 0o600);
    assert.equal(size, DATA_KEY_BYTES);
    assert.deepEqual([...Deno.readDirSync(`${dir}/keys`)].map(({ name }) => name), ["data.key"]);
  });
});

Deno.test("openDataKey does not replace a key that is missing or damaged", async () => {
  await inTempDir(async (dir) => {
    await assertRefused(openDataKey(dir, { create: false }), "DATA_KEY_MISSING");
    await openDataKey(dir, { create: true });
    await Deno.truncate(`${dir}/keys/data.key`, 10);
    await assertRefused(openDataKey(dir, { create: true }), "DATA_CORRUPT");
    assert.equal((await Deno.stat(`${dir}/keys/data.key`)).size, 10);
  });
});

Deno.test("openDataKey passes over what a crash left of an unfinished key", async () => {
  await inTempDir(async (dir) => {
    await Deno.mkdir(`${dir}/keys`);
    await Deno.writeFile(`${dir}/keys/data.key.new`, new Uint8Array(3));
    const made = await openDataKey(dir, { create: true });
    assert.equal(made.length, DATA_KEY_BYTES);
    assert.deepEqual(await openDataKey(dir, { create: true }), made);
  });
});

Deno.test("openDataKey says which file it cannot use", async () => {
  await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const error = await assertRefused(
      openDataKey(`${dir}/file`, { create: true }),
      "DATA_DIR_UNUSABLE",
    );
    assert.match(error.message, /keys\/data\.key/);
  });
});
