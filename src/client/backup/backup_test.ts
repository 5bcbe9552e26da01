import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { WarrenError } from "../../lib/mod.ts";
import type { BackupResponse } from "../../rpc/gen/warren/v1/cluster.ts";
import { copyBackup, readBackup } from "./mod.ts";

const PIECES = ["first piece\n", "second\n", "x".repeat(300_000)].map((text) => Buffer.from(text));
const STATE = Buffer.concat(PIECES);
const HEADER = {
  clusterId: "c1",
  index: 42,
  createdMs: 1_700_000_000_000,
  version: "1.2.3",
  dataKey: Buffer.alloc(32, 7),
};

function sent(over: { readonly pieces?: readonly Buffer[] } = {}): BackupResponse[] {
  const sha256 = createHash("sha256").update(STATE).digest();
  return [
    { part: { $case: "header", value: HEADER } },
    ...(over.pieces ?? PIECES).map((value): BackupResponse => ({
      part: { $case: "piece", value },
    })),
    { part: { $case: "end", value: { sizeBytes: STATE.length, sha256 } } },
  ];
}

async function* stream(parts: readonly BackupResponse[]): AsyncGenerator<BackupResponse> {
  for (const part of parts) yield await Promise.resolve(part);
}

async function copied(parts: readonly BackupResponse[]): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const { sizeBytes, digest } = await copyBackup(stream(parts), {
    write: (bytes) => void written.push(bytes),
  });
  const whole = Buffer.concat(written);
  assert.equal(sizeBytes, whole.length);
  assert.equal(digest, createHash("sha256").update(whole).digest("hex"));
  return whole;
}

async function withFile(bytes: Uint8Array, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof WarrenError, String(error));
    return `${error.reason}: ${error.message}`;
  }
  return "nothing failed";
}

Deno.test("readBackup gives back what copyBackup wrote", async () => {
  await withFile(await copied(sent()), async (path) => {
    const { header, state } = await readBackup(path);
    assert.deepEqual({ ...header, dataKey: Buffer.from(header.dataKey) }, HEADER);
    assert.deepEqual(Buffer.from(state), STATE);
  });
});

Deno.test("copyBackup refuses parts that are missing, exchanged or changed", async () => {
  const all = sent();
  const [header, first, second] = all;
  assert(header && first && second);
  for (
    const [parts, why] of [
      [all.slice(0, -1), /its end did not arrive/],
      [all.slice(1), /out of order/],
      [[header, ...all], /out of order/],
      [[header, second, first, ...all.slice(3)], /not what the manager sent/],
      [[...all, first], /something follows its end/],
      [[header, { part: undefined }], /newer version/],
      [[], /its end did not arrive/],
    ] as const
  ) {
    assert.match(await faultOf(copied(parts)), why);
  }
});

Deno.test("readBackup refuses a file with any byte changed, and one cut anywhere, and says where", async () => {
  const whole = await copied(sent({ pieces: [STATE.subarray(0, 40), STATE.subarray(40)] }));
  const places = [0, 9, 13, 21, 30, 200, 300, whole.length - 100, whole.length - 1];
  for (const at of places) {
    const bad = Uint8Array.from(whole);
    bad[at] = (bad[at] ?? 0) ^ 1;
    await withFile(bad, async (path) => {
      assert.match(
        await faultOf(readBackup(path)),
        /^DATA_CORRUPT: .* at byte \d+: /,
        `byte ${at}`,
      );
    });
    await withFile(whole.slice(0, at), async (path) => {
      assert.match(await faultOf(readBackup(path)), /at byte \d+: it is cut/, `cut at ${at}`);
    });
  }
  await withFile(Buffer.concat([whole, Buffer.from("x")]), async (path) => {
    assert.match(await faultOf(readBackup(path)), /something follows its end/);
  });
});

Deno.test("readBackup refuses what is no backup, what is newer, and what is not there", async () => {
  const newer = await copied(sent());
  newer[8] = 2;
  await withFile(newer, async (path) => {
    assert.match(await faultOf(readBackup(path)), /at byte 8: format 2 was written by a newer/);
  });
  await withFile(Buffer.from("just some other file"), async (path) => {
    assert.match(await faultOf(readBackup(path)), /it is no backup/);
  });
  assert.match(await faultOf(readBackup("/nowhere/x")), /^USAGE: .*there is no such file/);
});
