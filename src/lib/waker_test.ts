import assert from "node:assert/strict";
import { ManualClock } from "./manual_clock.ts";
import { Waker } from "./waker.ts";

/** A signal that counts its listeners. */
function countedSignal() {
  const abort = new AbortController();
  const { signal } = abort;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  return { abort, signal, listeners: () => listeners };
}

Deno.test("Waker ends a wait when woken, and keeps a wake-up that came before it", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const waker = new Waker();
  waker.wake();
  await waker.wait({ clock, delayMs: Infinity, signal });
  const waiting = waker.wait({ clock, delayMs: Infinity, signal });
  waker.wake();
  await waiting;
});

Deno.test("Waker ends a wait after its delay and at an abort, and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const { abort, signal, listeners } = countedSignal();
  const waker = new Waker();
  const late = waker.wait({ clock, delayMs: 100, signal });
  await clock.advance(100);
  await late;
  const woken = waker.wait({ clock, delayMs: 100, signal });
  waker.wake();
  await woken;
  assert.deepEqual([listeners(), clock.pending], [0, 0]);
  const aborted = waker.wait({ clock, delayMs: 100, signal });
  abort.abort();
  await aborted;
  await waker.wait({ clock, delayMs: 100, signal });
  assert.deepEqual([listeners(), clock.pending], [0, 0]);
});
