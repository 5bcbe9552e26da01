import assert from "node:assert/strict";
import type { Message } from "../../raft/mod.ts";
import { decodeMessages } from "../codec/message.ts";
import { type QueueBounds, SendQueue } from "./send_queue.ts";

const bounds: QueueBounds = { messages: 3, bytes: 100_000, frameBytes: 1_000, drops: "newest" };

function read(id: number): Message {
  return { kind: "read", from: "a", to: "b", term: 1, id };
}

function append(prevIndex: number, bytes: number): Message {
  const payload = { kind: "data" as const, data: new Uint8Array(bytes) };
  const entries = [{ index: prevIndex + 1, term: 1, payload }];
  return {
    kind: "append",
    from: "a",
    to: "b",
    term: 1,
    prevIndex,
    prevTerm: 1,
    entries,
    commit: 0,
  };
}

function filled(change: Partial<QueueBounds>, messages: readonly Message[]): SendQueue {
  const queue = new SendQueue("a", "b", { ...bounds, ...change });
  for (const message of messages) queue.push(message);
  return queue;
}

function frames(queue: SendQueue): readonly (readonly Message[])[] {
  const all = [];
  for (let frame = queue.takeFrame(); frame; frame = queue.takeFrame()) {
    all.push(decodeMessages(frame));
  }
  return all;
}

Deno.test("SendQueue puts all that waits into one frame", () => {
  assert.deepEqual(frames(filled({}, [read(1), read(2)])), [[read(1), read(2)]]);
});

Deno.test("SendQueue begins another frame before the message that does not fit", () => {
  const messages = [append(1, 600), append(2, 600), append(3, 5_000)];
  assert.deepEqual(frames(filled({}, messages)), messages.map((message) => [message]));
});

Deno.test("SendQueue drops the newest when it is full, or the oldest", () => {
  const four = [read(1), read(2), read(3), read(4)];
  assert.deepEqual(frames(filled({}, four)), [four.slice(0, 3)]);
  assert.deepEqual(frames(filled({ drops: "oldest" }, four)), [four.slice(1)]);
});

Deno.test("SendQueue is full by bytes too, and says so", () => {
  const queue = filled({ bytes: 1_000 }, [append(1, 900)]);
  assert.equal(queue.push(append(2, 900)), false);
  assert.equal(queue.size, 1);
  assert.equal(frames(queue).length, 1);
  assert.equal(queue.push(append(2, 5_000)), true, "one is always held, however large");
});

Deno.test("SendQueue forgets the oldest, or everything, and has room again", () => {
  const queue = filled({ bytes: 2_000 }, [append(1, 600), append(2, 600), append(3, 600)]);
  queue.trim(1);
  assert.deepEqual(frames(queue), [[append(2, 600)]]);
  queue.push(read(1));
  queue.clear();
  assert.equal(queue.takeFrame(), null);
  assert.equal(queue.push(append(1, 1_500)), true);
});
