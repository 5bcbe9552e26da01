/**
 * Random faults under many seeds. `WARREN_RAFT_SEEDS=FROM-TO` runs another range.
 */
import assert from "node:assert/strict";
import { Prng } from "../lib/mod.ts";
import { CALM, drawFaults, SimGroup } from "./testing/group.ts";

const [FROM, TO] = (Deno.env.get("WARREN_RAFT_SEEDS") ?? "1-60").split("-").map(Number);
const TICKS = 6_000;

function runSeed(seed: number): SimGroup {
  const prng = new Prng(seed ^ 0x5eed);
  const ids = ["a", "b", "c", "d", "e"].slice(0, prng.pick([1, 3, 3, 5]));
  const config = prng.chance(0.3)
    ? { inflightMessages: 1, maxAppendEntries: 1 + prng.below(3) }
    : {};
  const group = new SimGroup(seed, ids, { faults: drawFaults(prng), config });
  for (let n = 0; n < TICKS / 10; n++) {
    if (prng.chance(0.7)) group.propose();
    if (prng.chance(0.2)) group.read();
    if (prng.chance(0.01)) group.leader()?.transfer(prng.pick(ids));
    group.run(10);
  }
  group.faults = CALM;
  group.isolate();
  group.runUntil("a leader after healing", () => group.leader() !== undefined, 3_000);
  group.propose();
  group.runUntil("all members to be level", () => group.isLevel(), 5_000);
  return group;
}

Deno.test("RaftCore keeps every safety rule under random faults, and recovers when they end", () => {
  let words = 0;
  for (let seed = FROM ?? 1; seed <= (TO ?? 60); seed++) {
    try {
      words += runSeed(seed).committedWords().length;
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
  assert.ok(words > 1_000, `only ${words} words were committed: the workload is idle`);
});
