/**
 * The writes of one proposal: all of them stay, or none leaves a trace.
 *
 * Made by `store.ts` for each proposal and handed through the apply functions. The first form of
 * every row it touches is kept, which is both the way back and the `before` of the change feed.
 */
import type { Change } from "./feed.ts";
import { type Rows, TABLE_NAMES, type TableName, Tables } from "./tables.ts";
import type { Stamp } from "./task_change.ts";

interface Diff<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** One proposal being applied. */
export class Transaction {
  /** The state with the writes made so far; read only. */
  readonly view: Tables;
  /** Time and index that changed rows carry. */
  readonly stamp: Stamp;
  readonly #before: { readonly [N in TableName]: Map<string, Rows[N] | null> } = {
    cluster: new Map(),
    nodes: new Map(),
    secrets: new Map(),
    configs: new Map(),
    volumes: new Map(),
    services: new Map(),
    tasks: new Map(),
  };

  constructor(tables: Tables, stamp: Stamp) {
    this.view = tables;
    this.stamp = stamp;
  }

  /** Creates or replaces `row`, which must carry the transaction's version. */
  put<N extends TableName>(name: N, row: Rows[N]): void {
    this.#keep(name, row.id);
    this.view.table(name).write(row.id, row);
  }

  /** Removes the row `id`, which must exist. */
  remove(name: TableName, id: string): void {
    this.#keep(name, id);
    this.view.table(name).write(id, null);
  }

  /** Makes the writes final and says what changed, table by table, in order of first touch. */
  commit(): readonly Change[] {
    const changes: Change[] = [
      ...this.#diffs("cluster").map((diff) => ({ table: "cluster" as const, ...diff })),
      ...this.#diffs("nodes").map((diff) => ({ table: "nodes" as const, ...diff })),
      ...this.#diffs("secrets").map((diff) => ({ table: "secrets" as const, ...diff })),
      ...this.#diffs("configs").map((diff) => ({ table: "configs" as const, ...diff })),
      ...this.#diffs("volumes").map((diff) => ({ table: "volumes" as const, ...diff })),
      ...this.#diffs("services").map((diff) => ({ table: "services" as const, ...diff })),
      ...this.#diffs("tasks").map((diff) => ({ table: "tasks" as const, ...diff })),
    ];
    for (const name of TABLE_NAMES) this.view.table(name).settle();
    return changes;
  }

  /** Takes every write back; the tables are then as before, order included. */
  rollback(): void {
    for (const name of TABLE_NAMES) this.#restore(name);
  }

  #restore<N extends TableName>(name: N): void {
    const touched: [string, Rows[N] | null][] = [...this.#before[name]];
    for (const [id, before] of touched.reverse()) this.view.table(name).restore(id, before);
  }

  #keep<N extends TableName>(name: N, id: string): void {
    const before: Map<string, Rows[N] | null> = this.#before[name];
    if (!before.has(id)) before.set(id, this.view.table(name).get(id) ?? null);
  }

  #diffs<N extends TableName>(name: N): Diff<Rows[N]>[] {
    const diffs: Diff<Rows[N]>[] = [];
    for (const [id, before] of this.#before[name]) {
      const after = this.view.table(name).get(id) ?? null;
      if (before !== after) diffs.push({ before, after });
    }
    return diffs;
  }
}
