/**
 * `--filter key=value` on lists. Pure: the same rules for every list.
 *
 * Values of one key are alternatives, different keys must all match; `*` matches any text. Invariant: an
 * unknown key is a usage error and never silently matches everything.
 */
import { findNearest } from "../../lib/mod.ts";
import { quoted, usageError } from "../parse/usage.ts";
import { splitPair } from "../parse/values.ts";

/** What a row has under each key that its list can be filtered by. */
export type FilterKeys<Row> = Readonly<Record<string, (row: Row) => readonly string[]>>;

/** Rows that match all filters. @throws WarrenError USAGE for a key that the list does not have */
export function filterRows<Row>(
  rows: readonly Row[],
  filters: readonly string[],
  keys: FilterKeys<Row>,
): readonly Row[] {
  const wanted = new Map<string, RegExp[]>();
  for (const filter of filters) {
    const [key, value] = splitPair(filter);
    if (!Object.hasOwn(keys, key)) throw unknownKey(key, Object.keys(keys));
    wanted.set(key, [...wanted.get(key) ?? [], patternOf(value)]);
  }
  return rows.filter((row) =>
    [...wanted].every(([key, patterns]) => {
      const values = keys[key]?.(row) ?? [];
      return values.some((value) => patterns.some((pattern) => pattern.test(value)));
    })
  );
}

/** Labels as filter values: `key=value` and `key` alone. */
export function labelValues(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels).flatMap(([key, value]) => [key, `${key}=${value}`]);
}

function patternOf(value: string): RegExp {
  const parts = value.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}

function unknownKey(key: string, known: readonly string[]): Error {
  const meant = findNearest(key, known);
  return usageError(
    `Cannot filter by ${quoted(key)}`,
    meant === undefined ? `use one of: ${known.join(", ")}` : `did you mean ${meant}?`,
  );
}
