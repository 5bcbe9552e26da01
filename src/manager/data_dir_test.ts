/** The data directory: one process at a time, one format. */
import assert from "node:assert/strict";
import { WarrenError } from "../lib/mod.ts";
import { DATA_DIR_FORMAT, openDataDir } from "./data_dir.ts";

async function inTempDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function refusal(path: string): Promise<WarrenError> {
  const error = await openDataDir(path).then(() => undefined, (thrown: unknown) => thrown);
  assert(error instanceof WarrenError);
  return error;
}

Deno.test("openDataDir makes a directory that only its owner enters, and marks its format", async () => {
  await inTempDir(async (dir) => {
    using held = await openDataDir(`${dir}/deep/data`);
    assert.equal(held.path, `${dir}/deep/data`);
    assert.equal(((await Deno.stat(held.path)).mode ?? 0) & 0o777, 0o700);
    assert.equal(await Deno.readTextFile(`${held.path}/format`), `${DATA_DIR_FORMAT}\n`);
  });
});

Deno.test("openDataDir refuses a directory that is held, until it is let go", async () => {
  await inTempDir(async (dir) => {
    const held = await openDataDir(dir);
    const error = await refusal(dir);
    assert.equal(error.reason, "DATA_DIR_IN_USE");
    assert.equal(error.message, `Cannot use data directory "${dir}": another process has it`);
    held[Symbol.dispose]();
    using _again = await openDataDir(dir);
  });
});

Deno.test("openDataDir refuses a directory that another process holds", async () => {
  await inTempDir(async (dir) => {
    const module = new URL("./data_dir.ts", import.meta.url).href;
    const script = `const { openDataDir } = await import(${JSON.stringify(module)});
      await openDataDir(${JSON.stringify(dir)});
      console.log("held");
      await new Promise(() => setInterval(() => {}, 1000));`;
    const command = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      stdout: "piped",
      stderr: "null",
    });
    const child = command.spawn();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value).trim(), "held");
    assert.equal((await refusal(dir)).reason, "DATA_DIR_IN_USE");
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    using _held = await openDataDir(dir);
  });
});

Deno.test("openDataDir refuses a format that a newer version wrote", async () => {
  await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/format`, "2\n");
    const error = await refusal(dir);
    assert.equal(error.reason, "DATA_DIR_UNUSABLE");
    assert.match(error.message, /format "2" was written by a newer version/);
    assert.match(error.hint ?? "", /version of warren/);
    await Deno.writeTextFile(`${dir}/format`, "1\n");
    using _held = await openDataDir(dir);
  });
});

Deno.test("openDataDir says why a path cannot be used", async () => {
  await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const error = await refusal(`${dir}/file/data`);
    assert.equal(error.reason, "DATA_DIR_UNUSABLE");
    assert.match(error.message, /Cannot use data directory ".*\/file\/data": /);
  });
});
