/** Quorums, the log and the history of memberships against naive versions of themselves. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { RaftLog } from "./log.ts";
import { changed, type MembershipChange, MembershipHistory, membersOf } from "./membership.ts";
import { majorityValue, quorumValue, voteResult } from "./quorum.ts";
import type { Entry, MemberId, Membership } from "./message.ts";

const IDS = ["a", "b", "c", "d", "e", "f", "g"];
const someIds = fc.subarray(IDS);
const memberships = fc.record({
  voters: fc.subarray(IDS, { minLength: 1 }),
  outgoing: someIds,
  learners: fc.constant([]),
});

/** All ways to choose more than half of `ids`. */
function majorities(ids: readonly MemberId[]): MemberId[][] {
  const sets: MemberId[][] = [];
  for (let mask = 0; mask < 1 << ids.length; mask++) {
    const set = ids.filter((_, at) => mask & (1 << at));
    if (set.length > ids.length / 2) sets.push(set);
  }
  return sets;
}

Deno.test("majorityValue is the largest value that every member of some majority has reached", () => {
  const values = fc.dictionary(fc.constantFrom(...IDS), fc.nat(20));
  fc.assert(fc.property(fc.subarray(IDS, { minLength: 1 }), values, (voters, reached) => {
    const valueOf = (id: MemberId) => reached[id] ?? 0;
    const naive = Math.max(...majorities(voters).map((set) => Math.min(...set.map(valueOf))));
    assert.equal(majorityValue(voters, valueOf), naive);
  }));
});

Deno.test("quorumValue is the largest value on which majorities of both halves agree", () => {
  const values = fc.dictionary(fc.constantFrom(...IDS), fc.nat(20));
  fc.assert(fc.property(memberships, values, (membership, reached) => {
    const valueOf = (id: MemberId) => reached[id] ?? 0;
    const holds = (value: number) =>
      [membership.voters, membership.outgoing].every((half) =>
        half.length === 0 || half.filter((id) => valueOf(id) >= value).length * 2 > half.length
      );
    const naive = Array.from({ length: 21 }, (_, value) => value).findLast(holds) ?? 0;
    assert.equal(quorumValue(membership, valueOf), naive);
  }));
});

Deno.test("voteResult is what trying out every way to go on comes to", () => {
  const votes = fc.dictionary(fc.constantFrom(...IDS), fc.boolean());
  fc.assert(fc.property(memberships, votes, (membership, cast) => {
    const all = [...new Set([...membership.voters, ...membership.outgoing])];
    const open = all.filter((id) => cast[id] === undefined);
    const wins = (extra: ReadonlySet<MemberId>) =>
      [membership.voters, membership.outgoing].every((half) =>
        half.length === 0 ||
        half.filter((id) => cast[id] === true || extra.has(id)).length * 2 > half.length
      );
    const expected = wins(new Set()) ? "won" : wins(new Set(open)) ? "pending" : "lost";
    assert.equal(voteResult(membership, (id) => cast[id]), expected);
  }));
});

Deno.test("changed keeps quorums of before and after in touch, and nobody in two lists", () => {
  const ids = fc.constantFrom(...IDS);
  const kinds = fc.constantFrom("add learner", "promote", "demote", "remove");
  const changes = fc.array(fc.tuple(kinds, ids), { maxLength: 12 });
  fc.assert(
    fc.property(changes, (steps) => {
      let membership = membersOf("a", "b", "c");
      for (const [kind, id] of steps) {
        const after = changed(membership, { kind, id } as MembershipChange);
        if (typeof after === "string") continue;
        assert.ok(after.voters.length > 0, "somebody votes");
        assert.equal(new Set([...after.voters, ...after.learners]).size, count(after));
        for (const one of majorities(membership.voters)) {
          for (const other of majorities(after.voters)) {
            assert.ok(one.some((member) => other.includes(member)), `${one} meets ${other}`);
          }
        }
        membership = after;
      }
    }),
    { numRuns: 50 },
  );
});

function count({ voters, learners }: Membership): number {
  return voters.length + learners.length;
}

/** A log without any cleverness: everything that ever was, and some marks. */
class NaiveLog {
  terms: number[] = [];
  base = 0;
  snapshot = 0;
  committed = 0;
  handed = 0;
  applied = 0;
  durable = 0;

  describe(log: RaftLog): unknown {
    const kept = Array.from({ length: Math.max(0, log.lastIndex - log.firstIndex + 1) });
    return [
      kept.map((_, at) => log.termAt(log.firstIndex + at)),
      log.firstIndex - 1,
      log.snapshot.index,
      log.committed,
      log.handed,
      log.applied,
      log.durable,
    ];
  }

  expected(): unknown {
    const { base, snapshot, committed, handed, applied, durable } = this;
    return [this.terms.slice(base), base, snapshot, committed, handed, applied, durable];
  }
}

type LogStep = readonly [
  "append" | "truncate" | "commit" | "durable" | "take" | "applied" | "compact" | "restore",
  number,
];

function runStep(naive: NaiveLog, log: RaftLog, [kind, size]: LogStep): void {
  const last = naive.terms.length;
  const lastTerm = naive.terms.at(-1) ?? 0;
  const inside = (from: number, to: number) => from + (to > from ? size % (to - from + 1) : 0);
  switch (kind) {
    case "append": {
      const term = lastTerm + (size % 2);
      log.append([entry(last + 1, term), entry(last + 2, term)]);
      naive.terms.push(term, term);
      return;
    }
    case "truncate": {
      if (last <= naive.committed) return;
      const index = inside(naive.committed + 1, last);
      log.truncate(index);
      naive.terms.length = index - 1;
      naive.durable = Math.min(naive.durable, index - 1);
      return;
    }
    case "commit": {
      const index = inside(naive.committed, last);
      assert.equal(log.commitTo(index), index > naive.committed);
      naive.committed = index;
      return;
    }
    case "durable": {
      const index = inside(Math.min(naive.base, last), last);
      log.durableTo(index);
      naive.durable = Math.max(naive.durable, index);
      return;
    }
    case "take": {
      const entries = log.takeApplicable(Infinity);
      const to = Math.max(naive.handed, Math.min(naive.committed, naive.durable));
      assert.deepEqual(entries.map(({ index }) => index), range(naive.handed + 1, to));
      naive.handed = to;
      return;
    }
    case "applied":
      naive.applied = Math.max(naive.applied, inside(0, naive.handed));
      return log.appliedTo(naive.applied);
    case "compact": {
      if (naive.applied < naive.snapshot) return;
      const index = inside(naive.snapshot, naive.applied);
      if (index === 0) return;
      const keepFrom = Math.max(1, index - (size % 3));
      log.compact(
        { index, term: naive.terms[index - 1] ?? 0, membership: membersOf("a") },
        keepFrom,
      );
      naive.snapshot = index;
      naive.base = Math.max(naive.base, Math.min(index, keepFrom - 1));
      return;
    }
    case "restore": {
      const index = naive.committed + 1 + (size % 3);
      const term = lastTerm + 1;
      log.restore({ index, term, membership: membersOf("a") });
      naive.terms = Array.from({ length: index }, () => term);
      naive.base =
        naive.snapshot =
        naive.committed =
        naive.handed =
          index;
      naive.durable = 0;
      return;
    }
  }
}

function entry(index: number, term: number): Entry {
  return { index, term, payload: { kind: "data", data: new Uint8Array(index % 5) } };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}

Deno.test("RaftLog does what a plain list of terms with some marks does", () => {
  const kinds = fc.constantFrom<LogStep[0][]>(
    "append",
    "append",
    "truncate",
    "commit",
    "durable",
    "take",
    "applied",
    "compact",
    "restore",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, fc.nat(50)), { maxLength: 60 }), (steps) => {
      const naive = new NaiveLog();
      const log = new RaftLog(
        { index: 0, term: 0, membership: membersOf("a") },
        { index: 0, term: 0 },
        [],
      );
      for (const step of steps) {
        runStep(naive, log, step);
        assert.deepEqual(naive.describe(log), naive.expected(), step.join(" "));
        assert.equal(log.bytes, log.bytesBetween(0, log.lastIndex));
        assert.equal(log.unappliedBytes, log.bytesBetween(log.applied, log.committed));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("RaftLog names as a hint the last place up to an index whose term is not above a given one", () => {
  const steps = fc.array(fc.nat(2), { maxLength: 20 });
  fc.assert(fc.property(steps, fc.nat(25), fc.nat(30), (rises, index, term) => {
    let last = 1;
    const terms = rises.map((rise) => (last += rise));
    const log = new RaftLog(
      { index: 0, term: 0, membership: membersOf("a") },
      { index: 0, term: 0 },
      terms.map((term, at) => entry(at + 1, term)),
    );
    const naive = terms.findLastIndex((one, at) => at + 1 <= index && one <= term) + 1;
    assert.deepEqual(log.conflictHint(index, term), { index: naive, term: terms[naive - 1] ?? 0 });
  }));
});

Deno.test("MembershipHistory answers as a list of every step would", () => {
  const kinds = fc.constantFrom("append", "append", "truncate", "compact", "reset");
  fc.assert(fc.property(fc.array(fc.tuple(kinds, fc.nat(40)), { maxLength: 40 }), (steps) => {
    const naive = new Map<number, string>([[0, "0"]]);
    let [floor, last] = [0, 0];
    const history = new MembershipHistory(0, membersOf("0"));
    for (const [kind, size] of steps) {
      if (kind === "append") {
        last += 1 + (size % 4);
        naive.set(last, `${last}`);
        history.append(last, membersOf(`${last}`));
      } else if (kind === "truncate") {
        const from = floor + 1 + (size % (last - floor + 1));
        for (const index of naive.keys()) if (index >= from) naive.delete(index);
        history.truncate(from);
        last = Math.max(floor, from - 1);
      } else if (kind === "compact") {
        floor += size % (last - floor + 1);
        history.compact(floor);
      } else {
        last += 1;
        floor = last;
        naive.clear();
        naive.set(last, `${last}`);
        history.reset(last, membersOf(`${last}`));
      }
      for (let index = floor; index <= last; index++) {
        const step = Math.max(...[...naive.keys()].filter((at) => at <= index));
        assert.deepEqual(history.at(index).voters, [naive.get(step)]);
      }
      const from = floor + ((last - floor) >> 1);
      const at = Math.max(...[...naive.keys()].filter((index) => index <= from));
      const since = [...naive].filter(([index]) => index >= at).map(([, name]) => [name]);
      assert.deepEqual(history.since(from).map(({ voters }) => voters), since);
      assert.equal(history.latestIndex, Math.max(...naive.keys()));
    }
  }));
});
