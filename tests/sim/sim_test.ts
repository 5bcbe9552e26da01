/**
 * The fixed seeds: a short search that every change must pass. `deno task sim` runs others.
 */
import assert from "node:assert/strict";
import { Marks } from "./marks.ts";
import { CALM } from "./options.ts";
import { optionsOf, runOnce } from "./run.ts";

const SEEDS = 120;
const SECONDS = 80;

Deno.test("a group under random faults breaks no rule, and the fixed seeds meet every mark", () => {
  const marks = new Marks();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure, marks: met } = runOnce(optionsOf(seed, SECONDS));
    const again = `deno task sim --seed ${seed} --seconds ${SECONDS}`;
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}\nrun again: ${again}`);
    marks.add(met);
  }
  assert.deepEqual(marks.missing, [], "these were never met; find out what became blind");
});

Deno.test("a run of the same seed is the same run", () => {
  for (const seed of [7, 102]) {
    const [one, other] = [runOnce(optionsOf(seed, 60)), runOnce(optionsOf(seed, 60))];
    assert.equal(one.trace, other.trace);
    assert.equal(one.operations, other.operations);
  }
});

Deno.test("a group without faults keeps its first leader until the end, and answers everyone", () => {
  const options = { ...optionsOf(1, 60), faults: CALM, voters: 3, config: {} };
  const { failure, leaderships, operations } = runOnce(options);
  assert.equal(failure, null);
  assert.equal(leaderships, 2, "one to begin with, and one that it is handed over to at the end");
  assert.ok(operations > 200, `${operations} answers`);
});
