import assert from "node:assert/strict";
import { Lab } from "./testing/lab.ts";

const THREE = ["a", "b", "c"];
const WORD = new TextEncoder().encode("word");

function leaders(lab: Lab): string[] {
  return [...lab.members.keys()].filter((id) => lab.core(id).status().role === "leader");
}

/** Lets time pass until somebody leads; how many ticks that took. */
function untilLeader(lab: Lab, limit: number): number {
  for (let tick = 0; tick < limit; tick++) {
    if (leaders(lab).length > 0) return tick;
    lab.run(1);
  }
  return assert.fail(`nobody leads after ${limit} ticks:\n${lab.describe()}`);
}

Deno.test("RaftCore elects one leader that all members know", () => {
  const lab = Lab.of(THREE);
  untilLeader(lab, 300);
  assert.equal(leaders(lab).length, 1);
  const known = new Set(THREE.map((id) => lab.core(id).status().leader));
  assert.deepEqual([...known], leaders(lab));
});

Deno.test("RaftCore alone leads itself once its own vote is durable", () => {
  const lab = Lab.of(["solo"]);
  lab.tick(100);
  assert.deepEqual(leaders(lab), []);
  lab.settle();
  assert.deepEqual(leaders(lab), ["solo"]);
  assert.equal(lab.core("solo").propose(WORD).isOk, true);
  lab.take("solo");
  assert.equal(lab.core("solo").status().committed, 1, "not before it is written");
  lab.settle();
  assert.equal(lab.core("solo").status().applied, 2);
});

Deno.test("RaftCore commits what is proposed, on every member", () => {
  const lab = Lab.of(THREE);
  lab.elect("a");
  for (let at = 0; at < 50; at++) lab.core("a").propose(WORD);
  lab.settle();
  for (const id of THREE) assert.equal(lab.core(id).status().applied, 51);
});

Deno.test("RaftCore replaces a silent leader within two time-outs, and that one steps down", () => {
  const lab = Lab.of(THREE);
  lab.elect("a");
  lab.cut("a", "b");
  lab.cut("a", "c");
  lab.run(26);
  assert.deepEqual(leaders(lab), [], "the lease ends before others may lead");
  assert.ok(untilLeader(lab, 200) < 200);
  assert.equal(leaders(lab).includes("a"), false);
});

Deno.test("RaftCore asks at once when the connection to its leader broke", () => {
  const lab = Lab.of(THREE);
  lab.elect("a");
  lab.cut("a", "b");
  lab.cut("a", "c");
  for (const id of ["b", "c"]) lab.core(id).report("a", "unreachable");
  lab.tick(25, ["a"]);
  lab.run(12);
  assert.equal(leaders(lab).some((id) => id !== "a"), true);
});

Deno.test("RaftCore gives the same outputs for the same inputs and seed", () => {
  const trace = () => {
    const lab = Lab.of(THREE);
    const texts: string[] = [];
    for (let tick = 0; tick < 300; tick++) {
      lab.tick(1);
      texts.push(JSON.stringify(lab.settle()));
      if (tick % 7 === 0) { for (const id of leaders(lab)) lab.core(id).propose(WORD); }
    }
    return texts.join("\n");
  };
  assert.equal(trace(), trace());
});

Deno.test("RaftCore completes batches in order only", () => {
  const lab = Lab.of(THREE);
  lab.elect("a");
  lab.core("a").propose(WORD);
  const [first] = lab.take("a");
  lab.core("a").propose(WORD);
  const [second] = lab.take("a");
  assert.ok(first && second);
  assert.throws(() => lab.core("a").persisted(second.seq), { name: "BugError" });
});

Deno.test("RaftCore hands out no more to apply than its bound, until that was applied", () => {
  const lab = Lab.of(["a"], { maxApplyBytes: 100 });
  lab.elect("a");
  const core = lab.core("a");
  for (let at = 0; at < 10; at++) core.propose(WORD);
  const ready = core.takeReady();
  assert.ok(ready);
  core.persisted(ready.seq);
  const next = core.takeReady();
  assert.ok(next);
  assert.equal(next.apply.length, 2);
  core.persisted(next.seq);
  assert.equal(core.takeReady(), undefined, "the rest waits");
  core.applied(next.apply.at(-1)?.index ?? 0);
  assert.equal(core.takeReady()?.apply.length, 2);
});

Deno.test("RaftCore as a follower whose state machine is behind takes no more entries", () => {
  const lab = Lab.of(THREE, { maxUnappliedBytes: 100 });
  lab.elect("a");
  const slow = lab.core("b");
  // Its state machine stands still from here on: what is handed out is not reported.
  const append = (index: number) =>
    slow.step({
      kind: "append",
      from: "a",
      to: "b",
      term: 1,
      prevIndex: index - 1,
      prevTerm: 1,
      entries: [{ index, term: 1, payload: { kind: "data", data: WORD } }],
      commit: index,
    });
  for (let index = 2; index <= 5; index++) append(index);
  assert.equal(slow.status().lastIndex, 4);
  const heard = slow.takeReady();
  assert.equal(heard?.sendAfterPersisted.length, 3, "what is not taken is not answered");
});
