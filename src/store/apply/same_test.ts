/** Equality of plain data. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { sameData } from "./same.ts";

Deno.test("sameData compares by content, whatever the order of keys", () => {
  assert(sameData({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 }));
  assert(sameData({ a: 1, b: undefined }, { a: 1 }));
  assert(sameData([], []));
  assert(sameData(null, null));
});

Deno.test("sameData tells different things apart", () => {
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: "1" }],
    [{ a: null }, {}],
    [[1, 2], [2, 1]],
    [[1], [1, 2]],
    [[], {}],
    [null, {}],
    [0, ""],
    [{ toString: 1 }, {}],
  ];
  for (const [a, b] of pairs) {
    assert(!sameData(a, b), `${JSON.stringify(a)} and ${JSON.stringify(b)}`);
    assert(!sameData(b, a), `${JSON.stringify(b)} and ${JSON.stringify(a)}`);
  }
});

Deno.test("sameData agrees with the JSON form for any plain data", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert(sameData(value, JSON.parse(JSON.stringify(value))));
  }));
});
