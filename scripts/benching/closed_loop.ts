/**
 * A number of callers that each ask again as soon as they are answered: rate and latency.
 */
import { percentile } from "./report.ts";

/** What one level showed. */
export interface LevelFigures {
  readonly callers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long a level lasts. */
export interface LevelTimes {
  readonly warmMs: number;
  readonly measureMs: number;
}

/**
 * Runs `callers` callers of `once`; what began while warming up does not count.
 *
 * @throws what `once` threw first, when every caller has ended
 */
export async function runLevel(
  callers: number,
  { warmMs, measureMs }: LevelTimes,
  once: () => Promise<void>,
): Promise<LevelFigures> {
  const fromMs = performance.now() + warmMs;
  const untilMs = fromMs + measureMs;
  const latenciesMs: number[] = [];
  let lastMs = fromMs;
  const caller = async () => {
    while (true) {
      const calledMs = performance.now();
      if (calledMs >= untilMs) return;
      await once();
      const returnedMs = performance.now();
      if (calledMs < fromMs) continue;
      latenciesMs.push(returnedMs - calledMs);
      lastMs = Math.max(lastMs, returnedMs);
    }
  };
  // All of them, so that a failure of one leaves none behind.
  for (const one of await Promise.allSettled(Array.from({ length: callers }, caller))) {
    if (one.status === "rejected") throw one.reason;
  }
  return {
    callers,
    perSecond: latenciesMs.length / (lastMs - fromMs) * 1_000,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: percentile(latenciesMs, 1),
  };
}
