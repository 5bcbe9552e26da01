import assert from "node:assert/strict";
import fc from "fast-check";
import { BugError, WarrenError } from "../../lib/mod.ts";
import type { Message } from "../../raft/mod.ts";
import { decodeMessages, encodeMessage, MessageFrame } from "./message.ts";

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const flag = fc.boolean();
const ids = fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 4 });
const membership = plain({ voters: ids, outgoing: ids, learners: ids });
const payload = fc.oneof(
  fc.constant({ kind: "noop" } as const),
  plain({ kind: fc.constant("data" as const), data: fc.uint8Array() }),
  plain({ kind: fc.constant("membership" as const), membership }),
);
const entry = plain({ index: number, term: number, payload });
const head = { from: fc.constant("a"), to: fc.constant("b"), term: number };

const message: fc.Arbitrary<Message> = fc.oneof(
  plain({
    ...head,
    kind: fc.constant("vote" as const),
    isPre: flag,
    isTransfer: flag,
    lastIndex: number,
    lastTerm: number,
  }),
  plain({ ...head, kind: fc.constant("vote.reply" as const), isPre: flag, isGranted: flag }),
  plain({
    ...head,
    kind: fc.constant("append" as const),
    prevIndex: number,
    prevTerm: number,
    entries: fc.array(entry, { maxLength: 5 }),
    commit: number,
  }),
  plain({
    ...head,
    kind: fc.constant("append.reply" as const),
    isOk: flag,
    index: number,
    hintIndex: number,
    hintTerm: number,
  }),
  plain({
    ...head,
    kind: fc.constant("heartbeat" as const),
    round: number,
    commit: number,
    isAll: flag,
  }),
  plain({ ...head, kind: fc.constant("heartbeat.reply" as const), round: number }),
  plain({
    ...head,
    kind: fc.constant("snapshot" as const),
    snapshot: plain({ index: number, term: number, membership }),
  }),
  plain({ ...head, kind: fc.constant("timeout.now" as const) }),
  plain({ ...head, kind: fc.constant("read" as const), id: number }),
  plain({
    ...head,
    kind: fc.constant("read.reply" as const),
    id: number,
    index: fc.option(number),
  }),
);

function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

function encoded(messages: readonly Message[]): Uint8Array<ArrayBuffer> {
  const frame = new MessageFrame("a", "b");
  for (const one of messages) frame.add(one);
  return frame.take();
}

Deno.test("decodeMessages gives back what a MessageFrame was made of", () => {
  const frame = new MessageFrame("a", "b");
  fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
    for (const one of messages) frame.add(one);
    assert.deepEqual(decodeMessages(frame.take()), messages);
  }));
});

Deno.test("decodeMessages meets damaged bytes with DATA_CORRUPT or messages, nothing else", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const messages = fc.array(message, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(messages, damage, fc.nat(), (all, places, cut) => {
      const bytes = encoded(all);
      for (const [at, value] of places) bytes[at % bytes.length] = value;
      survives(cut % 2 === 0 ? bytes : bytes.subarray(0, cut % bytes.length));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("decodeMessages meets any bytes with DATA_CORRUPT or messages, nothing else", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 3_000 });
});

Deno.test("decodeMessages refuses a frame without a message", () => {
  const empty = encodeMessage({ kind: "timeout.now", from: "a", to: "b", term: 1 }).subarray(0, 4);
  assert.throws(() => decodeMessages(empty), { reason: "DATA_CORRUPT" });
});

Deno.test("MessageFrame takes only messages between its two members", () => {
  const frame = new MessageFrame("a", "b");
  assert.throws(() => frame.add({ kind: "read", from: "c", to: "b", term: 1, id: 1 }), BugError);
});

function survives(bytes: Uint8Array): void {
  try {
    assert.ok(decodeMessages(bytes).length > 0);
  } catch (error) {
    assert.ok(error instanceof WarrenError && error.reason === "DATA_CORRUPT", String(error));
  }
}
