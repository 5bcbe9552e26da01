import assert from "node:assert/strict";
import type { Findings } from "./findings.ts";
import { judgeRecovery } from "./judge.ts";
import type { ManagerAnswer, ManagerSeen } from "./look_around.ts";

const GOOD: ManagerAnswer = {
  clusterId: "c",
  leaderId: "",
  term: 7,
  commitIndex: 90,
  lastIndex: 100,
  lastTerm: 7,
};

function findings(over: Partial<Findings> = {}): Findings {
  return {
    dataDir: "/d",
    clusterId: "c",
    nodeId: "n1",
    memberId: "a",
    lastIndex: 100,
    lastTerm: 7,
    isInDoubt: false,
    lastMs: 1,
    voters: ["a", "b", "c"],
    outgoing: [],
    managers: [],
    counts: { services: 0, secrets: 0, nodes: 0 },
    ...over,
  };
}

/** Members as they answer; null for who does not. The first is this manager. */
function seen(answers: Readonly<Record<string, Partial<ManagerAnswer> | null>>): ManagerSeen[] {
  return Object.entries(answers).map(([memberId, answer], at) => ({
    memberId,
    nodeId: `n-${memberId}`,
    name: `m-${memberId}`,
    address: `127.0.0.1:${at}`,
    isVoter: true,
    isSelf: at === 0,
    answer: answer && { ...GOOD, ...answer },
  }));
}

Deno.test("judgeRecovery lets a manager go on alone only when the others are no majority with it", () => {
  const rows: readonly (readonly [Findings, Parameters<typeof seen>[0], RegExp | null])[] = [
    [findings(), { a: null, b: null, c: null }, null],
    [findings(), { a: null, b: {}, c: null }, /2 of 3 managers are there/],
    [findings(), { a: null, b: {}, c: {} }, /3 of 3 managers are there/],
    [findings({ voters: ["a", "b"] }), { a: null, b: null }, null],
    [findings({ voters: ["a", "b", "c", "d"] }), { a: null, b: {}, c: null, d: null }, null],
    [findings({ voters: ["a", "b", "c", "d", "e"] }), { a: null, b: {}, c: {} }, /3 of 5/],
    [findings({ voters: ["a"] }), { a: null }, /is the only one already/],
    // It was removed, or is a learner: the others may be a majority without it.
    [findings({ voters: ["b", "c", "d"] }), { a: null, b: {}, c: {}, d: null }, /2 of 3/],
    [findings({ voters: ["b", "c", "d"] }), { a: null, b: {}, c: null, d: null }, null],
    [findings(), { a: null, b: { leaderId: "n9" }, c: null }, /"m-b" at 127.0.0.1:1 has a leader/],
    [findings(), { a: null, b: null, c: null, d: { leaderId: "n1" } }, null],
    // In the midst of a change both groups must agree, so one without a majority is enough.
    [findings({ voters: ["a", "b"], outgoing: ["b", "c", "d"] }), { a: null, b: {} }, null],
    [findings({ voters: ["a"], outgoing: ["a", "b", "c"] }), { a: null, b: null, c: null }, null],
    [findings({ voters: ["a", "b"], outgoing: ["a", "b"] }), { a: null, b: {} }, /2 of 2/],
  ];
  for (const [found, answers, why] of rows) {
    const { refusal } = judgeRecovery(found, seen(answers));
    if (why === null) assert.equal(refusal, null, JSON.stringify(answers));
    else {
      assert.match(refusal?.message ?? "", why);
      assert.equal(refusal?.reason, "QUORUM_ALIVE");
    }
  }
});

Deno.test("judgeRecovery names the survivor that holds most, by the rule of elections", () => {
  const voters = ["a", "b", "c", "d", "e"];
  const best = (b: Partial<ManagerAnswer>, c: Partial<ManagerAnswer> | null = null) =>
    judgeRecovery(findings({ voters }), seen({ a: null, b, c, d: null })).better?.memberId;
  assert.equal(best({}), undefined);
  assert.equal(best({ lastIndex: 101 }), "b");
  assert.equal(best({ lastIndex: 900, lastTerm: 6 }), undefined);
  assert.equal(best({ lastIndex: 50, lastTerm: 8 }), "b");
  assert.equal(best({ lastIndex: 101 }, { lastIndex: 102 }), "c");
  assert.equal(best({ lastIndex: 102 }, { lastIndex: 101 }), "b");
  // A version that does not say where its log ends says what is committed.
  assert.equal(best({ lastIndex: null, lastTerm: null, commitIndex: 101 }), "b");
  assert.equal(best({ lastIndex: null, lastTerm: null, commitIndex: 99 }), undefined);
});

Deno.test("judgeRecovery warns of a damaged log and of a manager without a vote", () => {
  const text = (found: Findings, isVoter = true) => {
    const others = seen({ a: null, b: null }).map((manager) => ({ ...manager, isVoter }));
    return judgeRecovery(found, others).warnings.join("\n");
  };
  assert.match(text(findings()), /alive elsewhere/);
  assert.doesNotMatch(text(findings()), /damaged|no vote/);
  assert.match(text(findings({ isInDoubt: true })), /damaged/);
  assert.match(text(findings(), false), /no vote/);
});
