import assert from "node:assert/strict";
import { ManualClock } from "../../lib/mod.ts";
import { firstMessage } from "./first_message.ts";

Deno.test("firstMessage gives the first message and leaves the others", async () => {
  async function* messages(): AsyncGenerator<number, undefined> {
    yield* await Promise.resolve([1, 2]);
    return undefined;
  }
  const iterator = messages();
  assert.equal((await firstMessage(new ManualClock(), iterator)).value, 1);
  assert.equal((await iterator.next()).value, 2);
});

Deno.test("firstMessage gives up on a caller that says nothing", async () => {
  const clock = new ManualClock();
  const silent: AsyncIterator<number, undefined> = {
    next: () => Promise.withResolvers<never>().promise,
  };
  const waiting = assert.rejects(firstMessage(clock, silent), /Nothing was said/);
  await clock.advance(10_000);
  await waiting;
});
