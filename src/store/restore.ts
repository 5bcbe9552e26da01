/**
 * What a replacement of the whole state changed, so that a snapshot looks to subscribers like any
 * other change. Objects of the same version are the same.
 */
import type { Change } from "./feed.ts";
import type { Rows, TableName, Tables } from "./tables.ts";

interface Diff<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** Every difference between two states, table by table: removals first, then the order of `after`. */
export function tableChanges(before: Tables, after: Tables): readonly Change[] {
  const diffs = <N extends TableName>(name: N): Diff<Rows[N]>[] => rowDiffs(name, before, after);
  return [
    ...diffs("cluster").map((diff) => ({ table: "cluster" as const, ...diff })),
    ...diffs("nodes").map((diff) => ({ table: "nodes" as const, ...diff })),
    ...diffs("secrets").map((diff) => ({ table: "secrets" as const, ...diff })),
    ...diffs("configs").map((diff) => ({ table: "configs" as const, ...diff })),
    ...diffs("volumes").map((diff) => ({ table: "volumes" as const, ...diff })),
    ...diffs("services").map((diff) => ({ table: "services" as const, ...diff })),
    ...diffs("tasks").map((diff) => ({ table: "tasks" as const, ...diff })),
  ];
}

function rowDiffs<N extends TableName>(name: N, before: Tables, after: Tables): Diff<Rows[N]>[] {
  const diffs: Diff<Rows[N]>[] = [];
  for (const row of before.table(name).values()) {
    if (!after.table(name).get(row.id)) diffs.push({ before: row, after: null });
  }
  for (const row of after.table(name).values()) {
    const known = before.table(name).get(row.id) ?? null;
    if (known?.version !== row.version) diffs.push({ before: known, after: row });
  }
  return diffs;
}
