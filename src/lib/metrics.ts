/**
 * Metrics as parts see them; `telemetry/` implements them over a registry.
 *
 * Names and labels are those of the command-line contract. Labels of things that may vanish are set
 * at collection time through `onCollect`, so a value that vanished vanishes from the output too.
 */

/** Label values of one sample. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A figure that only grows. */
export interface Counter {
  add(value?: number, labels?: MetricLabels): void;
}

/** A figure that goes up and down. */
export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
  /** Forgets every label combination. */
  reset(): void;
}

/** A distribution of durations. */
export interface Histogram {
  /** `value` in seconds, the base unit. */
  observe(value: number, labels?: MetricLabels): void;
}

/** What a metric is called and which labels it has. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets in seconds. */
  readonly buckets?: readonly number[];
}

/** Makes metrics. Asking twice for one name gives the same metric. */
export interface Metrics {
  counter(spec: MetricSpec): Counter;
  gauge(spec: MetricSpec): Gauge;
  histogram(spec: MetricSpec): Histogram;
  /** Runs `collect` before each exposition; returns a function that removes it. */
  onCollect(collect: () => void): () => void;
}

const nothing = { add: () => {}, set: () => {}, reset: () => {}, observe: () => {} };

/** Counts nothing; for tests. */
export const noMetrics: Metrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
  onCollect: () => () => {},
};
