import assert from "node:assert/strict";
import fc from "fast-check";
import { WarrenError } from "../../lib/mod.ts";
import type { Entry } from "../../raft/mod.ts";
import { ByteReader, ByteWriter, readEntry, writeEntry } from "./entry.ts";

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const ids = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });
const membership = fc.record({ voters: ids, outgoing: ids, learners: ids }, {
  noNullPrototype: true,
});
const payload = fc.oneof(
  fc.constant({ kind: "noop" } as const),
  fc.record({ kind: fc.constant("data" as const), data: fc.uint8Array() }, {
    noNullPrototype: true,
  }),
  fc.record({ kind: fc.constant("membership" as const), membership }, { noNullPrototype: true }),
);
const entry: fc.Arbitrary<Entry> = fc.record({ index: number, term: number, payload }, {
  noNullPrototype: true,
});

function encoded(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(1);
  for (const one of entries) writeEntry(writer, one);
  return writer.finish();
}

function decoded(bytes: Uint8Array): readonly Entry[] {
  const reader = new ByteReader(bytes, "a test");
  const entries: Entry[] = [];
  while (reader.remaining > 0) entries.push(readEntry(reader));
  return entries;
}

Deno.test("readEntry gives back what writeEntry wrote", () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
    assert.deepEqual(decoded(encoded(entries)), entries);
  }));
});

Deno.test("readEntry meets damaged bytes with DATA_CORRUPT or a value, never another error", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), damage, fc.nat(), check), {
    numRuns: 2_000,
  });
  function check(entries: readonly Entry[], places: readonly [number, number][], cut: number) {
    const bytes = encoded(entries);
    for (const [at, value] of places) bytes[at % bytes.length] = value;
    try {
      decoded(cut % 2 === 0 ? bytes : bytes.subarray(0, cut % bytes.length));
    } catch (error) {
      assert.ok(error instanceof WarrenError && error.reason === "DATA_CORRUPT", String(error));
    }
  }
});

Deno.test("ByteReader says where the bytes end too early", () => {
  const reader = new ByteReader(new Uint8Array([1, 2, 3]), '"log"', 100);
  reader.u8();
  assert.throws(() => reader.u32(), {
    message: 'Cannot read "log" at byte 101: 4 bytes are wanted, 2 left',
  });
});

Deno.test("ByteReader refuses numbers beyond the safe ones and forms that a writer never makes", () => {
  for (
    const bytes of [Array(9).fill(0xff), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [
      0x80,
      0,
    ]]
  ) {
    assert.throws(() => new ByteReader(new Uint8Array(bytes), "x").u53(), WarrenError);
  }
});

Deno.test("ByteReader never makes room for more parts than bytes are left", () => {
  const writer = new ByteWriter();
  writer.u53(2 ** 40);
  assert.throws(() => new ByteReader(writer.finish(), "x").count(), WarrenError);
});
