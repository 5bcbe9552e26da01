import assert from "node:assert/strict";
import { ManualClock } from "../../lib/mod.ts";
import type { Message } from "../../raft/mod.ts";
import { HeldNews, HOLD_MS } from "./held_news.ts";

type Append = Extract<Message, { kind: "append" }>;

function append(to: string, commit: number, entries: Append["entries"] = []): Append {
  return { kind: "append", from: "a", to, term: 1, prevIndex: 7, prevTerm: 1, entries, commit };
}

const ENTRY = { index: 8, term: 1, payload: { kind: "noop" } } as const;

Deno.test("HeldNews lets entries go at once, and with them what they say too", async () => {
  const clock = new ManualClock();
  const later: Message[] = [];
  const news = new HeldNews(clock, (messages) => later.push(...messages));
  assert.deepEqual(news.sift([append("b", 5), append("c", 5)]), []);
  const entries = append("b", 6, [ENTRY]);
  assert.deepEqual(news.sift([entries]), [entries]);
  await clock.advance(HOLD_MS);
  assert.deepEqual(later, [append("c", 5)]);
});

Deno.test("HeldNews sends the newest of what it held, once", async () => {
  const clock = new ManualClock();
  const later: Message[] = [];
  const news = new HeldNews(clock, (messages) => later.push(...messages));
  news.sift([append("b", 5)]);
  news.sift([append("b", 6)]);
  await clock.advance(HOLD_MS);
  await clock.advance(HOLD_MS);
  assert.deepEqual(later, [append("b", 6)]);
});

Deno.test("HeldNews holds nothing else", async () => {
  const clock = new ManualClock();
  const news = new HeldNews(clock, () => assert.fail("nothing was held"));
  const heartbeat: Message = {
    ...{ kind: "heartbeat", from: "a", to: "b", term: 1, round: 1, commit: 1, isAll: true },
  };
  assert.deepEqual(news.sift([heartbeat]), [heartbeat]);
  await clock.advance(HOLD_MS);
  news.sift([append("b", 5)]);
  news.stop();
  await clock.advance(HOLD_MS);
});
