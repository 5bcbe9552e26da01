/**
 * One table: rows by id in order of creation, with removals that can be taken back in place.
 *
 * Written by transactions only. A removed row is first buried (invisible, but still holding its
 * position) and leaves for good when the transaction settles, so that a rollback restores the very
 * order of iteration. Indices of subclasses follow every write.
 */

import { assert } from "../lib/mod.ts";

/** What every stored object has. */
export interface Row {
  readonly id: string;
}

/** Rows of one kind. Lookups are O(1). */
export class Table<T extends Row> {
  readonly #rows = new Map<string, T>();
  readonly #buried = new Set<string>();

  /** Rows that can be seen. */
  get size(): number {
    return this.#rows.size - this.#buried.size;
  }

  get(id: string): T | undefined {
    return this.#buried.size > 0 && this.#buried.has(id) ? undefined : this.#rows.get(id);
  }

  /** Whether `id` names a row or one that was removed in the running transaction. */
  isUsed(id: string): boolean {
    return this.#rows.has(id);
  }

  /** Every row in order of creation. */
  *values(): Iterable<T> {
    for (const [id, row] of this.#rows) if (!this.#buried.has(id)) yield row;
  }

  /** Creates, replaces or (with null) buries the row `id`. */
  write(id: string, row: T | null): void {
    assert(!this.#buried.has(id), `row ${id} is not written after its removal`);
    const before = this.get(id) ?? null;
    if (row) this.#rows.set(id, row);
    else this.#buried.add(id);
    this.reindex(before, row);
  }

  /** Takes writes of `id` back to what it was before the transaction. */
  restore(id: string, before: T | null): void {
    const now = this.get(id) ?? null;
    const held = this.#rows.get(id);
    this.#buried.delete(id);
    if (before) this.#rows.set(id, before);
    else this.#rows.delete(id);
    this.reindex(now, before);
    if (!before && held) this.forget(held);
  }

  /** Lets the buried rows go for good. */
  settle(): void {
    for (const id of this.#buried) {
      const row = this.#rows.get(id);
      if (row) this.forget(row);
      this.#rows.delete(id);
    }
    this.#buried.clear();
  }

  /** Follows a change that can be seen: null is "not there". */
  protected reindex(_before: T | null, _after: T | null): void {}

  /** Drops what an index holds for the position of a row that is gone for good. */
  protected forget(_row: T): void {}
}

/** A table whose rows also have a name that is theirs alone. */
export class NamedTable<T extends Row> extends Table<T> {
  readonly #ids = new Map<string, string>();
  readonly #nameOf: (row: T) => string;

  /** `nameOf` reads the name of a row. */
  constructor(nameOf: (row: T) => string) {
    super();
    this.#nameOf = nameOf;
  }

  byName(name: string): T | undefined {
    const id = this.#ids.get(name);
    return id === undefined ? undefined : this.get(id);
  }

  protected override reindex(before: T | null, after: T | null): void {
    if (before) this.#unname(before);
    if (after) this.#ids.set(this.#nameOf(after), after.id);
  }

  /** Another row may have taken the name since: then it stays. */
  #unname(row: T): void {
    const name = this.#nameOf(row);
    if (this.#ids.get(name) === row.id) this.#ids.delete(name);
  }
}
