/**
 * What trials showed, as tables for a terminal and for a document.
 */
import { percentile, type Section } from "../benching/report.ts";
import type { Verdict } from "./trial.ts";

/** One row per fault: how long writes stood still, and what was checked. */
export function summary(id: string, verdicts: readonly Verdict[]): Section {
  return {
    id,
    title: "Faults, three managers under load",
    columns: [
      ...["fault", "times", "p50 ms", "p90", "p99", "max"],
      ...["writes", "reads", "failed", "peak MiB", "rules"],
    ],
    rows: verdicts.map((verdict) => {
      const { fault, gapsMs, writes, reads, failed, peakMib, broken } = verdict;
      return [
        fault.title,
        String(gapsMs.length),
        ...spread(gapsMs),
        ...[writes, reads, failed].map(String),
        peakMib.toFixed(0),
        broken.length === 0 ? "kept" : `${broken.length} broken`,
      ];
    }),
  };
}

/** Further times of each fault: healing, restarts, catching up. */
export function furtherTimes(id: string, verdicts: readonly Verdict[]): Section {
  return {
    id,
    title: "Times beside",
    columns: ["fault", "what", "times", "p50 ms", "p90", "p99", "max"],
    rows: verdicts.flatMap(({ fault, times }) =>
      Array.from(
        times,
        ([what, found]) => [fault.name, what, String(found.length), ...spread(found)],
      )
    ),
  };
}

function spread(values: readonly number[]): string[] {
  return [0.5, 0.9, 0.99, 1].map((share) => percentile(values, share).toFixed(0));
}
