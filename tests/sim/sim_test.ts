/**
 * The fixed seeds: a short search that every change must pass. `deno task sim` runs others.
 */
import assert from "node:assert/strict";
import { Marks } from "./marks.ts";
import { CALM, type Options } from "./options.ts";
import { optionsOf, type Outcome, runOnce } from "./run.ts";

const SEEDS = 70;
const SECONDS = 100;

/** Leaders that are cut off for a moment while the others go on and compact: what chance seldom brings. */
function rivalry(seed: number): Options {
  const faults = { ...CALM, delay: 3, partition: 0.03, compact: 0.5, crash: 0.003, churn: 0.003 };
  const pace = { trailing: 0, clients: 5, restTicks: 3 };
  return { ...optionsOf(seed, 60), ...pace, voters: 3, config: {}, faults };
}

Deno.test("a group under random faults breaks no rule, and the fixed seeds meet every mark", () => {
  const marks = new Marks();
  const add = ({ failure, marks: met, seed }: Outcome) => {
    const again = `deno task sim --seed ${seed} --seconds ${SECONDS}`;
    assert.equal(failure, null, `seed ${seed}: ${failure?.message}\nrun again: ${again}`);
    marks.add(met);
  };
  for (let seed = 1; seed <= SEEDS; seed++) add(runOnce(optionsOf(seed, SECONDS)));
  for (let seed = 1; seed <= SEEDS; seed++) add(runOnce(rivalry(seed)));
  assert.deepEqual(marks.missing, [], "these were never met; find out what became blind");
});

Deno.test("a run of the same seed is the same run", () => {
  for (const seed of [7, 102]) {
    const [one, other] = [runOnce(optionsOf(seed, 60)), runOnce(optionsOf(seed, 60))];
    assert.equal(one.trace, other.trace);
    assert.equal(one.operations, other.operations);
  }
});

Deno.test("a group without faults keeps its first leader and answers everyone", () => {
  const options = { ...optionsOf(1, 60), faults: CALM, voters: 3, config: {} };
  const { failure, leaderships, operations } = runOnce(options);
  assert.equal(failure, null);
  assert.equal(leaderships, 1);
  assert.ok(operations > 200, `${operations} answers`);
});
