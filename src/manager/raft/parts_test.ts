import assert from "node:assert/strict";
import { type Clock, ManualClock, monoMs, wallMs, WarrenError } from "../../lib/mod.ts";
import type { Persist, Ready } from "../../raft/mod.ts";
import type { Disk } from "../disk/disk.ts";
import { planPromotion, STABLE_MS } from "./autopilot.ts";
import { FreshReads, READ_LIMIT_MS } from "./fresh_reads.ts";
import { MAX_OUTCOMES, Outcomes } from "./outcomes.ts";
import { PeerBook } from "./peer_book.ts";
import { stampEntry, unstampEntry } from "./stamp.ts";
import { Ticker } from "./ticker.ts";
import { WaitingProposals } from "./waiting.ts";
import { WritePipeline } from "./write_pipeline.ts";

Deno.test("a learner is promoted once it has been level for a while, not before", () => {
  const level = { id: "b", matchIndex: 1_000, isRecent: true };
  const first = planPromotion([level], 1_100, { nowMs: 0, before: new Map() });
  assert.equal(first.promote, null);
  const early = planPromotion([level], 1_100, { nowMs: STABLE_MS - 1, before: first.since });
  assert.equal(early.promote, null);
  const late = planPromotion([level], 1_100, { nowMs: STABLE_MS, before: early.since });
  assert.equal(late.promote, "b");
});

Deno.test("a learner that falls behind or goes silent begins anew", () => {
  const before = new Map([["b", 0]]);
  for (
    const bad of [
      { id: "b", matchIndex: 10, isRecent: true },
      { id: "b", matchIndex: 1_000, isRecent: false },
      { id: "b", matchIndex: 0, isRecent: true },
    ]
  ) {
    const { promote, since } = planPromotion([bad], 1_000, { nowMs: 10_000, before });
    assert.equal(promote, null);
    assert.equal(since.has("b"), false);
  }
});

Deno.test("a waiting proposal ends as committed, replaced or unknown, and once", () => {
  const waiting = new WaitingProposals();
  const ends: string[] = [];
  const wait = (name: string, index: number, term: number) =>
    waiting.add(index, { term, settle: (how) => ends.push(`${name} ${how}`) });
  wait("a", 5, 2);
  wait("b", 6, 2);
  wait("c", 7, 2);
  waiting.committed(5, 2);
  waiting.committed(5, 2);
  waiting.committed(6, 3);
  wait("d", 7, 4);
  waiting.abandon();
  waiting.committed(7, 4);
  assert.deepEqual(ends, ["a committed", "b replaced", "c replaced", "d unknown"]);
  assert.equal(waiting.size, 0);
});

Deno.test("an answer is found before and after its entry was applied, and for its own term only", async () => {
  const outcomes = new Outcomes();
  const early = outcomes.of(1, 1);
  outcomes.note(1, 1, { ok: true, index: 1 as never });
  assert.deepEqual(await early, { ok: true, index: 1 });
  assert.deepEqual(await outcomes.of(1, 1), { ok: true, index: 1 });
  await assert.rejects(outcomes.of(1, 2), { reason: "UNKNOWN_OUTCOME" });
  const skipped = outcomes.of(40, 1);
  outcomes.jump(50);
  await assert.rejects(skipped, { reason: "UNKNOWN_OUTCOME" });
  for (let index = 51; index <= 51 + MAX_OUTCOMES; index++) {
    outcomes.note(index, 1, { ok: true, index: index as never });
  }
  await assert.rejects(outcomes.of(51, 1), { reason: "UNKNOWN_OUTCOME" });
});

Deno.test("the leader's time comes back from an entry, and damage is told", () => {
  const { atMs, data } = unstampEntry(stampEntry(wallMs(1_234_567.5), Uint8Array.of(1, 2)));
  assert.equal(atMs, 1_234_567.5);
  assert.deepEqual(data, Uint8Array.of(1, 2));
  assert.throws(() => unstampEntry(Uint8Array.of(1)), { reason: "DATA_CORRUPT" });
});

Deno.test("a newcomer talks to everyone it was told of, a member to members only", () => {
  const book = new PeerBook("a", [{ id: "a", address: "x:1" }, { id: "b", address: "x:2" }]);
  assert.equal(book.learn({ id: "c", address: "x:3" }), true);
  assert.equal(book.learn({ id: "c", address: "x:3" }), false);
  assert.deepEqual(book.peersOf([]).map(({ id }) => id), ["b", "c"]);
  assert.deepEqual(book.peersOf(["a", "c"]), [{ id: "c", address: "x:3" }]);
});

Deno.test("after a stall the inbox comes first, and ticks are made up for within a bound", async () => {
  const manual = new ManualClock();
  let stalledMs = 0;
  const clock: Clock = {
    wallNow: () => manual.wallNow(),
    monoNow: () => monoMs(manual.monoNow() + stalledMs),
    after: (delayMs, fire) => manual.after(delayMs, fire),
  };
  const heard: string[] = [];
  const ticker = new Ticker({ clock, maxTicks: 50, onTicks: (ticks) => heard.push(`${ticks}`) });
  await manual.advance(10);
  await manual.advance(10);
  stalledMs = 5_000;
  // Due at the same moment, and put in the queue after the tick: it comes in before the tick counts.
  manual.after(10, () => heard.push("message"));
  await manual.advance(10);
  assert.deepEqual(heard, ["1", "1", "message", "50"]);
  await manual.advance(10);
  assert.deepEqual(heard.slice(4), ["1"]);
  ticker.stop();
  await manual.advance(100);
  assert.equal(heard.length, 5);
});

function batch(seq: number, isWritten: boolean): Ready {
  const persist: Persist = { hard: null, truncateFrom: null, entries: [], snapshot: null };
  return {
    seq,
    persist: isWritten ? persist : null,
    sendNow: [],
    sendAfterPersisted: [],
    apply: [],
    restore: null,
    reads: [],
    readsFailed: [],
  };
}

function pipeline(write: (count: number) => Promise<void>) {
  const events: string[] = [];
  const disk = { write: (batches: readonly Persist[]) => write(batches.length) };
  const writes = new WritePipeline({
    disk: disk as unknown as Disk,
    clock: new ManualClock(),
    onDurable: ({ seq }) => events.push(`durable ${seq}`),
    onSynced: () => events.push("synced"),
    onFailed: (error) => events.push(String(error)),
  });
  return { writes, events };
}

Deno.test("what comes up during a write goes into the next one, and completes in order", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const sizes: number[] = [];
  const { writes, events } = pipeline((count) => {
    sizes.push(count);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  });
  writes.add(batch(1, false));
  writes.add(batch(2, true));
  writes.add(batch(3, true));
  writes.add(batch(4, false));
  writes.add(batch(5, true));
  assert.deepEqual(events, ["durable 1"]);
  gates[0]?.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  gates[1]?.resolve();
  await writes.idle();
  assert.deepEqual(sizes, [1, 2]);
  const after = events.filter((line) => line !== "synced");
  assert.deepEqual(after, [1, 2, 3, 4, 5].map((seq) => `durable ${seq}`));
});

Deno.test("after a failed write nothing is durable any more", async () => {
  const { writes, events } = pipeline(() => Promise.reject(new Error("EIO")));
  writes.add(batch(1, true));
  await writes.idle();
  writes.add(batch(2, false));
  assert.deepEqual(events, ["Error: EIO"]);
});

Deno.test("readers that come during a round share the next one", async () => {
  const asked: PromiseWithResolvers<number | null>[] = [];
  const reads = new FreshReads({
    clock: new ManualClock(),
    ask: () => {
      const answer = Promise.withResolvers<number | null>();
      asked.push(answer);
      return answer.promise;
    },
    applied: () => Promise.resolve(),
  });
  const { signal } = new AbortController();
  const first = reads.fresh(signal);
  await Promise.resolve();
  const others = [reads.fresh(signal), reads.fresh(signal), reads.fresh(signal)];
  await Promise.resolve();
  assert.equal(asked.length, 1);
  asked[0]?.resolve(7);
  await first;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(asked.length, 2);
  asked[1]?.resolve(8);
  await Promise.all(others);
});

Deno.test("a read that nobody confirms ends with NO_LEADER, an aborted one at once", async () => {
  const clock = new ManualClock();
  const reads = new FreshReads({
    clock,
    ask: () => Promise.resolve(null),
    applied: () => Promise.resolve(),
  });
  const abort = new AbortController();
  const aborted = reads.fresh(abort.signal);
  const unconfirmed = reads.fresh(new AbortController().signal);
  unconfirmed.catch(() => {});
  abort.abort(new WarrenError("ABORTED_BY_USER", "gone"));
  await assert.rejects(aborted, { reason: "ABORTED_BY_USER" });
  for (let waitedMs = 0; waitedMs <= READ_LIMIT_MS + 100; waitedMs += 20) {
    await clock.advance(20);
  }
  await assert.rejects(unconfirmed, { reason: "NO_LEADER" });
});

Deno.test("a read that waits for a round before it ends no later than one that does not", async () => {
  const clock = new ManualClock();
  const reads = new FreshReads({
    clock,
    ask: () => Promise.resolve(null),
    applied: () => Promise.resolve(),
  });
  const { signal } = new AbortController();
  const first = assert.rejects(reads.fresh(signal), { reason: "NO_LEADER" });
  await clock.advance(READ_LIMIT_MS / 2);
  const second = assert.rejects(reads.fresh(signal), { reason: "NO_LEADER" });
  await clock.advance(READ_LIMIT_MS / 2 + 20);
  await first;
  await clock.advance(READ_LIMIT_MS / 2);
  await second;
  await clock.advance(READ_LIMIT_MS);
});
