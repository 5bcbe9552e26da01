/**
 * Keeps the number of label sets of one metric below a bound.
 *
 * Used by the metrics registry before each sample. It holds keys only, never values. Invariant: at
 * most `limit` different label sets are admitted between two calls of `clear`.
 */
import { assert, type MetricLabels } from "../lib/mod.ts";

/** What a {@link SeriesBound} guards. */
export interface SeriesBoundOptions {
  /** The metric's label names. */
  readonly labels: readonly string[];
  /** Largest number of label sets. */
  readonly limit: number;
  /** Told about each sample that is not admitted. */
  readonly onDrop: () => void;
}

/** Counts the label sets of one metric. */
export class SeriesBound {
  readonly #options: SeriesBoundOptions;
  readonly #keys = new Set<string>();

  constructor(options: SeriesBoundOptions) {
    this.#options = options;
  }

  /** Whether the metric has labels at all. */
  get hasLabels(): boolean {
    return this.#options.labels.length > 0;
  }

  /** Whether a sample may be recorded; one with labels that the metric lacks is a bug. */
  admits(value: number, labels: MetricLabels): boolean {
    const { labels: names, limit, onDrop } = this.#options;
    for (const name of Object.keys(labels)) {
      assert(names.includes(name), `the metric has no label "${name}"`);
    }
    if (!Number.isFinite(value)) {
      onDrop();
      return false;
    }
    if (!this.hasLabels) return true;
    const key = this.keyOf(labels);
    if (this.#keys.has(key)) return true;
    if (this.#keys.size >= limit) {
      onDrop();
      return false;
    }
    this.#keys.add(key);
    return true;
  }

  /** One text per label set. */
  keyOf(labels: MetricLabels): string {
    return this.#options.labels.map((name) => labels[name] ?? "").join("\u0000");
  }

  /** Forgets all label sets. */
  clear(): void {
    this.#keys.clear();
  }
}
