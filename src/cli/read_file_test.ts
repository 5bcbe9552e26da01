import assert from "node:assert/strict";
import { tryReadFile } from "./read_file.ts";

Deno.test("tryReadFile takes a file up to the bound and no further", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(200_000).fill(7));
  const whole = await tryReadFile(path, 200_000);
  assert.equal(whole.kind === "read" && whole.bytes.length, 200_000);
  assert.ok(whole.kind === "read" && whole.bytes.every((byte) => byte === 7));
  const message = "it is larger than 100KiB";
  assert.deepEqual(await tryReadFile(path, 102_400), { kind: "failed", message });
  await Deno.remove(path);
});

Deno.test("tryReadFile is not filled up by a device without end", async () => {
  const found = await tryReadFile("/dev/zero", 2 ** 20);
  assert.deepEqual(found, { kind: "failed", message: "it is larger than 1MiB" });
});

Deno.test("tryReadFile says why in plain words", async () => {
  const why = async (path: string) => {
    const found = await tryReadFile(path, 10);
    return found.kind === "failed" ? found.message : "it was read";
  };
  assert.equal(await why("/no/such/file"), "there is no such file");
  assert.equal(await why("/"), "it is a directory");
  assert.equal(await why("/proc/self/mem"), "Input/output error");
  assert.equal(await why("/dev/null"), "it was read");
});
