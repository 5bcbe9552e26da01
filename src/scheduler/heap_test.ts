/** The heap against plain sorting. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { Heap } from "./heap.ts";

Deno.test("Heap gives items back in order, whatever went in when", () => {
  const lists = fc.array(fc.integer());
  fc.assert(fc.property(lists, lists, (first, later) => {
    const heap = new Heap([...first], (a, b) => a < b);
    for (const item of later) heap.push(item);
    assert.equal(heap.size, first.length + later.length);
    const out: number[] = [];
    for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item);
    assert.deepEqual(out, [...first, ...later].sort((a, b) => a - b));
    assert.equal(heap.pop(), undefined);
  }));
});
