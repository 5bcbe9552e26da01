/**
 * The fixed seeds: a short search that every change must pass. `deno task sim` runs others.
 */
import assert from "node:assert/strict";
import { FIXED, REGRESSIONS } from "./fixed.ts";
import { Marks } from "./marks.ts";
import { CALM } from "./options.ts";
import { optionsOf, runOnce } from "./run.ts";

Deno.test("a group under random faults breaks no rule, and the fixed seeds meet every mark", () => {
  const marks = new Marks();
  for (let seed = FIXED.from; seed <= FIXED.to; seed++) {
    const { failure, marks: met } = runOnce(optionsOf(seed, FIXED.seconds));
    const again = `deno task sim --seed ${seed} --seconds ${FIXED.seconds}`;
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}\nrun again: ${again}`);
    marks.add(met);
  }
  assert.deepEqual(marks.missing, [], "these were never met; find out what became blind");
});

for (const { seed, seconds, without, why } of REGRESSIONS) {
  Deno.test(`seed ${seed} breaks no rule any more: ${why}`, () => {
    const { failure } = runOnce(optionsOf(seed, seconds, without));
    assert.equal(failure, null, failure?.message ?? "");
  });
}

Deno.test("a group without faults keeps its first leader until the end, and answers everyone", () => {
  const options = { ...optionsOf(1, 60), faults: CALM, voters: 3, config: {} };
  const { failure, leaderships, operations } = runOnce(options);
  assert.equal(failure, null);
  assert.equal(leaderships, 2, "one to begin with, and one that it is handed over to at the end");
  assert.ok(operations > 200, `${operations} answers`);
});
