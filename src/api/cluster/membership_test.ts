/** Which managers may leave: the arithmetic of majorities, row by row. */
import assert from "node:assert/strict";
import { asId, type NodeId } from "../../model/mod.ts";
import { type KnownMember, majorityOf, reasonToStay } from "./membership.ts";

/** `a! b x! l`: `!` is unreachable, a word beginning with l is a learner. */
function group(text: string): readonly KnownMember[] {
  return text.split(" ").map((word) => {
    const id = word.replace("!", "");
    return { id, voter: !id.startsWith("l"), reachable: !word.endsWith("!") };
  });
}

const ROWS: readonly (readonly [members: string, leaves: string, stays: string | null])[] = [
  ["a b c", "a", null],
  ["a b c!", "c", null],
  ["a b c!", "b", "of the 2 managers left, 2 must be reachable and 1 is"],
  ["a b! c!", "b", "of the 2 managers left, 2 must be reachable and 1 is"],
  ["a b", "b", null],
  ["a b!", "b", null],
  ["a b!", "a", "of the 1 manager left, 1 must be reachable and 0 are"],
  ["a", "a", "it is the only manager with a vote"],
  ["a l1", "a", "it is the only manager with a vote"],
  ["a l1!", "l1", null],
  ["a b c d! e!", "c", "of the 4 managers left, 3 must be reachable and 2 are"],
  ["a b c d! e!", "d", null],
  ["a b c", "nobody", null],
];

for (const [members, leaves, stays] of ROWS) {
  Deno.test(`reasonToStay of ${leaves} in "${members}" is ${stays ?? "none"}`, () => {
    assert.equal(reasonToStay(group(members), asId<NodeId>(leaves)), stays);
  });
}

Deno.test("majorityOf is more than half", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 7].map(majorityOf), [1, 2, 2, 3, 3, 4]);
});
