/**
 * What every {@link LogFs} must do; run by the tests of the real one and of the one in memory.
 */
import assert from "node:assert/strict";
import type { LogFs } from "../log_fs.ts";

/** A file system under test and a directory that exists in it. */
export interface FsUnderTest extends AsyncDisposable {
  readonly fs: LogFs;
  readonly dir: string;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Registers the suite under `name`. */
export function testLogFs(name: string, make: () => Promise<FsUnderTest>): void {
  Deno.test(`${name} appends to a new file and to one that exists`, async () => {
    await using test = await make();
    const { fs, dir } = test;
    const file = await fs.create(`${dir}/a`);
    await file.append(bytes("one "));
    await file.append(bytes("two "));
    await file.sync();
    file.close();
    const again = await fs.open(`${dir}/a`);
    await again.append(bytes("three"));
    await again.sync();
    again.close();
    assert.deepEqual(await fs.read(`${dir}/a`), bytes("one two three"));
  });

  Deno.test(`${name} appends where a file was cut`, async () => {
    await using test = await make();
    const { fs, dir } = test;
    const file = await fs.create(`${dir}/a`);
    await file.append(bytes("good torn"));
    await file.truncate(5);
    await file.append(bytes("new"));
    file.close();
    assert.deepEqual(await fs.read(`${dir}/a`), bytes("good new"));
    const again = await fs.open(`${dir}/a`);
    await again.truncate(4);
    await again.append(bytes("!"));
    again.close();
    assert.deepEqual(await fs.read(`${dir}/a`), bytes("good!"));
  });

  Deno.test(`${name} replaces a file by creating or renaming one of its name`, async () => {
    await using test = await make();
    const { fs, dir } = test;
    for (const text of ["first", "second"]) {
      const file = await fs.create(`${dir}/a.new`);
      await file.append(bytes(text));
      file.close();
      await fs.rename(`${dir}/a.new`, `${dir}/a`);
      await fs.syncDir(dir);
    }
    assert.deepEqual(await fs.list(dir), ["a"]);
    assert.deepEqual(await fs.read(`${dir}/a`), bytes("second"));
    (await fs.create(`${dir}/a`)).close();
    assert.deepEqual(await fs.read(`${dir}/a`), bytes(""));
  });

  Deno.test(`${name} lists names in order and forgets removed ones`, async () => {
    await using test = await make();
    const { fs, dir } = test;
    await fs.makeDir(`${dir}/inner`);
    await fs.makeDir(`${dir}/inner`);
    for (const file of ["b", "c", "a"]) (await fs.create(`${dir}/inner/${file}`)).close();
    await fs.remove(`${dir}/inner/b`);
    assert.deepEqual(await fs.list(`${dir}/inner`), ["a", "c"]);
  });

  Deno.test(`${name} refuses what is not there`, async () => {
    await using test = await make();
    const { fs, dir } = test;
    await assert.rejects(fs.read(`${dir}/gone`));
    await assert.rejects(fs.open(`${dir}/gone`));
    await assert.rejects(fs.remove(`${dir}/gone`));
    await assert.rejects(fs.rename(`${dir}/gone`, `${dir}/a`));
  });
}
