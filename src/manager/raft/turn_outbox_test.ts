import assert from "node:assert/strict";
import { TurnOutbox } from "./turn_outbox.ts";

Deno.test("TurnOutbox sends what one turn says together, in order", async () => {
  const sent: (readonly number[])[] = [];
  const outbox = new TurnOutbox<number>((messages) => sent.push(messages));
  for (const one of [1, 2, 3]) outbox.push(one);
  assert.deepEqual(sent, []);
  await Promise.resolve();
  outbox.push(4);
  outbox.flush();
  outbox.flush();
  await Promise.resolve();
  assert.deepEqual(sent, [[1, 2, 3], [4]]);
});
