/** Streams merged by time. */
import assert from "node:assert/strict";
import { mergeByTime } from "./merge.ts";

async function* stream(...times: readonly number[]) {
  for (const timeMs of times) yield await Promise.resolve({ timeMs, from: times });
}

Deno.test("mergeByTime gives all items in order of time and ends with the last", async () => {
  const merged = mergeByTime([stream(1, 5, 6), stream(), stream(2, 3, 9), stream(4)]);
  const times = await Array.fromAsync(merged, ({ timeMs }) => timeMs);
  assert.deepEqual(times, [1, 2, 3, 4, 5, 6, 9]);
  assert.deepEqual(await Array.fromAsync(mergeByTime([])), []);
});

Deno.test("mergeByTime ends its streams when it is left or when one of them fails", async () => {
  let ended = 0;
  async function* endless(first: number) {
    try {
      for (let timeMs = first;; timeMs += 2) yield await Promise.resolve({ timeMs });
    } finally {
      ended++;
    }
  }
  for await (const { timeMs } of mergeByTime([endless(1), endless(2)])) if (timeMs > 5) break;
  assert.equal(ended, 2);
  async function* failing() {
    yield await Promise.resolve({ timeMs: 3 });
    throw new Error("broken");
  }
  await assert.rejects(Array.fromAsync(mergeByTime([endless(1), failing()])), /broken/);
  assert.equal(ended, 3);
});
