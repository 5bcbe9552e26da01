/**
 * The metrics of a process, over a Prometheus registry; implements `Metrics` of `lib/`.
 *
 * Made once by the composition root, handed to every part as `Metrics`, rendered by the HTTP
 * endpoint. It samples nothing by itself except through `onCollect`. Invariant: no metric has more
 * than its bound of series; what comes beyond is dropped and counted, never an error of the caller.
 */
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";
import {
  type Counter,
  type Gauge,
  type Histogram,
  type MetricLabels,
  type Metrics,
  type MetricSpec,
} from "../lib/mod.ts";
import { SeriesBound } from "./series_bound.ts";

/** Upper bounds in seconds where a spec names none. */
const DEFAULT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Label sets that a metric may have unless told otherwise. */
const DEFAULT_MAX_SERIES = 20_000;

/** The registry of one process. */
export class MetricsRegistry implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #totals = new Map<string, Gauge>();
  readonly #collectors = new Set<() => void>();
  readonly #maxSeries: number;
  readonly #drops: PromCounter;
  readonly #faults: PromCounter;

  /** `maxSeries` bounds the label sets of each metric. */
  constructor(options: { readonly maxSeries?: number } = {}) {
    this.#maxSeries = options.maxSeries ?? DEFAULT_MAX_SERIES;
    this.#drops = new PromCounter({
      name: "warren_metrics_dropped_samples_total",
      help:
        "Samples dropped because their metric has too many label sets or the value is no number.",
      labelNames: ["metric"],
      registers: [this.#registry],
    });
    this.#faults = new PromCounter({
      name: "warren_metrics_collect_failures_total",
      help: "Collections of metrics that failed.",
      registers: [this.#registry],
    });
  }

  /** The content type of {@link render}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(spec: MetricSpec): Counter {
    return once(this.#counters, spec, () => {
      const metric = new PromCounter(this.#config(spec));
      const bound = this.#bound(spec);
      return {
        add: (value = 1, labels = {}) => {
          if (value >= 0 && bound.admits(value, labels)) metric.inc(labels, value);
        },
      };
    });
  }

  gauge(spec: MetricSpec): Gauge {
    return once(this.#gauges, spec, () => {
      const metric = new PromGauge(this.#config(spec));
      const bound = this.#bound(spec);
      return {
        set: (value, labels = {}) => {
          if (bound.admits(value, labels)) metric.set(labels, value);
        },
        reset: () => {
          metric.reset();
          bound.clear();
        },
      };
    });
  }

  histogram(spec: MetricSpec): Histogram {
    return once(this.#histograms, spec, () => {
      const buckets = [...(spec.buckets ?? DEFAULT_BUCKETS)];
      const metric = new PromHistogram({ ...this.#config(spec), buckets });
      const bound = this.#bound(spec, buckets.length + 3);
      return {
        observe: (value, labels = {}) => {
          if (bound.admits(value, labels)) metric.observe(labels, value);
        },
      };
    });
  }

  /**
   * A counter whose absolute value somebody else counts, such as an engine's cpu seconds: `set` it
   * at each collection after a `reset`.
   */
  total(spec: MetricSpec): Gauge {
    return once(this.#totals, spec, () => {
      const values = new Map<string, { readonly labels: MetricLabels; readonly value: number }>();
      const bound = this.#bound(spec);
      new PromCounter({
        ...this.#config(spec),
        collect() {
          this.reset();
          for (const { labels, value } of values.values()) this.inc(labels, value);
        },
      });
      return {
        set: (value, labels = {}) => {
          if (value < 0 || !bound.admits(value, labels)) return;
          values.set(bound.keyOf(labels), { labels, value });
        },
        reset: () => {
          values.clear();
          bound.clear();
        },
      };
    });
  }

  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect);
    return () => void this.#collectors.delete(collect);
  }

  /** Collects, and gives everything in the Prometheus text format. */
  render(): Promise<string> {
    for (const collect of this.#collectors) {
      try {
        collect();
      } catch {
        // Recorded where the reader of the metrics sees it; the other families are still worth having.
        this.#faults.inc();
      }
    }
    return this.#registry.metrics();
  }

  #config(spec: MetricSpec) {
    return {
      name: spec.name,
      help: spec.help,
      labelNames: [...(spec.labels ?? [])],
      registers: [this.#registry],
    };
  }

  #bound(spec: MetricSpec, seriesPerSet = 1): SeriesBound {
    return new SeriesBound({
      labels: spec.labels ?? [],
      limit: Math.max(1, Math.floor(this.#maxSeries / seriesPerSet)),
      onDrop: () => this.#drops.inc({ metric: spec.name }),
    });
  }
}

/** The metric of that name and labels; made on the first call. The registry refuses a clash of names. */
function once<M>(known: Map<string, M>, spec: MetricSpec, make: () => M): M {
  const key = `${spec.name}{${(spec.labels ?? []).join(",")}}`;
  const metric = known.get(key) ?? make();
  known.set(key, metric);
  return metric;
}
