/** The event buffer: following, resuming, gaps, bounds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs, WarrenError } from "../../lib/mod.ts";
import { asIndex, type LogIndex } from "../../model/mod.ts";
import { Store } from "../store.ts";
import { snapshotBytes, START_MS, StoreFixture } from "../testing/store_fixture.ts";
import type { ClusterEvent } from "./event.ts";
import {
  EventBuffer,
  EventReader,
  MAX_READERS,
  type ReadFrom,
  recordEvents,
} from "./event_buffer.ts";

function index(value: number): LogIndex {
  return asIndex(value);
}

/** An event at index `at`, ten milliseconds after the one before. */
function event(at: number): ClusterEvent {
  return {
    index: index(at),
    timeMs: wallMs(at * 10),
    type: "service.created",
    message: `event ${at}`,
    attributes: {},
  };
}

/** A buffer of `capacity` that saw events 1 to `count`. */
function filled(count: number, capacity = 5): EventBuffer {
  const buffer = new EventBuffer(index(0), capacity);
  for (let at = 1; at <= count; at++) buffer.add([event(at)]);
  return buffer;
}

/** What is there now, as indices; a gap as `gap`. */
function drain(reader: EventReader): string {
  const seen: string[] = [];
  for (let next = reader.poll(); next; next = reader.poll()) {
    seen.push(next.type === "gap" ? "gap" : String(next.index));
  }
  return seen.join(" ");
}

function read(buffer: EventBuffer, from: ReadFrom): string {
  const reader = buffer.read(from);
  const seen = drain(reader);
  reader.close();
  return seen;
}

Deno.test("EventBuffer.read begins now, at the start, after an index or at a time", () => {
  const buffer = filled(4);
  assert.equal(read(buffer, { kind: "now" }), "");
  assert.equal(read(buffer, { kind: "start" }), "1 2 3 4");
  assert.equal(read(buffer, { kind: "index", after: index(2) }), "3 4");
  assert.equal(read(buffer, { kind: "index", after: index(0) }), "1 2 3 4");
  assert.equal(read(buffer, { kind: "index", after: index(9) }), "");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(30) }), "3 4");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(31) }), "4");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(0) }), "1 2 3 4");
});

Deno.test("EventBuffer drops the oldest events at its bound", () => {
  const buffer = filled(8);
  assert.equal(buffer.size, 5);
  assert.equal(read(buffer, { kind: "start" }), "4 5 6 7 8");
});

Deno.test("EventReader that resumes from before the oldest event is told of its gap", () => {
  const buffer = filled(8);
  assert.equal(read(buffer, { kind: "index", after: index(1) }), "gap 4 5 6 7 8");
  assert.equal(read(buffer, { kind: "index", after: index(2) }), "gap 4 5 6 7 8");
  assert.equal(read(buffer, { kind: "index", after: index(3) }), "4 5 6 7 8");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(30) }), "gap 4 5 6 7 8");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(31) }), "4 5 6 7 8");
});

Deno.test("EventReader that falls behind is told how many events it missed", () => {
  const buffer = filled(2);
  const reader = buffer.read({ kind: "start" });
  assert.equal(reader.poll()?.index, 1);
  for (let at = 3; at <= 9; at++) buffer.add([event(at)]);
  assert.deepEqual(reader.poll(), {
    index: 4,
    timeMs: 50,
    type: "gap",
    message: "3 events up to index 4 are no longer kept",
    attributes: { lostThrough: "4", missed: "3" },
  });
  assert.equal(drain(reader), "5 6 7 8 9");
  reader.close();
});

Deno.test("EventBuffer of a store that had a past knows what it never saw", () => {
  const buffer = new EventBuffer(index(100), 5);
  assert.equal(read(buffer, { kind: "index", after: index(100) }), "");
  assert.equal(read(buffer, { kind: "start" }), "");
  const reader = buffer.read({ kind: "index", after: index(50) });
  const gap = reader.poll();
  assert.equal(gap?.type, "gap");
  assert.equal(gap?.message, "events up to index 100 are no longer kept");
  reader.close();
  buffer.add([event(101)]);
  assert.equal(read(buffer, { kind: "index", after: index(99) }), "gap 101");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(5) }), "gap 101");
  assert.equal(read(buffer, { kind: "time", sinceMs: wallMs(2_000) }), "");
});

Deno.test("EventReader waits for the next event", async () => {
  const buffer = filled(1);
  const reader = buffer.read({ kind: "start" });
  assert.equal((await reader.next()).value?.index, 1);
  const waiting = reader.next();
  buffer.add([event(2), event(3)]);
  assert.equal((await waiting).value?.index, 2);
  assert.equal((await reader.next()).value?.index, 3);
  reader.close();
});

Deno.test("EventReader that waits learns of its end", async () => {
  const buffer = filled(0);
  const reader = buffer.read({ kind: "now" });
  const waiting = reader.next();
  reader.close();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
  assert.equal(buffer.readers, 0);
});

Deno.test("EventReader leaves the buffer at the end of a loop", async () => {
  const buffer = filled(3);
  const seen: number[] = [];
  for await (const { index: at } of buffer.read({ kind: "start" })) {
    seen.push(at);
    if (at === 2) break;
  }
  assert.deepEqual(seen, [1, 2]);
  assert.equal(buffer.readers, 0);
});

Deno.test("EventReader is asked once at a time", async () => {
  const reader = filled(0).read({ kind: "now" });
  const waiting = reader.next();
  assert.throws(() => void reader.next(), /once at a time/);
  reader.close();
  await waiting;
});

Deno.test("EventBuffer takes a bounded number of readers", () => {
  const buffer = filled(0);
  const readers = Array.from({ length: MAX_READERS }, () => buffer.read({ kind: "now" }));
  assert.throws(() => buffer.read({ kind: "now" }), (error: unknown) => {
    return error instanceof WarrenError && error.reason === "TOO_MANY";
  });
  readers[0]?.close();
  buffer.read({ kind: "now" }).close();
  for (const reader of readers) reader.close();
});

Deno.test("recordEvents keeps what the feed announces, with the names of nodes", () => {
  const fixture = new StoreFixture();
  const buffer = new EventBuffer();
  const stop = recordEvents(fixture.store.feed, fixture.view, buffer);
  fixture.addTask(fixture.addService("web"), fixture.addNode("n1"));
  const reader = buffer.read({ kind: "start" });
  const types: string[] = [];
  for (let next = reader.poll(); next; next = reader.poll()) types.push(next.type);
  assert.deepEqual(types, [
    "service.created",
    "node.joined",
    "node.ready",
    "task.created",
    "task.placed",
  ]);
  stop();
  fixture.addService("api");
  assert.equal(reader.poll(), undefined);
  reader.close();
});

Deno.test("recordEvents takes a restored snapshot as a gap, not as news", () => {
  const fixture = new StoreFixture();
  const service = fixture.addService("web");
  fixture.addService("api");
  const other = new Store();
  const buffer = new EventBuffer();
  const stop = recordEvents(other.feed, other.view, buffer);
  const reader = buffer.read({ kind: "start" });
  other.restore(snapshotBytes(fixture.store));
  assert.equal(buffer.size, 0);
  assert.equal(read(buffer, { kind: "index", after: index(1) }), "gap");
  const remove = { kind: "service.remove", id: service.id } as const;
  other.apply(asIndex(3), { actions: [remove], atMs: wallMs(START_MS), requestId: "" });
  assert.equal(drain(reader), "3");
  reader.close();
  stop();
});

Deno.test("EventReader sees every event once and in order, or is told of the gap", () => {
  const steps = fc.array(fc.record({ add: fc.nat(7), poll: fc.nat(4) }), { maxLength: 40 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 8 }), (plan, capacity) => {
    const buffer = new EventBuffer(index(0), capacity);
    const reader = buffer.read({ kind: "now" });
    let added = 0;
    let last = 0;
    let isGap = false;
    const look = () => {
      const next = reader.poll();
      if (!next) return false;
      if (next.type === "gap") {
        assert(!isGap, "no gap right after a gap");
        assert.equal(Number(next.attributes.missed), next.index - last);
        last = next.index;
        isGap = true;
        return true;
      }
      assert.equal(next.index, last + 1);
      last = next.index;
      isGap = false;
      return true;
    };
    for (const { add, poll } of plan) {
      buffer.add(Array.from({ length: add }, () => event(++added)));
      isGap = false;
      for (let at = 0; at < poll; at++) look();
    }
    while (look());
    assert.equal(last, added);
    reader.close();
  }));
});
