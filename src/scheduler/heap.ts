/** A binary min-heap: the ranking's queue of nodes. Ties keep no order; keys must break them. */

/** Items by `isBefore`, least first. */
export class Heap<T> {
  readonly #items: T[];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** Takes over `items`; O(n). */
  constructor(items: T[], isBefore: (a: T, b: T) => boolean) {
    this.#items = items;
    this.#isBefore = isBefore;
    for (let at = (items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds an item; O(log n). */
  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  /** The least item, which stays; O(1). */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Takes the least item out; O(log n). */
  pop(): T | undefined {
    const least = this.#items[0];
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return least;
    this.#items[0] = last;
    this.#sink(0);
    return least;
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from;;) {
      const left = 2 * at + 1;
      const child = this.#isPairBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #isPairBefore(one: number, other: number): boolean {
    const a = this.#items[one];
    const b = this.#items[other];
    return a !== undefined && b !== undefined && this.#isBefore(a, b);
  }

  /** Swaps when the item at `lower` belongs before the one at `upper`. */
  #swapIfBefore(lower: number, upper: number): boolean {
    const a = this.#items[lower];
    const b = this.#items[upper];
    if (a === undefined || b === undefined || !this.#isBefore(a, b)) return false;
    this.#items[lower] = b;
    this.#items[upper] = a;
    return true;
  }
}
