import assert from "node:assert/strict";
import { ManualClock, silentLog } from "../../lib/mod.ts";
import { StoreFixture } from "../../store/testing/store_fixture.ts";
import { type AppliedMemoryParts, followApplied, readApplied } from "./applied_memory.ts";
import { DataDir } from "../data_dir.ts";

async function withParts(
  body: (parts: AppliedMemoryParts, fixture: StoreFixture, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  const fixture = new StoreFixture();
  const clock = new ManualClock();
  try {
    using dataDir = await DataDir.open(path);
    const { store } = fixture;
    await body({ dataDir, memberId: "m1", store, clock, log: silentLog }, fixture, clock);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("followApplied notes the index when it stops, for the same member only", () =>
  withParts(async (parts, fixture) => {
    {
      await using _ = followApplied(parts);
      fixture.addNode("one");
    }
    assert.equal(await readApplied(parts.dataDir, "m1"), fixture.view.index);
    assert.equal(await readApplied(parts.dataDir, "m2"), 0);
  }));

Deno.test("followApplied notes the index a second after a change, whatever comes meanwhile", () =>
  withParts(async (parts, fixture, clock) => {
    const following = followApplied(parts);
    fixture.addNode("one");
    await clock.advance(999);
    fixture.addNode("two");
    assert.equal(clock.pending, 1, "one note is due");
    assert.equal(await readApplied(parts.dataDir, "m1"), 0);
    await clock.advance(1);
    await following[Symbol.asyncDispose]();
    assert.equal(await readApplied(parts.dataDir, "m1"), 2);
  }));

Deno.test("readApplied takes what a power cut has left for no note", () =>
  withParts(async ({ dataDir }) => {
    assert.equal(await readApplied(dataDir, "m1"), 0);
    for (const text of ["", "{", "null", '{"memberId":"m1","index":"9"}']) {
      await Deno.writeTextFile(`${dataDir.path}/applied.json`, text);
      assert.equal(await readApplied(dataDir, "m1"), 0);
    }
  }));
