/**
 * Waiting that gives up when told to: for work that is not known to heed a signal.
 *
 * Used by what only a leader runs, which must end promptly when leadership is lost although a
 * proposal may never be answered. Invariant: no listener stays behind on a signal that lives long.
 */

/** What `work` gives, or throws the reason of `signal` once that aborts; `work` itself goes on. */
export async function orAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  const given = Promise.withResolvers<never>();
  const onAbort = () => given.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The items of `items` until `signal` aborts, whose reason is thrown then. */
export async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await orAborted(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a generator that waits for its next item answers only after that.
    if (iterator.return) void Promise.allSettled([iterator.return()]);
  }
}
