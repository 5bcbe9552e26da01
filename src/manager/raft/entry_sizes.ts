/**
 * How large the entries are that the log keeps behind and after a snapshot: a few large ones count as
 * much as many small ones (rule F1).
 *
 * Owned by the keeper of snapshots. Invariant: never more entries than the log itself keeps.
 */

/** What an entry takes besides its data, in bytes. */
const OVERHEAD_BYTES = 32;

/** Sizes of entries without a gap, the newest last. */
export class EntrySizes {
  #first = 1;
  #sizes: number[] = [];

  /** The entry at `index` was committed, with `dataBytes` of data; returns what it takes. */
  note(index: number, dataBytes: number): number {
    if (index !== this.#first + this.#sizes.length) {
      this.#first = index;
      this.#sizes = [];
    }
    const bytes = OVERHEAD_BYTES + dataBytes;
    this.#sizes.push(bytes);
    return bytes;
  }

  /** What the entries after `index` take, in bytes. */
  after(index: number): number {
    return this.#sizes.slice(Math.max(0, index + 1 - this.#first)).reduce(
      (sum, one) => sum + one,
      0,
    );
  }

  /** The first of the entries to keep that end with `index`: at most `count`, and about `maxBytes`. */
  keepFrom(
    index: number,
    { count, maxBytes }: { readonly count: number; readonly maxBytes: number },
  ): number {
    let from = Math.max(1, index - count + 1);
    let bytes = 0;
    for (let at = index; at > from && at >= this.#first; at--) {
      bytes += this.#sizes[at - this.#first] ?? 0;
      if (bytes > maxBytes) from = at;
    }
    return from;
  }

  /** Entries before `index` are not kept any more. */
  forgetBefore(index: number): void {
    const gone = Math.min(Math.max(0, index - this.#first), this.#sizes.length);
    this.#sizes.splice(0, gone);
    this.#first += gone;
  }
}
