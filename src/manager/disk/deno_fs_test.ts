/** The real file system, and descriptors that are closed or taken over behind its back. */
import assert from "node:assert/strict";
import { denoFs } from "./deno_fs.ts";

const libc = () => Deno.dlopen("libc.so.6", { close: { parameters: ["i32"], result: "i32" } });

/** The number under which this process has `path` open. */
function descriptorOf(path: string): number {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) === path) return Number(name);
    } catch (error) {
      // The descriptor of the listing itself is gone by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`${path} is not open`);
}

async function withFile(
  work: (parts: { path: string; steal: () => void }) => void,
): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "warren-fs-" }));
  const lib = libc();
  const path = `${dir}/file`;
  try {
    work({ path, steal: () => assert.equal(lib.symbols.close(descriptorOf(path)), 0) });
  } finally {
    lib.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("denoFs writes and reads at any place", () =>
  withFile(({ path }) => {
    const file = denoFs.create(path);
    file.writeAt(3, new Uint8Array([1, 2, 3]));
    file.sync();
    assert.deepEqual(file.readAt(2, 10), new Uint8Array([0, 1, 2, 3]));
    file.truncate(4);
    assert.equal(file.sizeBytes(), 4);
    file.rename(`${path}.new`);
    denoFs.syncDir(path.slice(0, path.lastIndexOf("/")));
    file.close();
    file.close();
    assert.deepEqual(denoFs.list(path.slice(0, path.lastIndexOf("/"))), ["file.new"]);
  }));

const ignore = { sanitizeResources: false, ignore: Deno.build.os !== "linux" };

Deno.test(
  "denoFs goes on when its descriptor was closed before a write",
  ignore,
  () =>
    withFile(({ path, steal }) => {
      const file = denoFs.create(path);
      file.writeAt(0, new Uint8Array([1]));
      file.sync();
      steal();
      file.writeAt(1, new Uint8Array([2]));
      file.sync();
      assert.deepEqual(Deno.readFileSync(path), new Uint8Array([1, 2]));
      file.close();
    }),
);

Deno.test(
  "denoFs goes on when another file took its descriptor, and leaves that file alone",
  ignore,
  () =>
    withFile(({ path, steal }) => {
      const file = denoFs.create(path);
      steal();
      const other = Deno.openSync(`${path}.other`, { create: true, write: true, read: true });
      file.writeAt(0, new Uint8Array([7]));
      file.sync();
      file.close();
      assert.deepEqual(Deno.readFileSync(path), new Uint8Array([7]));
      assert.equal(other.statSync().size, 0);
      other.writeSync(new Uint8Array([1]));
      other.close();
    }),
);

Deno.test(
  "denoFs compares what it wrote when its descriptor goes between write and sync",
  ignore,
  () =>
    withFile(({ path, steal }) => {
      const file = denoFs.create(path);
      file.writeAt(0, new Uint8Array([1, 2, 3]));
      steal();
      file.sync();
      file.writeAt(0, new Uint8Array([4, 5, 6]));
      Deno.writeFileSync(path, new Uint8Array([4, 0, 6]));
      steal();
      assert.throws(() => file.sync(), /closed or replaced under this process/);
      file.close();
    }),
);
