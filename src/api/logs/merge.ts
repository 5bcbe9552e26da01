/**
 * Merges streams that are each in order of time into one that is.
 *
 * Pure but for awaiting its inputs; holds one item of each. Without following only: a stream that
 * says nothing would hold up the others.
 */

/** Something that happened at a time. */
export interface Timed {
  readonly timeMs: number;
}

/** All items of `streams` by time; equals in the order of the streams. Ends when all have ended. */
export async function* mergeByTime<Item extends Timed>(
  streams: readonly AsyncIterable<Item>[],
): AsyncGenerator<Item> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const first = await Promise.all(iterators.map((iterator) => iterator.next()));
    const heads = new Map<AsyncIterator<Item>, Item>();
    iterators.forEach((iterator, at) => {
      const head = first[at];
      if (head && !head.done) heads.set(iterator, head.value);
    });
    while (heads.size > 0) {
      const [iterator, item] = earliest(heads);
      yield item;
      const next = await iterator.next();
      if (next.done) heads.delete(iterator);
      else heads.set(iterator, next.value);
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}

function earliest<Key, Item extends Timed>(heads: ReadonlyMap<Key, Item>): readonly [Key, Item] {
  let best: readonly [Key, Item] | undefined;
  for (const entry of heads) if (!best || entry[1].timeMs < best[1].timeMs) best = entry;
  if (!best) throw new RangeError("nothing to choose from");
  return best;
}
