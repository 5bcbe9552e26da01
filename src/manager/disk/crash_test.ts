/**
 * The machine stops after every single change of the disk, and of what was not synced any part may be
 * left: whatever was acknowledged is there after the restart, and nothing that was never written.
 */
import assert from "node:assert/strict";
import { Prng } from "../../lib/mod.ts";
import type { Persist } from "../../raft/mod.ts";
import { CrashedError, type CrashOutcome, MemoryFs } from "./testing/memory_fs.ts";
import {
  batch,
  EMPTY,
  entries,
  GROUP,
  type LogState,
  metaOf,
  open,
  Oracle,
  type Step,
} from "./testing/oracle.ts";

const OUTCOMES: readonly CrashOutcome[] = [
  ...["all", "nothing", "in order", "any part", "any part", "any part"] as const,
];

function write(...batches: readonly Partial<Persist>[]): Step {
  return { kind: "write", batches: batches.map(batch) };
}

const HARD = { term: 3, vote: "c" };

/** Every kind of change: group commit, truncation, roll, compaction, installation. */
const WORKLOAD: readonly Step[] = [
  write({ snapshot: { index: 0, term: 0, membership: GROUP } }),
  write({ hard: { term: 1, vote: "a" }, entries: entries(1, 2, 1) }),
  write({ entries: entries(3, 5, 1) }, { entries: entries(6, 9, 1, 900) }),
  { kind: "seal" },
  write({ hard: { term: 2, vote: null }, truncateFrom: 8, entries: entries(8, 12, 2, 700) }),
  { kind: "prepare" },
  ...Array.from(
    { length: 12 },
    (_, at) => write({ entries: entries(13 + at * 2, 14 + at * 2, 2, 1_500) }),
  ),
  { kind: "compact", index: 30, term: 2, keepFrom: 25 },
  write({ truncateFrom: 34, entries: entries(34, 35, 2) }, { hard: HARD }),
  { kind: "install", meta: metaOf(90, 3), hard: { term: 4, vote: null } },
  write({ entries: entries(91, 93, 4) }, { truncateFrom: 93, entries: entries(93, 99, 4, 2_000) }),
  write({ entries: entries(100, 101, 4, 13_000) }),
  { kind: "compact", index: 95, term: 4, keepFrom: 92 },
  write({ entries: entries(102, 102, 4) }),
];

function callsOf(work: (fs: MemoryFs) => void): number {
  const fs = new MemoryFs();
  work(fs);
  return fs.calls;
}

/** Runs `work` until the machine stops. */
function untilStopped(work: () => void): void {
  try {
    work();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(error instanceof CrashedError) && !(cause instanceof CrashedError)) throw error;
  }
}

/** A restart must find an allowed state, and go on from it. */
function checkRestart(fs: MemoryFs, oracle: Oracle, context: string): LogState {
  const { disk, start } = open(fs, 2);
  const state = oracle.judge(start, context);
  const last = state.entries.at(-1)?.index ?? state.snapshot.index;
  const next = new Oracle({ ...state });
  next.run(disk, [write({ entries: entries(last + 1, last + 2, 9) })]);
  disk.close();
  const again = open(fs, 3);
  next.judge(again.start, `${context}, then went on`);
  assert.equal(again.start.restored.isInDoubt, start.restored.isInDoubt);
  assert.equal(again.start.incarnation, start.incarnation + 1);
  again.disk.close();
  return state;
}

Deno.test("MemberDisk recovers what was acknowledged after a stop at any point", () => {
  const calls = callsOf((fs) => new Oracle().run(open(fs).disk, WORKLOAD));
  assert.ok(calls > 150, `${calls} calls`);
  for (let at = 0; at <= calls; at++) {
    for (const [variant, outcome] of OUTCOMES.entries()) {
      const fs = new MemoryFs();
      const oracle = new Oracle();
      fs.stopAfter(at);
      untilStopped(() => oracle.run(open(fs).disk, WORKLOAD));
      const left = fs.crash(outcome, new Prng(at * 100 + variant));
      checkRestart(left, oracle, `stop after ${at} calls, ${outcome} (${variant})`);
    }
  }
});

Deno.test("MemberDisk recovers when the machine stops again at any point of the recovery", () => {
  const calls = callsOf((fs) => new Oracle().run(open(fs).disk, WORKLOAD));
  const prng = new Prng(7);
  for (let round = 0; round < 60; round++) {
    const fs = new MemoryFs();
    const oracle = new Oracle();
    fs.stopAfter(prng.below(calls));
    untilStopped(() => oracle.run(open(fs).disk, WORKLOAD));
    const torn = fs.crash("any part", prng);
    const isInDoubt = open(torn.copy(), 2).start.restored.isInDoubt;
    const needed = torn.copy();
    open(needed, 2);
    for (let at = 0; at <= needed.calls; at++) {
      const second = torn.copy();
      second.stopAfter(at);
      untilStopped(() => void open(second, 2));
      const left = second.crash(prng.pick(OUTCOMES), prng);
      const { start, disk } = open(left, 3);
      oracle.judge(start, `round ${round}, stop after ${at} calls of the recovery`);
      assert.equal(start.restored.isInDoubt, isInDoubt, "a doubt is not forgotten on the way");
      disk.close();
    }
  }
});

Deno.test("MemberDisk acknowledges nothing after a failed call, whichever it was", () => {
  for (
    const call of ["write", "sync", "create", "rename", "syncDir", "remove", "truncate"] as const
  ) {
    for (let skip = 0; skip < 60; skip++) {
      const fs = new MemoryFs();
      const { disk } = open(fs);
      fs.fail(call, { skip });
      const oracle = new Oracle(EMPTY);
      let hasFailed = false;
      try {
        oracle.run(disk, WORKLOAD);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        hasFailed = true;
        assert.ok(disk.fault, `${call} ${skip}: ${error}`);
        assert.throws(() => disk.write([batch({ entries: entries(1, 1, 1) })]), disk.fault);
      }
      disk.close();
      const left = fs.crash("any part", new Prng(skip));
      checkRestart(left, oracle, `${call} failed after ${skip}`);
      if (!hasFailed) break;
    }
  }
});

Deno.test("MemberDisk leaves nothing behind after a stop that the next start does not remove", () => {
  const calls = callsOf((fs) => new Oracle().run(open(fs).disk, WORKLOAD));
  for (let at = 0; at <= calls; at += 3) {
    const fs = new MemoryFs();
    fs.stopAfter(at);
    untilStopped(() => new Oracle().run(open(fs).disk, WORKLOAD));
    const left = fs.crash("all", new Prng(at));
    open(left, 2).disk.close();
    const strange = left.paths().filter((path) =>
      !/(\.log|\.snapshot|spare\.tmp|start|\.part)$/.test(path)
    );
    assert.deepEqual(strange, []);
    assert.ok(left.paths().filter((path) => path.endsWith(".snapshot")).length <= 1);
    assert.ok(left.paths().filter((path) => path.endsWith(".part")).length <= 1);
  }
});
