/** Tests of the size table and of the archive that the sizes are read from. */
import assert from "node:assert/strict";
import { tarEntries } from "./packaging/inspect.ts";
import { tarOf } from "./packaging/tar.ts";
import { parseRecord, tableOf, withTable } from "./size.ts";

Deno.test("tableOf shows growth, and marks what is over its limit", () => {
  const figures = [
    { name: "a", bytes: 1_500, limitBytes: 2_000 },
    { name: "b", bytes: 3_000, limitBytes: 2_000 },
  ];
  assert.deepEqual(tableOf(figures, { a: 1_000 }).slice(1), [
    ["a", "1,500", "2,000", "1,000", "+500", "ok"],
    ["b", "3,000", "2,000", "-", "new", "OVER"],
  ]);
});

Deno.test("parseRecord reads a map of numbers and refuses all else", () => {
  assert.deepEqual(parseRecord(""), {});
  assert.deepEqual(parseRecord('{"a": 1}'), { a: 1 });
  assert.throws(() => parseRecord('{"a": "1"}'), /not a map/);
});

Deno.test("withTable replaces what is between the marks and nothing else", () => {
  const document = "above\n<!-- sizes -->\nold\n<!-- end of sizes -->\nbelow\n";
  const once = withTable(document, [{ name: "a", bytes: 1_500, limitBytes: 2_000 }]);
  assert.match(once, /^above\n.*\| a \| 1,500 \| 2,000 \|\n.*\nbelow\n$/s);
  assert.doesNotMatch(once, /old/);
  assert.equal(withTable(once, [{ name: "a", bytes: 1_500, limitBytes: 2_000 }]), once);
  assert.throws(() => withTable("above", []), /no size marks/);
});

Deno.test("tarOf and tarEntries are an inverse pair, whatever the order", () => {
  const data = (length: number) => new Uint8Array(length).fill(7);
  const a = { path: "a.js", data: data(512), isExecutable: false };
  const b = { path: "b", data: data(1), isExecutable: true };
  const archive = tarOf([b, a]);
  assert.deepEqual(archive, tarOf([a, b]));
  assert.deepEqual([...tarEntries(archive)], [["a.js", data(512)], ["b", data(1)]]);
  assert.equal(archive.length, 512 * (2 + 2 + 2));
});

Deno.test("tarOf refuses a path that the format cannot hold", () => {
  const file = { path: "x".repeat(101), data: new Uint8Array(), isExecutable: false };
  assert.throws(() => tarOf([file]), /1 to 100 ASCII/);
});
